"""A dfsweb service in memory, on a real socket: the part of the HTTP interface that the client speaks."""

import threading
from http.server import ThreadingHTTPServer

from tests.dfsclient.service import accounts, cluster, contents, entries, shares, uploads
from tests.dfsclient.service.state import State

TOPICS = (accounts, cluster, entries, shares, contents, uploads)


class Handler(
    accounts.Accounts, cluster.Cluster, entries.Entries, shares.Shares, contents.Contents, uploads.Uploads
):
    routes = tuple(route for topic in TOPICS for route in topic.ROUTES)


class Service(State):
    """The state, served from when it is made until it is stopped."""

    def __init__(self) -> None:
        super().__init__()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"service": self}))
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
