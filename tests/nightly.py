"""How much of a test with many cases runs: a sample with every change, the whole count by `make nightly`."""

import os

IS_NIGHTLY = os.environ.get("NIGHTLY", "") not in ("", "0")
SEED = int(os.environ.get("SEED", "7"))


def count(sample: int, nightly: int) -> int:
    return nightly if IS_NIGHTLY else sample
