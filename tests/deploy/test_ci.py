"""What `.ci/run` brings to a bare machine, with programs that only note how they are called."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.system import PROJECT

ORDINARY = ("sh", "basename", "dirname", "mktemp", "tail", "rm", "cp")
THERE = [
    "make",
    "chromium",
    "ffmpeg",
    "strace",
    "mkfs.ext4",
    "mount",
    "curl",
    "rclone",
    "wget",
    "nginx",
    "caddy",
]
NOTES = '#!/bin/sh\necho "$(basename "$0") $*" >>"$CALLS"\n'
APT_WITH_NPM = NOTES + 'case "$*" in *" npm") cp "$BIN/make" "$BIN/npm" ;; esac\n'
APT_WITHOUT_NPM = NOTES + 'case "$*" in *" npm") echo "E: Unable to locate package npm"; exit 100 ;; esac\n'


@dataclass
class Machine:
    """A checkout on a machine that has what stands in its folder of programs."""

    checkout: Path
    bin: Path
    calls: Path

    def has(self, name: str, text: str = NOTES) -> None:
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def has_node(self, version: int) -> None:
        """Its one answer is to whether it is older than 20."""
        self.has("node", f"#!/bin/sh\nexit {int(version < 20)}\n")

    def run(self) -> tuple[list[str], str]:
        """Run the script to its good end; returns what it called, and what it said."""
        env = {"PATH": str(self.bin), "CALLS": str(self.calls), "BIN": str(self.bin)}
        done = subprocess.run(
            ["sh", self.checkout / ".ci/run"], env=env, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return self.calls.read_text().splitlines(), done.stderr


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path / "checkout", tmp_path / "bin", tmp_path / "calls")
    (made.checkout / ".ci").mkdir(parents=True)
    shutil.copy(PROJECT / ".ci/run", made.checkout / ".ci/run")
    made.bin.mkdir()
    for name in ORDINARY:
        found = shutil.which(name)
        assert found is not None
        os.symlink(found, made.bin / name)
    for name in THERE:
        made.has(name)
    made.has("python3", "#!/bin/sh\n")
    made.has("id", "#!/bin/sh\necho 0\n")
    made.has("apt-get", APT_WITH_NPM)
    return made


def test_npm_is_brought_where_node_is_new_enough_and_brings_uppy(machine: Machine) -> None:
    machine.has_node(20)

    calls, said = machine.run()

    assert calls[:2] == ["apt-get update", "apt-get install --yes --no-install-recommends npm"]
    assert calls[2].startswith("npm ci --prefix tests/cluster/uppy --ignore-scripts")
    assert calls[3:] == ["make check", "make test"]
    assert said == ""


def test_npm_that_is_there_is_taken(machine: Machine) -> None:
    machine.has_node(22)
    machine.has("npm")

    calls, _ = machine.run()

    assert [call.split()[0] for call in calls] == ["npm", "make", "make"]


def test_a_node_that_uppy_does_not_run_with_brings_no_npm(machine: Machine) -> None:
    machine.has_node(18)

    assert machine.run() == (["make check", "make test"], "")


def test_where_npm_cannot_be_had_it_is_named_and_the_rest_goes_on(machine: Machine) -> None:
    machine.has_node(20)
    machine.has("apt-get", APT_WITHOUT_NPM)

    calls, said = machine.run()

    assert calls[-2:] == ["make check", "make test"]
    assert "apt could not install npm; going on without." in said


def test_who_may_not_install_is_told_what_is_missing(machine: Machine) -> None:
    machine.has("id", "#!/bin/sh\necho 1000\n")

    calls, said = machine.run()

    assert calls[-2:] == ["make check", "make test"]
    assert said == "dfsweb: this machine lacks nodejs; going on without.\n"
