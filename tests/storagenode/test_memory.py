"""What was freed goes back to the system."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from storagenode import memory

MIB = 2**20
PIECES = 64
# Small things between the pieces keep the heap from shrinking by itself, as in a server that has served.
KEEP_IN_VAIN = f"""
import mmap
from storagenode import memory

def resident_bytes():
    return int(open("/proc/self/statm").read().split()[1]) * mmap.PAGESIZE

kept = []
pieces = []
for _ in range({PIECES}):
    pieces.append(b"7" * {MIB})
    kept.append(bytes(4096))
pieces.clear()
before = resident_bytes()
memory.trim()
print(before - resident_bytes())
"""


@pytest.mark.skipif(memory._malloc_trim is None, reason="this C library has no malloc_trim")
def test_what_malloc_keeps_in_vain_goes_back() -> None:
    told = subprocess.run(
        [sys.executable, "-c", KEEP_IN_VAIN],
        env=os.environ | {"MALLOC_MMAP_THRESHOLD_": str(4 * MIB)},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(told.stdout) > PIECES * MIB * 0.9
