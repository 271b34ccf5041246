"""The whole system as real processes: ready, staying up, stopping, leaving nothing, losing nothing."""

import itertools
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from subprocess import Popen
from urllib.parse import urlsplit
from urllib.request import urlopen

import psutil
import psycopg
import pytest

from dfsweb.launcher import account
from tests.system import PATIENCE_SECONDS, PROJECT, System

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """One system for all tests of this file, which begin where the one before left it."""
    with System(tmp_path_factory.mktemp("system") / "data") as running:
        yield running


@pytest.fixture
def system(lasting: System) -> System:
    if lasting.launcher.poll() is not None:
        lasting.start()
    return lasting


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[System]:
    """A system to be started by the test, and stopped whatever it does."""
    system = System(tmp_path / "data", nodes=2)
    usual = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # who runs the tests may ignore it, as nohup does
    try:
        yield system
    finally:
        signal.signal(signal.SIGHUP, usual)
        system.stop()


def status(system: System, path: str) -> int:
    with urlopen(system.url + path, timeout=120) as reply:
        return int(reply.status)


def write(system: System, text: str) -> None:
    with psycopg.connect(system.database_url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS note (text text)")
        connection.execute("INSERT INTO note VALUES (%s)", [text])


def read(system: System) -> list[str]:
    with psycopg.connect(system.database_url) as connection:
        return [row[0] for row in connection.execute("SELECT text FROM note ORDER BY text")]


def answers_again(system: System) -> bool:
    try:
        return status(system, "/readyz") == 200
    except OSError:
        return False


# --- a running system -----------------------------------------------------------------------------------
def test_it_answers_on_the_address_it_prints_and_shows_the_password_once(system: System) -> None:
    printed = system.output.read_text()
    assert f"{system.url}/" in printed
    assert system.admin_password in printed
    assert str(system.data / "admin-password") in printed
    assert status(system, "/readyz") == 200


def test_only_the_owner_reads_what_is_secret(system: System) -> None:
    for name in ("admin-password", "secrets", "run/environment"):
        assert (system.data / name).stat().st_mode & 0o077 == 0, name
    for name in ("postgres", "nodes", "log", "run", "redis", "sockets/redis", "sockets/postgres"):
        assert (system.data / name).stat().st_mode & 0o077 == 0, name


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shares among sessions")
def test_who_moves_bytes_yields_the_processor_to_who_serves_people(system: System) -> None:
    def claims(part: str) -> list[int]:
        return [process.nice() for process in system.processes(part)]

    usual, *_ = claims("gateway")
    assert claims("node-1")[0] == min(usual + 2, 19)
    session = Path(f"/proc/{system.pids('node-1')[0]}/autogroup")  # absent where nothing is grouped
    assert not session.exists() or session.read_text().endswith(" nice 2\n")
    system.wait_for(
        lambda: claims("worker") == [usual, *[min(usual + 10, 19)] * 2],
        what="the worker's first process to probe as the gateway serves, and those that do tasks to yield",
    )


def test_a_node_learns_neither_the_database_nor_the_cluster_secret(system: System) -> None:
    names = psutil.Process(system.pids("node-1")[0]).environ().keys()
    assert not names & {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "CLUSTER_SECRET", "ADMIN_PASSWORD"}


def test_what_lives_for_a_moment_lies_in_the_data_folder_too(system: System) -> None:
    for name in ("gateway", "worker"):
        environment = psutil.Process(system.pids(name)[0]).environ()
        assert environment["TMPDIR"] == str(system.data / "run/tmp")
    assert (system.data / "run/tmp").is_dir()


def test_it_listens_on_loopback_only(system: System) -> None:
    family = {system.launcher.pid, *(child.pid for child in system.launcher.children(recursive=True))}
    listening = [
        one for one in psutil.net_connections("inet") if one.pid in family and one.status == "LISTEN"
    ]
    assert {one.laddr.ip for one in listening} == {"127.0.0.1"}
    assert system.port in {one.laddr.port for one in listening}


@pytest.mark.parametrize("name", ["gateway", "worker", "redis", "postgres", "node-2"])
def test_a_part_that_is_killed_starts_again_and_the_system_is_ready_again(system: System, name: str) -> None:
    before = system.pids(name)
    system.kill(name, signal.SIGKILL)
    system.wait_for(lambda: system.pids(name), what=f"{name} to start again")
    assert not set(system.pids(name)) & set(before)
    system.wait_for(lambda: answers_again(system), what="the system to be ready again")
    system.wait_for(lambda: len(system.online_nodes()) == 3, what="every node to be online again")
    assert f"{name} was ended by signal 9; it starts again in" in system.output.read_text()


def test_a_part_that_is_kept_down_stays_down_until_it_may_start(system: System) -> None:
    system.stop_node("node-3")
    system.wait_for(
        lambda: "node-3 " in system.output.read_text() and not system.pids("node-3"), what="a word"
    )
    assert status(system, "/readyz") == 200
    system.start_node("node-3")
    system.wait_for(lambda: len(system.online_nodes()) == 3, what="the node to be online again")


def test_a_further_node_joins_while_the_system_runs(system: System) -> None:
    name = system.add_node()
    assert name == "node-4"
    system.wait_for(lambda: name in system.online_nodes(), what="the new node to be online")


# --- stopping and starting ------------------------------------------------------------------------------
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_while_it_starts_leaves_no_process(fresh: System, number: signal.Signals) -> None:
    fresh.launch()
    fresh.wait_for(lambda: fresh.pids("postgres"), what="PostgreSQL to start")
    fresh.stop(number)
    assert fresh.launcher.returncode == 0
    assert "all data is kept" in fresh.output.read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_run_keeps_data_addresses_and_secrets_and_hides_the_password(
    system: System, number: signal.Signals
) -> None:
    write(system, "kept")
    ports, secrets = [(system.data / name).read_text() for name in ("nodes/ports.json", "secrets")]
    began = time.monotonic()
    system.stop(number)
    assert time.monotonic() - began < 20
    assert system.launcher.returncode == 0
    assert not (system.data / "run/processes.json").exists()

    system.start()

    assert "kept" in read(system)
    assert [(system.data / name).read_text() for name in ("nodes/ports.json", "secrets")] == [ports, secrets]
    assert system.admin_password not in system.output.read_text()


def test_nothing_outlives_a_launcher_that_is_killed(system: System) -> None:
    family = system.launcher.children(recursive=True)
    assert len(family) > 10
    system.launcher.kill()
    system.launcher.wait()
    assert psutil.wait_procs(family, timeout=PATIENCE_SECONDS)[1] == []


def test_kill_9_of_everything_loses_nothing_that_was_committed(system: System) -> None:
    write(system, "committed")
    system.kill_everything()

    system.start()

    assert "committed" in read(system)
    assert status(system, "/readyz") == 200


def test_what_an_earlier_run_left_behind_is_ended_and_not_a_stranger(system: System) -> None:
    env = psutil.Process(system.pids("worker")[0]).environ()
    system.stop()
    sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
    left_behind = {
        signal.SIGKILL: [Popen(sleeper, env=env), Popen(sleeper, cwd=system.data / "redis")],
        signal.SIGQUIT: [Popen(sleeper, cwd=system.data / "postgres")],
    }
    stranger = Popen(sleeper, env=env | {"DFSWEB_DATA": f"{system.data}-other"}, cwd=system.data)
    try:
        system.start()
        for number, processes in left_behind.items():
            assert [process.wait(5) for process in processes] == [-number] * len(processes)
        assert "Ended 3 processes an earlier run had left behind." in system.output.read_text()
        assert stranger.poll() is None
    finally:
        for process in [stranger, *itertools.chain(*left_behind.values())]:
            process.kill()
            process.wait()


def test_a_node_whose_port_was_taken_meanwhile_moves_to_another(system: System) -> None:
    system.stop()
    ports = (system.data / "nodes/ports.json").read_text()
    taken = int(ports.split('"node-1": ')[1].split(",")[0].split("\n")[0])
    with socket.create_server(("127.0.0.1", taken)):
        system.start()
        assert (system.data / "nodes/ports.json").read_text() != ports
        assert system.online_nodes() >= {"node-1", "node-2", "node-3"}


# --- with whose servers, where and as whom --------------------------------------------------------------
@pytest.fixture
def given_servers() -> Iterator[dict[str, str]]:
    """A database of the test's own in a PostgreSQL that runs already, and a Redis that does."""
    address = os.environ["DATABASE_URL"]
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS given")
        connection.execute("CREATE DATABASE given")
        yield {
            "DATABASE_URL": urlsplit(address)._replace(path="/given").geturl(),
            "REDIS_URL": os.environ["REDIS_URL"],
        }
        connection.execute("DROP DATABASE given WITH (FORCE)")


def test_servers_that_are_given_are_used_and_none_of_its_own_is_started(
    tmp_path: Path, given_servers: dict[str, str]
) -> None:
    with System(tmp_path / "data", nodes=2, env=given_servers) as system:
        assert system.names() == {"gateway", "worker", "node-1", "node-2"}
        assert not (system.data / "postgres").exists()
        assert status(system, "/readyz") == 200


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become an ordinary user")
def test_it_runs_as_an_ordinary_user(tmp_path: Path) -> None:
    data = tmp_path / "data"
    nobody = account.choose(data, must_reach=[Path(sys.executable).resolve(), PROJECT, tmp_path])
    assert nobody is not None
    data.mkdir(mode=0o700)
    os.chown(data, nobody.uid, nobody.gid)
    with System(data, nodes=2, account=nobody) as system:
        write(system, "mine")
        owners = set()
        for process in [system.launcher, *system.launcher.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):  # some of PostgreSQL's live for a moment only
                owners.add(process.uids().effective)
        assert owners == {nobody.uid}
        owners.clear()
        for folder, _, names in os.walk(data):
            for path in (Path(folder), *(Path(folder, name) for name in names)):
                with suppress(FileNotFoundError):  # and so do some files
                    owners.add(path.stat().st_uid)
        assert owners == {nobody.uid}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has folders that others cannot enter")
def test_root_runs_it_below_a_closed_folder_at_the_end_of_a_long_path(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    data = closed / ("a-long-name-" * 8) / "data"
    data.parent.mkdir()
    with System(data, nodes=2) as system:
        write(system, "reached")
        sockets = Path((data / "run/socket-folder").read_text())
        assert psutil.Process(system.pids("postgres")[0]).uids().effective != 0
    assert closed.stat().st_mode & 0o777 == 0o700
    assert not sockets.exists()
