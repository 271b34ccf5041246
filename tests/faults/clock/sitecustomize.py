"""Shifts the wall clock of a process by the seconds that stand in a file; the monotonic clock runs on.

On the PYTHONPATH of a process under test, with CLOCK_SKEW_FILE; see `tests.faults.skew`.
"""

import datetime as module
import os
import time
from pathlib import Path
from typing import Any

_file = Path(os.environ["CLOCK_SKEW_FILE"])
_time, _time_ns, _datetime = time.time, time.time_ns, module.datetime


def _skew() -> float:
    return float(_file.read_text())


class SkewedDatetime(_datetime):
    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return _datetime.now(tz) + module.timedelta(seconds=_skew())

    @classmethod
    def utcnow(cls) -> Any:
        return _datetime.now(module.UTC).replace(tzinfo=None) + module.timedelta(seconds=_skew())


time.time = lambda: _time() + _skew()
time.time_ns = lambda: _time_ns() + int(_skew() * 1_000_000_000)
module.datetime = SkewedDatetime  # type: ignore[misc]
