"""The embedded PostgreSQL by itself: made once, found again, durable, reached in closed and deep folders."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from dfsweb.launcher import children, data_folder, leftovers, postgresql
from dfsweb.launcher.data_folder import DataFolder
from tests.system import PROJECT


@pytest.fixture
def open_folder() -> Iterator[Callable[[Path], DataFolder]]:
    with ExitStack() as stack:

        def opened(path: Path) -> DataFolder:
            folder = stack.enter_context(closing(data_folder.open_locked(path)))
            stack.callback(folder.remove_sockets)
            return folder

        yield opened


@pytest.fixture
def server(open_folder: Callable[[Path], DataFolder], tmp_path: Path) -> postgresql.Server:
    return server_in(open_folder(tmp_path / "data"))


def server_in(folder: DataFolder) -> postgresql.Server:
    return postgresql.Server(folder.postgres, folder.sockets() / "postgres", folder.log("postgres"))


@contextmanager
def running(server: postgresql.Server) -> Iterator[subprocess.Popen[bytes]]:
    server.prepare()
    program = server.program()
    process = children.start(program)
    try:
        deadline = time.monotonic() + 60
        while not server.is_ready():
            assert process.poll() is None and time.monotonic() < deadline, children.log_tail(program.log)
            time.sleep(0.02)
        yield process
    finally:
        children.end(process, program)


def write(server: postgresql.Server, text: str) -> None:
    with psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS note (text text)")
        connection.execute("INSERT INTO note VALUES (%s)", [text])


def read(server: postgresql.Server) -> list[str]:
    with psycopg.connect(server.url) as connection:
        return [row[0] for row in connection.execute("SELECT text FROM note ORDER BY text")]


def test_what_was_written_is_there_after_a_stop_and_a_start(server: postgresql.Server) -> None:
    with running(server):
        write(server, "kept")
    with running(server):
        assert read(server) == ["kept"]


def test_it_has_time_to_write_what_it_holds_in_memory_before_it_is_killed(server: postgresql.Server) -> None:
    with running(server):
        assert server.program().stop_seconds >= 60


def test_durability_is_never_among_what_is_saved(server: postgresql.Server) -> None:
    with running(server), psycopg.connect(server.url) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert connection.execute(f"SHOW {setting}").fetchone() == ("on",), setting


def test_what_was_committed_survives_a_kill_and_a_stale_pid_file_of_a_living_stranger(
    server: postgresql.Server,
) -> None:
    with running(server) as process:
        write(server, "committed")
        process.kill()
        process.wait()
        leftovers.end_postgresql(server.folder)
    pid_file = server.folder / "postmaster.pid"
    stale = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(os.getppid()), *stale[1:]]) + "\n")

    with running(server):
        assert read(server) == ["committed"]


def test_it_starts_while_the_killed_one_before_still_waits_to_be_reaped(server: postgresql.Server) -> None:
    with running(server) as process:
        write(server, "committed")
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        leftovers.end_postgresql(server.folder)
        assert psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE

        with running(server):
            assert read(server) == ["committed"]


def test_it_listens_on_no_network_address_and_only_its_account_reaches_the_socket(
    server: postgresql.Server,
) -> None:
    with running(server) as process:
        postmaster = psutil.Process(process.pid)
        assert postmaster.net_connections("inet") == []
        assert server.sockets.stat().st_mode & 0o077 == 0
        assert (server.sockets / ".s.PGSQL.5432").is_socket()


def test_a_crash_while_the_folder_is_made_leaves_nothing_that_hinders_the_next_start(
    server: postgresql.Server,
) -> None:
    unfinished = server.folder.with_name("postgres.new")
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("half")
    with running(server):
        write(server, "fine")
    assert not unfinished.exists()


@pytest.mark.skipif(
    os.geteuid() != 0, reason="only root has folders that its unprivileged account cannot enter"
)
def test_as_root_it_runs_unprivileged_below_a_closed_folder_that_stays_as_it_was(
    open_folder: Callable[[Path], DataFolder], tmp_path: Path
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    modes = {folder: folder.stat() for folder in [closed, *closed.parents]}
    server = server_in(open_folder(closed / "data"))
    with running(server) as process:
        write(server, "reached")
        assert psutil.Process(process.pid).uids().effective != 0
        assert read(server) == ["reached"]
    for folder, before in modes.items():
        after = folder.stat()
        assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)


@pytest.mark.parametrize("name", ["deep/" * 30 + "data", "my files, 100 % ü"])
def test_a_path_no_socket_can_have_gets_a_short_private_folder_that_is_used_again(
    name: str, open_folder: Callable[[Path], DataFolder], tmp_path: Path
) -> None:
    folder = open_folder(tmp_path / name)
    sockets = folder.sockets()
    try:
        assert not sockets.is_relative_to(folder.path)
        assert sockets.stat().st_mode & 0o066 == 0
        assert folder.sockets() == sockets, "a run after a crash makes no second one"
        server = server_in(folder)
        with running(server):
            write(server, "deep")
            assert read(server) == ["deep"]
    finally:
        folder.remove_sockets()
    assert not sockets.exists()


def test_a_short_folder_that_somebody_else_could_have_made_is_not_trusted(
    open_folder: Callable[[Path], DataFolder], tmp_path: Path
) -> None:
    folder = open_folder(tmp_path / ("x" * 120))
    planted = tmp_path / "planted"
    planted.mkdir()
    planted.chmod(0o777)
    data_folder.write_private(folder.run / "socket-folder", str(planted))
    sockets = folder.sockets()
    folder.remove_sockets()
    assert sockets != planted


def test_postgresql_made_by_another_version_is_named(server: postgresql.Server) -> None:
    server.folder.mkdir()
    (server.folder / "PG_VERSION").write_text("9\n")
    with pytest.raises(Exception, match="was made by PostgreSQL 9, but the installed wheel brings only"):
        server.prepare()


def test_processes_die_with_a_launcher_that_is_killed(server: postgresql.Server) -> None:
    """A stand-in launcher starts the server and is killed: nobody is left to stop anything in order."""
    server.prepare()
    reader, writer = os.pipe()
    if (stand_in := os.fork()) == 0:
        os.write(writer, str(children.start(server.program()).pid).encode())
        signal.pause()
    postmaster = psutil.Process(int(os.read(reader, 20)))
    deadline = time.monotonic() + 120
    while not server.is_ready():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    family = [postmaster, *postmaster.children(recursive=True)]

    os.kill(stand_in, signal.SIGKILL)
    os.waitpid(stand_in, 0)

    assert psutil.wait_procs(family, timeout=120)[1] == []
    os.close(reader)
    os.close(writer)


def test_the_programs_the_documentation_names_are_there():
    documented = re.findall(r"\S+/pginstall\S+/bin/\w+", (PROJECT / "docs/operations.md").read_text())

    newest = postgresql.installations()[max(postgresql.installations())]
    assert {Path(path).name for path in documented} == {"pg_dump", "pg_restore"}
    for path in documented:
        [program] = PROJECT.glob(path)  # no other beside it: a shell would take that for an argument
        assert program.resolve().parent.parent == newest.resolve()
