"""Tells whether two stores share one file system, and so one disk's room and one disk's death."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@cache
def filesystem_id(folder: int) -> str:
    """Name the file system of a folder: equal for two folders only on the same machine and file system."""
    figures = os.statvfs(folder)
    number = figures.f_fsid or os.fstat(folder).st_dev
    return f"{BOOT_ID.read_text().strip()[:8]}-{number:x}"
