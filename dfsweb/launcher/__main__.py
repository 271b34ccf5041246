"""`python -m dfsweb.launcher`: starts everything on one machine, says when it is ready, and stops it."""

import os
import signal
import socket
import sys
import time

from dfsweb.launcher import (
    children,
    data_folder,
    environment,
    leftovers,
    options,
    postgresql,
    programs,
    redis_server,
    screen,
)
from dfsweb.launcher.data_folder import DataFolder
from dfsweb.launcher.errors import LauncherError
from dfsweb.launcher.options import Options
from dfsweb.launcher.supervisor import StopAsked, Supervisor

PREPARE_SECONDS = 1800  # a migration of a large database takes its time
REDIS_SECONDS = 30
GATEWAY_SECONDS = 120
NODES_SECONDS = 120
ASK_SECONDS = 5  # one question to the gateway


def main() -> int:
    try:
        return run(options.parse(sys.argv[1:]))
    except LauncherError as error:
        print(f"dfsweb: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"dfsweb: the system refused: {error}.", file=sys.stderr)
        return 1


def run(given: Options) -> int:
    """Run everything until asked to stop; 0 when it was."""
    if given.with_parent:
        children.die_with_parent(signal.SIGTERM, parent=os.getppid())
    folder = data_folder.open_locked(given.data)
    os.umask(0o077)  # whatever the children write is for this account alone
    ended = leftovers.end(data=folder.path, postgres=folder.postgres, redis=folder.redis)
    if ended:
        screen.say(f"Ended {ended} processes an earlier run had left behind.")
    options.check_port_is_free(given)
    folder.empty_temporary()
    supervisor = Supervisor(folder)
    try:
        start(given, folder, supervisor)
        supervisor.watch(lambda wanted: add_nodes(wanted, given, folder, supervisor))
    except StopAsked:
        screen.say("Stopping …")
    finally:
        nodes = {name for name in supervisor.names() if name.startswith("node-")}
        supervisor.stop([["gateway", "worker"], nodes, ["redis", "postgres"]])
        folder.remove_sockets()
    screen.say("Stopped; all data is kept.")
    return 0


def start(given: Options, folder: DataFolder, supervisor: Supervisor) -> None:
    """Start the parts one after the other and wait until a file can be stored.

    Errors: LauncherError; StopAsked.
    """
    screen.say(f"Starting dfsweb with its data in {folder.path}")
    database_url = os.environ.get("DATABASE_URL") or start_postgresql(folder, supervisor)
    redis_url = os.environ.get("REDIS_URL") or start_redis(folder, supervisor)
    env = environment.of_gateway_and_worker(given, folder, database_url=database_url, redis_url=redis_url)
    data_folder.write_private(folder.run / "environment", environment.as_shell(env))

    began = time.monotonic()
    password, is_new = folder.admin_password()
    preparation = programs.preparation(env, folder, admin_password=password)
    supervisor.run(preparation, timeout_seconds=PREPARE_SECONDS)
    screen.done("Database", began)

    began = time.monotonic()
    supervisor.start(programs.gateway(env, given, folder), before=folder.empty_metrics)
    supervisor.start(programs.worker(env, folder))
    supervisor.wait(
        lambda: is_ok(given, "/healthz"), what=f"The gateway ({given.url})", timeout_seconds=GATEWAY_SECONDS
    )
    screen.done("Gateway", began)

    # Nodes come after the gateway, so that the first announcement of each is heard.
    began = time.monotonic()
    (folder.control / "nodes").unlink(missing_ok=True)
    add_nodes(given.nodes, given, folder, supervisor)
    supervisor.wait(
        lambda: is_ok(given, "/readyz"),
        what=f"A place to store files ({given.url}/readyz says why)",
        timeout_seconds=NODES_SECONDS,
        patience="Waiting until enough nodes have joined …",
    )
    screen.done("Nodes", began)
    screen.say(
        screen.summary(
            url=given.url,
            data=folder.path,
            nodes=given.nodes,
            password_file=folder.admin_password_file,
            password=password if is_new else None,
        )
    )


def start_postgresql(folder: DataFolder, supervisor: Supervisor) -> str:
    """Start the embedded PostgreSQL and return its address."""
    began = time.monotonic()
    server = postgresql.Server(folder.postgres, folder.sockets() / "postgres", folder.log("postgres"))

    def clear() -> None:
        leftovers.end_postgresql(folder.postgres)
        server.prepare()

    server.prepare()
    supervisor.start(server.program(), before=clear)
    supervisor.wait(
        server.is_ready,
        what="PostgreSQL",
        timeout_seconds=postgresql.RECOVERY_SECONDS,
        patience="PostgreSQL replays its log after an unclean stop; this can take minutes …",
    )
    screen.done("PostgreSQL", began)
    return server.url


def start_redis(folder: DataFolder, supervisor: Supervisor) -> str:
    """Start the embedded Redis and return its address."""
    began = time.monotonic()
    server = redis_server.Server(folder.redis, folder.sockets() / "redis", folder.log("redis"))
    supervisor.start(server.program(), before=server.prepare)
    supervisor.wait(server.is_ready, what="Redis", timeout_seconds=REDIS_SECONDS)
    screen.done("Redis", began)
    return server.url


def add_nodes(wanted: int, given: Options, folder: DataFolder, supervisor: Supervisor) -> None:
    """Start the nodes up to `wanted` that are not running yet."""
    for number in range(1, min(wanted, options.MAX_NODES) + 1):
        if (name := f"node-{number}") not in supervisor.names():
            supervisor.start(programs.node(name, given, folder))


def is_ok(given: Options, path: str) -> bool:
    """Ask the gateway for `path` and look for 200, by a bare socket to keep this process small."""
    question = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection((given.reachable_host, given.port), timeout=ASK_SECONDS) as connection:
            connection.sendall(question.encode())
            return connection.recv(32).startswith(b"HTTP/1.1 200 ")
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())
