"""What keeps the parts running keeps them running whatever becomes of its own notes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from dfsweb.launcher.supervisor import LOG_LIMIT_BYTES
from tests.system import PROJECT

SUPERVISE = """
import os, sys
from pathlib import Path
from dfsweb.launcher import data_folder
from dfsweb.launcher.children import Program
from dfsweb.launcher.supervisor import StopAsked, Supervisor

folder = data_folder.open_locked(Path(sys.argv[1]))
supervisor = Supervisor(folder)
supervisor.start(Program("short", ["true"], os.environ, folder.log("short")))
try:
    supervisor.watch(lambda wanted: None)
except StopAsked:
    supervisor.stop([])
    print("stopped")
"""


def test_a_full_disk_is_said_once_and_ended_parts_still_start_again(tmp_path: Path) -> None:
    for folder in ("run", "log"):
        (tmp_path / folder).mkdir(mode=0o700)
    for full in ("run/processes.json.new", "log/long.log.1"):
        (tmp_path / full).symlink_to("/dev/full")
    with (tmp_path / "log/long.log").open("wb") as long:
        long.truncate(LOG_LIMIT_BYTES + 1)
    with subprocess.Popen(
        [sys.executable, "-c", SUPERVISE, str(tmp_path)],
        cwd=PROJECT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    ) as supervisor:
        assert supervisor.stdout is not None
        said = []
        for line in supervisor.stdout:
            said.append(line)
            if sum("ended with code 0" in each for each in said) == 2:
                break
        supervisor.send_signal(signal.SIGTERM)
        said += supervisor.stdout

    assert sum("processes.json" in line and "No space left" in line for line in said) == 1, said
    assert sum("logs" in line and "No space left" in line for line in said) == 1, said
    assert said[-1] == "stopped\n"
    assert supervisor.returncode == 0
