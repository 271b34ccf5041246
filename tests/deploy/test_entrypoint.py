"""Secrets that nobody gave are made once, for their owner alone, and read again by the other parts."""

import argparse
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system import PATIENCE_SECONDS

ROOT = Path(__file__).resolve().parents[2]
ENTRYPOINT = ROOT / "deploy/entrypoint.sh"
OWN = {"SECRET_KEY", "CLUSTER_SECRET", "ADMIN_PASSWORD"}
SHARED = {"JOIN_TOKEN", "METRICS_TOKEN"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("cluster", "shared"):
        (tmp_path / name).mkdir()
    return tmp_path


def run(folder: Path, *arguments: str, **given: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["sh", str(ENTRYPOINT), *arguments],
        env={"PATH": path, "SECRETS_FOLDER": str(folder), **given},
        cwd=ENTRYPOINT.parents[1],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def kept(folder: Path) -> dict[str, str]:
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}


def test_each_secret_is_made_for_its_owner_alone(folder):
    assert run(folder, "secrets").returncode == 0

    assert {file.name for file in (folder / "cluster").iterdir()} == OWN
    assert {file.name for file in (folder / "shared").iterdir()} == SHARED
    assert {file.stat().st_mode & 0o777 for file in folder.glob("*/*")} == {0o600}
    assert all(len(value.strip()) == 64 for value in kept(folder).values())
    assert len(set(kept(folder).values())) == len(OWN | SHARED)


def test_a_secret_that_was_made_stays(folder):
    run(folder, "secrets")
    first = kept(folder)

    assert run(folder, "secrets").returncode == 0
    assert kept(folder) == first


def test_a_secret_that_is_given_is_not_kept(folder):
    run(folder, "secrets", CLUSTER_SECRET="ab" * 32, JOIN_TOKEN="a token")

    assert {file.name for file in folder.glob("*/*")} == (OWN | SHARED) - {"CLUSTER_SECRET", "JOIN_TOKEN"}


def test_what_is_given_wins_over_what_is_kept(folder):
    run(folder, "secrets")
    program = "from django.conf import settings as s; print(s.CLUSTER_SECRET, s.JOIN_TOKEN)"

    shown = run(folder, "manage", "shell", "--no-imports", "-c", program, JOIN_TOKEN="given")

    assert shown.stdout.split() == [(folder / "cluster/CLUSTER_SECRET").read_text().strip(), "given"]


@pytest.mark.parametrize("part", ["worker", "beat", "node", "manage check"])
def test_a_part_that_comes_before_the_gateway_says_so(part, folder):
    ended = run(folder, *part.split())

    assert ended.returncode == 2
    assert "start the gateway first" in ended.stderr


def test_a_folder_that_cannot_be_written_is_one_clear_sentence(tmp_path):
    ended = run(tmp_path / "absent", "secrets")

    assert ended.returncode == 2
    assert "is its volume mounted and writable?" in ended.stderr


def test_an_unknown_part_is_refused(folder):
    ended = run(folder, "everything")

    assert ended.returncode == 2
    assert "everything" in ended.stderr


def test_the_worker_probes_nodes_as_the_one_without_containers_does(tmp_path):
    script = ENTRYPOINT.read_text().replace("\\\n", "")
    (words,) = re.findall(r"exec celery (.* worker .*)", script)
    asked = argparse.ArgumentParser()
    asked.add_argument("--app")
    asked.add_argument("--include")
    given, _ = asked.parse_known_args(shlex.split(words))
    module, _, name = given.app.partition(":")
    program = (
        f"from {module} import {name} as app; worker = app.Worker(include={given.include!r}, concurrency=1)"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"{program}; print(*(step.name for step in worker.steps))"],
        env=os.environ | {"PULSE_FILE": str(tmp_path / "pulse"), "CELERY_SKIP_CHECKS": "true"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=True,
    )
    assert "nodes.prober.Prober" in done.stdout.split()


def test_the_gateway_can_be_loaded_with_nothing_but_what_its_image_and_its_secrets_say(tmp_path):
    """Found in a container: what the gateway's settings import had read Django's before they were named."""
    image = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    (variables,) = re.findall(r"^ENV ((?:.*\\\n)*.*)$", image, re.MULTILINE)
    given = dict(re.findall(r"(\w+)=(\S+)", variables))
    command = ["-m", "gunicorn", "--check-config", "--config", "python:dfsweb.launcher.gateway_children"]
    done = subprocess.run(
        [sys.executable, *command, "dfsweb.wsgi:application"],
        env=given
        | {"PATH": os.environ["PATH"], "SECRET_KEY": "ab" * 32, "CLUSTER_SECRET": "cd" * 32}
        | {"STATIC_ROOT": str(tmp_path), "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
