"""Runs a piece of the engine in a process of its own, on the database of the test that calls."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from subprocess import CompletedProcess, Popen
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection

from tests.storagenode.running_node import PATIENCE_SECONDS

PREPARED = "import django; django.setup(); from nodes import health, reclaim, replication; "
PASSED_ON = ("CLUSTER_SECRET", "CHUNK_SIZE", "REPLICAS", "WRITE_QUORUM", "PROBE_INTERVAL_SECONDS")


def run(script: str, *, within: Sequence[str] = (), **environ: str) -> CompletedProcess[str]:
    """Run a script after `django.setup()`, to its end; its return code may be that of a kill."""
    process = start(script, within=within, **environ)
    try:
        output, errors = process.communicate(timeout=PATIENCE_SECONDS)
    finally:
        process.kill()
    return CompletedProcess(process.args, process.returncode, output, errors)


def start(script: str, *, within: Sequence[str] = (), **environ: str) -> Popen[str]:
    """Begin a script, below a command that gives it other surroundings."""
    name = connection.settings_dict["NAME"]
    connection.close()
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
    env = os.environ | {key: str(getattr(settings, key)) for key in PASSED_ON}
    return Popen(
        [*within, sys.executable, "-c", PREPARED + script],
        env=env | {"DATABASE_URL": url} | environ,
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
