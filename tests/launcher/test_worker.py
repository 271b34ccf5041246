"""The worker without Redis: it says so in a line, and ends when it cannot go on, to be started again."""

import logging
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import psutil
import pytest
from celery import Celery

from dfsweb.launcher.worker import Schedule

FAILS = """
import os
import signal
import psutil
from celery import bootsteps
from celery.signals import worker_process_init
from dfsweb.celery import app
from dfsweb.launcher import worker

def stand_still(**_):
    os.kill(os.getpid(), signal.SIGSTOP)

worker_process_init.connect(stand_still)  # after those that make it ready

class Fault(bootsteps.StartStopStep):
    requires = ("celery.worker.consumer.connection:Connection",)

    def start(self, consumer):
        for process in psutil.Process().children():
            os.waitpid(process.pid, os.WUNTRACED)  # until it stands still
            print(f"stands still: {process.pid}", flush=True)
        raise AttributeError("a fault of a library")

app.steps["consumer"].add(Fault)
worker.main()
"""


def test_a_worker_that_fails_ends_with_its_processes_though_they_stand_still(tmp_path: Path) -> None:
    words = [sys.executable, "-c", FAILS, "--processes", "2", "--schedule", str(tmp_path / "schedule")]
    working = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    pids: list[int] = []
    try:
        said, _ = working.communicate(timeout=60)
        pids = [int(pid) for pid in re.findall(r"stands still: (\d+)", said)]
        assert len(pids) == 2, said
        assert working.returncode == 1
        assert "Unrecoverable error: AttributeError('a fault of a library')" in said
        there = [process for process in psutil.process_iter() if process.pid in pids]
        _, alive = psutil.wait_procs(there, timeout=30)
        assert not alive
    finally:
        for pid in (working.pid, *pids):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def test_what_beat_cannot_send_is_said_in_a_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    app = Celery(broker=f"redis+socket://{tmp_path}/gone.sock", set_as_current=False)
    app.conf.beat_schedule = {"look": {"task": "nodes.tasks.replicate", "schedule": 1}}
    schedule: Any = cast(Any, Schedule)(app, schedule_filename=str(tmp_path / "schedule"), lazy=True)
    schedule.setup_schedule()
    with caplog.at_level(logging.INFO):
        schedule.apply_entry(schedule.schedule["look"])
    schedule.close()
    (said,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert said.getMessage().startswith("Couldn't apply scheduled task look: Error 2 connecting to")
    assert said.exc_info is None
