"""A setting that cannot be read, or makes no sense, is one sentence at the start, before anything else."""

import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from dfsweb.env import Env
from tests.system import PROJECT

PASSWORD = "a-password"  # no secret of anybody's
COMMANDS = {"manage": (["manage.py", "check"], 1), "prepare": (["-m", "dfsweb.launcher.prepare"], 2)}


def start(command: list[str], **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=PROJECT,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def env(monkeypatch: pytest.MonkeyPatch, value: str) -> Env:
    """What reads a setting of this value; X is no setting of ours."""
    monkeypatch.setenv("X", value)
    return Env()


@pytest.mark.parametrize(
    ("name", "value", "way_out"),
    [
        ("REPLICAS", "x", "whole number"),
        ("CHUNK_SIZE", "4MB", "whole number"),
        ("GRACE_SECONDS", "25h", "number"),
        ("DATABASE_POOL_SIZE", "0", "1 or more"),
        ("MAX_TRANSFERS", "-1", "1 or more"),
        ("VERSIONS_KEPT", "0", "1 or more"),
        ("PROBE_INTERVAL_SECONDS", "0", "above 0"),
        ("SWEEP_INTERVAL_SECONDS", "-1", "above 0"),
        ("SECURE", "maybe", "1 or 0"),
        ("LOG_LEVEL", "info", "INFO"),
        *(("ADMIN_NETWORKS", value, "192.0.2.0/24") for value in ("10.0.0.0/8,10.0.0.1/8", "::/129", " ")),
        *(
            (name, "nonsense", "192.0.2.0/24")
            for name in ("ADMIN_NETWORKS", "TRUSTED_PROXIES", "NODE_NETWORKS")
        ),
        ("DATABASE_URL", "nonsense", "postgres://"),
        ("REDIS_URL", "nonsense", "redis://"),
        ("EMAIL_URL", "nonsense", "smtp"),
    ],
)
@pytest.mark.parametrize("door", COMMANDS)
def test_s23_what_cannot_be_read_is_one_sentence_at_the_start(door, name, value, way_out):
    command, code = COMMANDS[door]
    done = start(command, **{name: value})

    assert done.returncode == code, done.stderr
    [said] = done.stderr.splitlines()
    assert said.startswith(f"dfsweb: {name}: ") and way_out in said
    assert name.endswith("_URL") or value.split(",")[-1].strip() in said


@pytest.mark.parametrize(
    "value",
    [
        f"postgres://dfsweb:{PASSWORD}/1@host/dfsweb",  # not escaped: it would end a port
        f"mysql://dfsweb:{PASSWORD}@host/dfsweb",
        f"dfsweb:{PASSWORD}@host/dfsweb",
        f"postgres://dfsweb:{PASSWORD}@[::1/dfsweb",
    ],
)
@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL", "EMAIL_URL"])
def test_s23_an_address_that_cannot_be_read_is_never_shown(name, value):
    """Nor by a server that logs the traceback: what was wrong in it would repeat a part."""
    for command in (["manage.py", "check"], ["-c", "import dfsweb.wsgi"]):
        done = start(command, **{name: value})

        assert done.returncode == 1
        assert f"{name}: " in done.stderr.splitlines()[-1]
        assert PASSWORD not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("env_of", "sentence"),
    [
        ({"REPLICAS": "2", "WRITE_QUORUM": "3"}, "Lower WRITE_QUORUM or raise REPLICAS."),
        ({"CLUSTER_SECRET": "xy" * 32}, "openssl rand -hex 32"),
        ({"CSRF_TRUSTED_ORIGINS": "drive.example.org"}, "CSRF_TRUSTED_ORIGINS"),
        ({"QUARANTINE_SECONDS": "-1", "REGISTRATION": "maybe"}, "Set REGISTRATION to one of them."),
    ],
)
def test_s23_what_makes_no_sense_is_told_before_the_database_is_asked(env_of, sentence):
    nobody = "postgres://127.0.0.1:1/nobody"
    sane = {"SECRET_KEY": "k" * 50, "CLUSTER_SECRET": "ab" * 32, "DATABASE_URL": nobody}
    done = start(["-m", "dfsweb.launcher.prepare"], **{**sane, **env_of})

    assert done.returncode == 2, done.stderr
    [said] = done.stderr.splitlines()
    assert said.startswith("dfsweb: ") and sentence in said
    assert "xy" * 32 not in said


@pytest.mark.parametrize(
    ("value", "meant"),
    [("1", True), ("true", True), ("On", True), ("0", False), ("False", False), ("off", False), ("", False)],
)
def test_a_yes_or_no_is_read_as_people_write_it(monkeypatch, value, meant):
    assert env(monkeypatch, value).bool("X", default=not meant) is meant


@pytest.mark.parametrize("value", ["", "nan", "inf", "1,5", "x", "1 h"])
def test_no_number_is_made_of_what_is_none(monkeypatch, value):
    with pytest.raises(ImproperlyConfigured, match=r"X: .*number"):
        env(monkeypatch, value).float("X", default=1.0)


def test_what_is_not_set_is_what_the_code_says(monkeypatch):
    monkeypatch.delenv("X", raising=False)
    read = Env()

    assert (read.int("X", default=3), read.float("X", default=0.5), read.bool("X", default=True)) == (
        3,
        0.5,
        True,
    )
    assert read.networks("X", default="") == []
    assert read.redis_url("X", default="unix:///run/redis") == "unix:///run/redis"


def test_an_address_of_several_servers_is_read(monkeypatch):
    read = env(monkeypatch, "postgres://dfsweb:p%2Fw@one:5432,two:5433/drive").db(
        "X", default="postgres:///dfsweb"
    )

    assert (read["HOST"], read["PORT"], read["NAME"]) == ("one,two", "5432,5433", "drive")
    assert read["PASSWORD"] == "p/w"
