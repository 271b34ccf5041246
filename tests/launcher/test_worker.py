"""The worker ends when it cannot go on: whoever started it does so again."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil

FAILS = """
import psutil
from celery import bootsteps
from dfsweb.celery import app
from dfsweb.launcher import worker

class Fault(bootsteps.StartStopStep):
    requires = ("celery.worker.consumer.connection:Connection",)

    def start(self, consumer):
        for process in psutil.Process().children():
            process.suspend()
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
        there = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
        _, alive = psutil.wait_procs(there, timeout=30)
        assert not alive
    finally:
        for pid in (working.pid, *pids):
            if psutil.pid_exists(pid):
                os.kill(pid, signal.SIGKILL)
