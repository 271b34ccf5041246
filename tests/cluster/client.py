"""A small client of the HTTP interface that hides nothing: replies as they come, no silent retries."""

import base64
import hashlib
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlsplit

import requests

from tests.system import PATIENCE_SECONDS

TUS = {"Tus-Resumable": "1.0.0"}
TIMEOUT_SECONDS = 120
PIECE_BYTES = 64 * 1024

Body = bytes | memoryview | Iterable[bytes]


class Client:
    """One account on one gateway. Not shared between threads: each takes `another()`."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.token = token
        self.base = f"{url}/api/v1"
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Token {token}"
        self.session.trust_env = False

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()

    def another(self, url: str | None = None) -> "Client":
        """The same account with connections of its own, or at another gateway."""
        return Client(url or self.url, self.token)

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        options.setdefault("timeout", TIMEOUT_SECONDS)
        return self.session.request(method, self.base + path, **options)

    # --- whole files ----------------------------------------------------------------------------------
    def put(self, path: str, body: Body, **headers: str) -> requests.Response:
        return self.call("PUT", f"/content/{quote(path)}", data=body, headers=headers)

    def store(self, path: str, body: Body) -> dict[str, Any]:
        """Put a file that must be taken; returns the entry."""
        reply = self.put(path, body)
        assert reply.status_code in (200, 201), (reply.status_code, reply.text)
        entry: dict[str, Any] = reply.json()
        return entry

    def get(self, path: str, *, start: int | None = None, stop: int | None = None) -> requests.Response:
        """Fetch a file, or its bytes `start … stop`."""
        headers = {} if start is None or stop is None else {"Range": f"bytes={start}-{stop - 1}"}
        return self.call("GET", f"/content/{quote(path)}", headers=headers)

    def read(self, path: str) -> bytes:
        """Fetch a file that must be there."""
        reply = self.get(path)
        assert reply.status_code == 200, (reply.status_code, reply.text)
        return reply.content

    @contextmanager
    def open(self, path: str) -> Iterator[Iterator[bytes]]:
        """Read a file piece by piece, as slowly as the caller takes the pieces."""
        with self.call("GET", f"/content/{quote(path)}", stream=True) as reply:
            assert reply.status_code == 200, reply.text
            yield reply.iter_content(PIECE_BYTES)

    def sha256(self, path: str) -> str:
        """Fetch a file that must be there, of any size, and hash it."""
        hasher = hashlib.sha256()
        with self.open(path) as pieces:
            for piece in pieces:
                hasher.update(piece)
        return hasher.hexdigest()

    def is_absent(self, path: str) -> bool:
        return self.get(path).status_code == 404

    def purge(self, path: str) -> None:
        reply = self.call("DELETE", f"/content/{quote(path)}?permanent=true")
        assert reply.status_code == 204, reply.text

    def used_bytes(self) -> int:
        return int(self.call("GET", "/me").json()["used_bytes"])

    # --- tus ------------------------------------------------------------------------------------------
    def create_upload(self, name: str, length: int) -> str:
        """Begin an upload into the root; returns its path below the base."""
        metadata = f"filename {base64.b64encode(name.encode()).decode()}"
        headers = TUS | {"Upload-Length": str(length), "Upload-Metadata": metadata}
        reply = self.call("POST", "/uploads", headers=headers)
        assert reply.status_code == 201, reply.text
        return urlsplit(reply.headers["Location"]).path.removeprefix("/api/v1")

    def head_upload(self, upload: str) -> requests.Response:
        return self.call("HEAD", upload, headers=TUS)

    def offset(self, upload: str) -> int:
        reply = self.head_upload(upload)
        assert reply.status_code == 200, reply.status_code
        return int(reply.headers["Upload-Offset"])

    def patch(self, upload: str, offset: int, body: Body) -> requests.Response:
        headers = TUS | {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        return self.call("PATCH", upload, data=body, headers=headers)

    def finish_upload(self, upload: str, content: bytes) -> int:
        """Go on from wherever the upload stands until it is whole, as a good client does.

        Returns the first offset that the service told. Broken connections and 5xx are tried again.
        """
        first: int | None = None
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                asked = self.head_upload(upload)
                if asked.status_code == 200:
                    offset = int(asked.headers["Upload-Offset"])
                    first = offset if first is None else first
                    if "Dfs-Entry" in asked.headers:
                        return first
                    sent = self.patch(upload, offset, content[offset:])
                    if sent.status_code == 204 and "Dfs-Entry" in sent.headers:
                        return first
                    asked = sent
                assert asked.status_code in (409, 503), (asked.status_code, asked.text)
            except requests.RequestException:
                pass  # the gateway is away or went away: asked again until the deadline
            assert time.monotonic() < deadline, "the upload could not be finished"
            time.sleep(0.1)


def paced(content: bytes | memoryview, seconds: float, piece_bytes: int = PIECE_BYTES) -> Iterator[bytes]:
    """Yield a body so that sending it takes so long."""
    view = memoryview(content)
    pause = seconds * piece_bytes / len(view)
    for at in range(0, len(view), piece_bytes):
        yield bytes(view[at : at + piece_bytes])
        time.sleep(pause)
