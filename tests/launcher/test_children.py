"""What the launcher starts runs whatever the machine lets it change."""

import os
import sys
from pathlib import Path

import pytest

from dfsweb.launcher import children


@pytest.mark.parametrize("there", ["absent", "."], ids=["no kernel that groups", "nobody may write"])
def test_a_program_runs_with_the_claim_it_has_where_its_sessions_may_not_be_changed(
    there: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "_SESSION_NICENESS", tmp_path / there)
    said = tmp_path / "log" / "said"
    words = [sys.executable, "-c", "print('it runs')"]

    children.run(children.Program("it", words, os.environ, said, session_niceness=2))

    assert said.read_text() == "it runs\n"
