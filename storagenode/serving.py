"""Serves one store with gunicorn's worker, alone in its process: some threads, long-lived connections.

Gunicorn's master would hold all that is loaded once more, only to start a worker again that has died; that is
for whoever started the node ([decision](../docs/decisions/0020-a-node-is-one-process.md)).
"""

from __future__ import annotations

import logging
import os
import resource
import socket
import threading
import time
from logging import LoggerAdapter
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

from gunicorn.config import Config

from storagenode import log
from storagenode.app.access import Gate, Keys
from storagenode.app.application import Application
from storagenode.app.doors import Doors
from storagenode.app.metrics import Metrics
from storagenode.direct import DirectWorker
from storagenode.joining import Announcement, Joining, load_keys
from storagenode.settings import Settings
from storagenode.store.chunks import ChunkStore
from storagenode.store.marker import KEYS
from storagenode.worker import AT_REST

THREADS = 24
BUFFERS = 6
"""Chunks on their way from socket to disk at once; bounds the memory they take at 24 MiB."""
MAX_CONNECTIONS = 1000
KEEP_ALIVE_SECONDS = 120
"""Longer than any client keeps a connection in its pool, so that it is the client who closes."""
UNREAD_MILLISECONDS = 20_000
"""Who takes nothing of an answer for so long, a gateway that stands still, gives its thread back."""
GRACE_SECONDS = 5
HUNG_SECONDS = 60
LOOKS = 6
"""How often it is looked in that time whether the main thread goes on."""
BACKLOG = 256
MEMORY = "/dev/shm"  # nosec B108
"""Where gunicorn's worker beats in a file: on a disk, each beat could wait behind the syncs of chunks."""


class QuietLog(LoggerAdapter[logging.Logger]):
    """Sends what gunicorn has to say through our own log; requests are counted, not logged."""

    def access(self, *_: object) -> None:
        return

    def close_on_exec(self) -> None:
        return

    def reopen_files(self) -> None:
        return


class LoneWorker(DirectWorker):
    """Gunicorn's worker without a master: it outlives whoever started it, and ends itself when it hangs."""

    beats = 0

    def notify(self) -> None:
        super().notify()
        self.beats += 1

    def is_parent_alive(self) -> bool:
        return True


def serve(settings: Settings, listener: socket.socket) -> int:
    """Build the node and serve until told to stop; return the exit code. Threads may be at work even then."""
    _raise_descriptor_limit()
    config = Config()
    settings_of_gunicorn: dict[str, Any] = {
        "workers": 1,
        "threads": THREADS,
        "worker_connections": MAX_CONNECTIONS,
        "keepalive": KEEP_ALIVE_SECONDS,
        "graceful_timeout": GRACE_SECONDS,
        "worker_tmp_dir": MEMORY if os.access(MEMORY, os.W_OK) else None,
        "http_parser": "python",
        # No header of a proxy means anything here, so nobody's address has to be looked at.
        "forwarded_allow_ips": "*",
        "secure_scheme_headers": {},
        "forwarder_headers": "",
    }
    for name, value in settings_of_gunicorn.items():
        config.set(name, value)
    application = build(settings, advertised_url(settings, listener))
    node = SimpleNamespace(wsgi=lambda: application)
    gunicorns = logging.getLogger("gunicorn")
    gunicorns.setLevel(logging.WARNING)
    worker = LoneWorker(1, os.getpid(), [listener], node, HUNG_SECONDS, config, QuietLog(gunicorns))
    threading.Thread(target=end_if_hung, args=(worker,), name="watching", daemon=True).start()
    try:
        worker.init_process()
    except SystemExit as asked:
        return int(asked.code or 0)
    except Exception as error:  # noqa: BLE001  recorded, with its traceback, and told by the exit code
        log.failure("ended", is_ours=True, traceback=True, error=str(error))
        return 1
    return 0


def listen(settings: Settings) -> socket.socket:
    """Bind the node's address; port 0 takes a free one, which `NODE_PORT_FILE` then names."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.create_server((settings.host, settings.port), family=family, backlog=BACKLOG)
    # What is accepted inherits it.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MILLISECONDS)
    if settings.port_file is not None:
        fresh = settings.port_file.with_name(settings.port_file.name + ".new")
        fresh.write_text(str(listener.getsockname()[1]))
        fresh.rename(settings.port_file)
    return listener


def advertised_url(settings: Settings, listener: socket.socket) -> str:
    """Where gateways find this node."""
    if settings.url:
        return settings.url
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{listener.getsockname()[1]}"


def build(settings: Settings, url: str) -> Application:
    """Open the store, begin to count and to join, and return the application."""
    store = ChunkStore(settings.data, reserve=settings.reserve, buffers=BUFFERS)
    AT_REST.append(store.cool)
    swept = store.folders.sweep_tmp()
    marker = store.watch.marker
    keys = Keys()
    keys.replace(load_keys(settings.data / KEYS, marker.store_id))
    threading.Thread(target=_count, args=(store,), name="counting", daemon=True).start()
    if settings.gateway_url is not None:
        _join(settings.data, store, keys, settings, url)
    gate = Gate(store_id=marker.store_id, keys=keys, metrics_token=settings.metrics_token)
    log.info(
        "serving",
        store_id=marker.store_id,
        cluster_id=marker.cluster_id,
        url=url,
        data=settings.data,
        swept_files=swept,
        free_bytes=store.room.free_bytes(),
    )
    return Application(doors=Doors(store, Metrics(), keys), gate=gate)


def _join(data: Path, store: ChunkStore, keys: Keys, settings: Settings, url: str) -> None:
    assert settings.gateway_url is not None
    announcement = Announcement(
        gateway_url=settings.gateway_url,
        url=url,
        name=settings.name,
        zone=settings.zone,
        join_token=settings.join_token,
    )
    Joining(data=data, store=store, keys=keys, announcement=announcement).start()


def end_if_hung(worker: LoneWorker) -> NoReturn:
    """End the process when its main thread, which takes connections, stands still: a new one may not.

    Beats are counted, not time: a process that was stopped as a whole goes on with where it was.
    """
    seen = looks = 0
    while True:
        time.sleep(HUNG_SECONDS / LOOKS)
        looks = 0 if worker.beats != seen else looks + 1
        seen = worker.beats
        if looks == LOOKS:
            log.error("hung", seconds=HUNG_SECONDS)
            os._exit(1)


def _raise_descriptor_limit() -> None:
    """Connections, folders that stay open and chunks being read together pass the usual 1024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _count(store: ChunkStore) -> None:
    try:
        store.count()
    except Exception as error:
        log.error("count_failed", reason=str(error))
        raise
