"""What the launcher tells the parts it starts."""

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
