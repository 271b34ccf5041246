"""What the launcher tells the parts it starts."""

import shlex
from contextlib import closing
from pathlib import Path

import pytest

from dfsweb.launcher import data_folder, environment
from dfsweb.launcher.options import Options


def test_nodes_on_one_machine_leave_the_smaller_reserve_free_unless_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = Options(host="127.0.0.1", port=8000, data=tmp_path, nodes=1)
    monkeypatch.delenv("RESERVE", raising=False)
    with closing(data_folder.open_locked(tmp_path)) as folder:
        assert environment.of_node("node-1", 8101, given, folder)["RESERVE"] == "smaller"
        monkeypatch.setenv("RESERVE", "larger")
        assert environment.of_node("node-1", 8101, given, folder)["RESERVE"] == "larger"


def test_nodes_learn_what_they_read_and_no_setting_of_django(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = Options(host="127.0.0.1", port=8000, data=tmp_path, nodes=3)
    monkeypatch.setenv("EMAIL_URL", "smtp://drive:secret@mail.example.org")
    monkeypatch.setenv("DATABASE_URL", "postgres://drive:secret@elsewhere/drive")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    with closing(data_folder.open_locked(tmp_path)) as folder:
        told = environment.of_node("node-1", 8101, given, folder)

    assert not {"EMAIL_URL", "SECRET_KEY", "CLUSTER_SECRET", "DATABASE_URL"} & set(told)
    assert {"PATH", "LC_ALL", "JOIN_TOKEN", "METRICS_TOKEN", "PYTHONPATH"} <= set(told)


def test_commands_of_django_see_what_was_set_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = Options(host="127.0.0.1", port=8000, data=tmp_path, nodes=3)
    monkeypatch.setenv("EMAIL_URL", "smtp://drive:a b@mail.example.org")
    monkeypatch.setenv("REPLICAS", "2")
    monkeypatch.setenv("PWD", "/elsewhere")
    with closing(data_folder.open_locked(tmp_path)) as folder:
        env = environment.of_gateway_and_worker(
            given, folder, database_url="postgres:///x", redis_url="redis://"
        )
    written = dict(line.split("=", 1) for line in shlex.split(environment.as_shell(env)))

    assert written["EMAIL_URL"] == "smtp://drive:a b@mail.example.org"
    assert written["REPLICAS"] == "2"
    assert not {"PWD", "PATH", "HOME"} & set(written)
