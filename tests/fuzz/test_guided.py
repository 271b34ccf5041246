"""S25: the laws of the parsers under atheris: one of them with every change, each a million times by nightly.

What was found worth going on from is kept in var/fuzz from night to night.
"""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests import nightly
from tests.fuzz.laws import LAWS
from tests.system import PROJECT

SAMPLE = ["test_s25_an_etag_comes_back_from_its_header"]
HELD = list(LAWS) if nightly.IS_NIGHTLY else SAMPLE
RUNS = nightly.count(5_000, 1_000_000)
LONGEST_SECONDS = 5 if nightly.IS_NIGHTLY else 120  # none hangs; on a busy machine a moment means nothing
KEPT = Path(PROJECT, "var/fuzz")


@pytest.mark.skipif(find_spec("atheris") is None, reason="atheris is not installed")
@pytest.mark.parametrize("law", HELD)
def test_s25_a_law_holds_for_what_a_fuzzer_sends_that_follows_the_code(law: str, tmp_path: Path):
    kept = (KEPT if nightly.IS_NIGHTLY else tmp_path) / law
    kept.mkdir(parents=True, exist_ok=True)
    limits = [f"-runs={RUNS}", f"-seed={nightly.SEED}", f"-timeout={LONGEST_SECONDS}"]
    limits += [f"-artifact_prefix={tmp_path}/"]
    words = [sys.executable, "-m", "tests.fuzz.guided", law, str(kept), *limits]

    ended = subprocess.run(words, cwd=PROJECT, capture_output=True, text=True, check=False)

    assert ended.returncode == 0, ended.stderr[-5000:]
    assert "Done " in ended.stderr
    assert any(kept.iterdir()), "it has followed nothing"
