"""The data folder: its lock, and what is made once and kept in it (secrets, password, ports, sockets).

What PostgreSQL, Redis and the nodes keep below it is theirs.
"""

import fcntl
import json
import os
import re
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from dfsweb.launcher.errors import BadOption
from dfsweb.launcher.options import free_port

# sun_path holds 108 bytes with the closing zero; the longest name in a socket folder is
# `postgres/.s.PGSQL.5432.lock`. Commas, percent signs and the like mean something to libpq and in URLs.
LONGEST_SOCKET_FOLDER = 107 - len("/postgres/.s.PGSQL.5432.lock")
PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")
SECRET_NAMES = ("SECRET_KEY", "CLUSTER_SECRET", "JOIN_TOKEN", "METRICS_TOKEN")


@dataclass(frozen=True)
class DataFolder:
    """A data folder this process holds the lock of."""

    path: Path
    lock: IO[str]

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def redis(self) -> Path:
        return self.path / "redis"

    @property
    def static(self) -> Path:
        return self.path / "static"

    @property
    def run(self) -> Path:
        """What holds only while the launcher runs: process ids, the environment, the worker's schedule."""
        return self.path / "run"

    @property
    def metrics(self) -> Path:
        """What the gateway's processes have counted since it started."""
        return self.run / "metrics"

    @property
    def temporary(self) -> Path:
        """Where the gateway, the worker and what they start put what lives no longer than they do."""
        return self.run / "tmp"

    @property
    def control(self) -> Path:
        """Where a person or a test tells the running launcher something: see supervisor."""
        return self.path / "control"

    @property
    def admin_password_file(self) -> Path:
        return self.path / "admin-password"

    def empty_metrics(self) -> None:
        """Begin all counters anew, before a gateway starts: which processes added to them is over."""
        shutil.rmtree(self.metrics, ignore_errors=True)
        self.metrics.mkdir()

    def empty_temporary(self) -> None:
        """Remove what an earlier run that was killed left there, before anything starts."""
        shutil.rmtree(self.temporary, ignore_errors=True)
        self.temporary.mkdir(exist_ok=True)

    def node(self, name: str) -> Path:
        return self.path / "nodes" / name

    def log(self, name: str) -> Path:
        return self.path / "log" / f"{name}.log"

    def secrets(self) -> dict[str, str]:
        """The secrets of this installation, made at the first call for good."""
        file = self.path / "secrets"
        kept = dict(line.split("=", 1) for line in file.read_text().splitlines()) if file.exists() else {}
        missing = {name: secrets.token_hex(32) for name in SECRET_NAMES if name not in kept}
        if missing:
            kept |= missing
            write_private(file, "".join(f"{name}={value}\n" for name, value in kept.items()))
        return kept

    def admin_password(self) -> tuple[str, bool]:
        """The first admin's password, and whether this call made it."""
        if self.admin_password_file.exists():
            return self.admin_password_file.read_text().strip(), False
        password = secrets.token_urlsafe(15)
        write_private(self.admin_password_file, password + "\n")
        return password, True

    def node_port(self, name: str) -> int:
        """The port of a node: the one it had before while that is free, so that its address stays."""
        file = self.path / "nodes/ports.json"
        ports = json.loads(file.read_text()) if file.exists() else {}
        port = free_port("127.0.0.1", wanted=ports.get(name, 0))
        if ports.get(name) != port:
            write_private(file, json.dumps(ports | {name: port}, indent=1) + "\n")
        return port

    def sockets(self) -> Path:
        """A folder for UNIX sockets: below this one, or a short private one when this path will not do.

        The short one is recorded, so that a run after a crash uses it again instead of making another.
        """
        inside = self.path / "sockets"
        if len(os.fsencode(inside)) <= LONGEST_SOCKET_FOLDER and PLAIN_PATH.fullmatch(str(inside)):
            inside.mkdir(exist_ok=True)
            inside.chmod(_passable())
            return inside
        record = self.run / "socket-folder"
        if record.exists() and _is_ours(Path(record.read_text())):
            return Path(record.read_text())
        runtime = os.environ.get("XDG_RUNTIME_DIR", "")
        short = len(runtime) <= LONGEST_SOCKET_FOLDER - len("/dfsweb-12345678") and os.access(
            runtime, os.W_OK
        )
        place = runtime if short else "/tmp"  # a folder of its own is made there  # nosec B108
        made = Path(tempfile.mkdtemp(prefix="dfsweb-", dir=place))
        made.chmod(_passable())
        write_private(record, str(made))
        return made

    def close(self) -> None:
        """Give the lock back."""
        self.lock.close()

    def remove_sockets(self) -> None:
        """Remove a short socket folder outside; the one inside is kept."""
        record = self.run / "socket-folder"
        if record.exists():
            shutil.rmtree(record.read_text(), ignore_errors=True)
            record.unlink()


def open_locked(path: Path) -> DataFolder:
    """Make the data folder if there is none, and lock it for this process's life.

    Errors: BadOption when it cannot be made or written, or another launcher uses it.
    """
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.mkdir()
            path.chmod(_passable())
        lock = (path / "lock").open("a+")
    except (FileExistsError, NotADirectoryError):
        raise BadOption(f"DATA={path} is not a folder; choose another one, for example DATA=var.") from None
    except OSError as error:
        raise BadOption(
            f"The data folder {path} cannot be written ({error.strerror}); make it writable for this "
            "account or choose another one by DATA=…"
        ) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        owner = lock.read().strip() or "unknown"
        lock.close()
        raise BadOption(
            f"The data folder {path} is in use by another dfsweb (process {owner}); stop that one, or choose "
            "another folder by DATA=… and another PORT."
        ) from None
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    folder = DataFolder(path, lock)
    for closed in (folder.run, folder.control, path / "log", path / "nodes"):
        closed.mkdir(mode=0o700, exist_ok=True)
    return folder


def write_private(file: Path, text: str) -> None:
    """Write a file only its owner can read, whole or not at all, durably."""
    unfinished = file.with_name(file.name + ".new")
    unfinished.unlink(missing_ok=True)
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    unfinished.rename(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _passable() -> int:
    """Closed to others; as root, PostgreSQL's account must pass through to its own closed folder."""
    return 0o711 if os.geteuid() == 0 else 0o700


def _is_ours(folder: Path) -> bool:
    try:
        stat = folder.lstat()
    except FileNotFoundError:
        return False
    return (
        folder.is_dir()
        and not folder.is_symlink()
        and stat.st_uid == os.geteuid()
        and not stat.st_mode & 0o066
    )
