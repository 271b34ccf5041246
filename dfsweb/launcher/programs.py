"""The command lines of the Python programs the launcher starts: preparation, nodes, worker, gateway."""

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

from dfsweb.launcher import environment
from dfsweb.launcher.children import Program
from dfsweb.launcher.data_folder import DataFolder
from dfsweb.launcher.options import Options

CELERY_PROCESSES = 2
NODE_NICENESS = 2
"""Nodes yield a little, with two thirds of the gateway's claim: with a third, downloads waited for them."""


def preparation(env: dict[str, str], folder: DataFolder, *, admin_password: str) -> Program:
    """Migrate, make the first admin, collect the static files; ends by itself."""
    return _python("prepare", ["dfsweb.launcher.prepare"], {**env, "ADMIN_PASSWORD": admin_password}, folder)


def node(name: str, options: Options, folder: DataFolder) -> Program:
    """One storage node on its own port."""
    folder.node(name).mkdir(mode=0o700, exist_ok=True)
    env = environment.of_node(name, folder.node_port(name), options, folder)
    program = _python(name, ["storagenode"], env, folder)
    return replace(program, niceness=NODE_NICENESS, session_niceness=NODE_NICENESS)


def worker(env: dict[str, str], folder: DataFolder) -> Program:
    """The Celery worker with beat."""
    command = ["dfsweb.launcher.worker", "--processes", str(CELERY_PROCESSES)]
    command += ["--schedule", str(folder.run / "celerybeat-schedule")]
    return _python("worker", command, env, folder)


def gateway(env: dict[str, str], options: Options, folder: DataFolder) -> Program:
    """The gateway under gunicorn."""
    command = ["gunicorn", "dfsweb.wsgi:application", "--bind", options.bind]
    command += ["--config", "python:dfsweb.launcher.gateway_children"]
    # The heartbeat file is unlinked at once; on a disk, its updates could wait behind chunk writes.
    memory = "/dev/shm"  # gunicorn makes its own file there  # nosec B108
    command += ["--worker-tmp-dir", memory if os.access(memory, os.W_OK) else str(folder.run)]
    env = {**env, "PROMETHEUS_MULTIPROC_DIR": str(folder.metrics)}
    return _python("gateway", command, env, folder)


def _python(name: str, module: list[str], env: dict[str, str], folder: DataFolder) -> Program:
    return Program(
        name=name,
        argv=[sys.executable, "-m", *module],
        env=env,
        log=folder.log(name),
        folder=Path(environment.PROJECT),
        stop_signal=signal.SIGTERM,
    )
