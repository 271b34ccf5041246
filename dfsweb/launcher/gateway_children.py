"""Gunicorn's settings and hooks for the gateway, with `make run` and in containers.

Its workers die with their master, whatever kills it, and share the memory of what it has loaded.
"""

import gc
import signal
import socket
from typing import Any, cast

from django.conf import settings
from django.db import connection

from dfsweb.launcher.children import die_with_parent
from nodes import buffers, lanes, measures
from storagenode.worker import AT_REST

worker_class = "storagenode.worker.PatientThreadWorker"
workers = 2
threads = 32
keepalive = 75  # seconds; longer than clients' pools keep an idle connection, so that it is they who close
graceful_timeout = 4  # seconds a transfer under way may take to finish while all of it stops
limit_request_line = 8190  # bytes, gunicorn takes no more: for a long search with its cursor, or a deep path
preload_app = True
control_socket_disable = True


def when_ready(server: Any) -> None:
    """Tell what the transfers may take, and bound how long a client may take nothing of a reply.

    Its thread and its transfer would be held for as long: the kernel closes such a connection, and whoever
    goes on later asks for the rest. What is accepted inherits it.
    """
    for listener in server.LISTENERS:
        listener.sock.setsockopt(
            socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(settings.UNREAD_SECONDS * 1000)
        )
    server.log.info(
        "%d transfers at once in each of %d processes, whose chunks take at most %d MiB a process; a node has"
        " at most %d of them under way",
        settings.MAX_TRANSFERS,
        workers,
        buffers.most_bytes() // 2**20,
        lanes.CHUNKS_A_NODE,
    )


def pre_fork(server: Any, worker: Any) -> None:
    """Give the worker a free slot for its counters.

    Leave what is loaded out of garbage collection, which would write to, and so copy, its pages.
    """
    taken = {other.slot for other in server.WORKERS.values()}
    worker.slot = next(number for number in range(len(taken) + 1) if number not in taken)
    gc.collect()
    gc.freeze()


def post_worker_init(worker: Any) -> None:
    """Start the threads that connect to the database: with no memory for one later, none would ever start."""
    AT_REST.append(buffers.pool.cool)
    if pool := cast(Any, connection).pool:
        pool.open()
    worker.log.info("process %d serves", worker.pid)


def post_fork(server: Any, worker: Any) -> None:
    die_with_parent(signal.SIGKILL, parent=worker.ppid)
    measures.take_slot(worker.slot)
