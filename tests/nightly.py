"""How much of a test with many cases runs: a sample with every change, the whole count by `make nightly`.

`make nightly PART=0.01` runs a hundredth of the counts: enough to see that all of it starts and works.
"""

import os

PART = float(os.environ.get("NIGHTLY") or 0)
IS_NIGHTLY = PART > 0
SEED = int(os.environ.get("SEED", "7"))


def count(sample: int, nightly: int) -> int:
    return nightly if PART >= 1 else max(sample, round(nightly * PART))
