"""The unprivileged account PostgreSQL runs under when the launcher is root, and how a child becomes it.

Folders above the data folder or the binaries may be closed to that account (a clone below /root, say).
They are left as they are: the child keeps one Linux capability to pass through them instead.
"""

import ctypes
import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from dfsweb.launcher.errors import LauncherError

# linux/capability.h and linux/prctl.h
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2
_CAPABILITY_VERSION_3 = 0x20080522
_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
NO_ROOT_SENTENCE = (
    "PostgreSQL does not run as root and this root may not become another account; "
    "start dfsweb as an ordinary user or set DATABASE_URL to a PostgreSQL server."
)


class _CapabilityHeader(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _CapabilityData(ctypes.Structure):
    _fields_ = [
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    ]


@dataclass(frozen=True)
class Account:
    """Who a child becomes, and the capability it keeps on the way (None: none)."""

    uid: int
    gid: int
    capability: int | None = None


def choose(folder: Path, *, must_reach: list[Path]) -> Account | None:
    """Choose the account for PostgreSQL's `folder`; None when the launcher is no root and stays itself.

    An existing folder keeps its owner; a new one belongs to `nobody`.
    """
    if os.geteuid() != 0:
        return None
    stat = folder.stat() if folder.exists() else None
    if stat is not None and stat.st_uid != 0:
        uid, gid = stat.st_uid, stat.st_gid
    else:
        try:
            entry = pwd.getpwnam("nobody")
        except KeyError:
            raise LauncherError(NO_ROOT_SENTENCE) from None
        uid, gid = entry.pw_uid, entry.pw_gid
    closed = any(_is_closed_to_others(path) for path in must_reach)
    return Account(uid, gid, _capability_to_pass() if closed else None)


def become(account: Account) -> None:
    """Turn this process into `account` for good; for use between fork and exec."""
    libc = ctypes.CDLL(None, use_errno=True)
    if account.capability is not None:
        _check(libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0))
    os.setgroups([])
    os.setresgid(account.gid, account.gid, account.gid)
    os.setresuid(account.uid, account.uid, account.uid)
    if account.capability is not None:
        mask = 1 << account.capability
        header = _CapabilityHeader(_CAPABILITY_VERSION_3, 0)
        data = (_CapabilityData * 2)(_CapabilityData(mask, mask, mask), _CapabilityData(0, 0, 0))
        _check(libc.capset(ctypes.byref(header), data))
        _check(libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, account.capability, 0, 0))


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _is_closed_to_others(path: Path) -> bool:
    return any(not folder.stat().st_mode & 0o001 for folder in path.resolve().parents)


def _capability_to_pass() -> int:
    """The weakest capability this root has that passes closed folders (containers lack the first)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapPrm:"):
            permitted = int(line.split()[1], 16)
            for capability in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):
                if permitted & (1 << capability):
                    return capability
    raise LauncherError(NO_ROOT_SENTENCE)
