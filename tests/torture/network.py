"""Faults of the network itself: packets between this machine's own processes are dropped by the kernel.

All of it happens in a network namespace that a run makes for itself before it starts anything; in any other
nothing is ever dropped. Needs root and iptables.
"""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from tests.torture.scene import Scene

CLONE_NEWNET = 0x40000000  # linux/sched.h
LOST_SHARE = "0.3"

Rule = Sequence[str]
_own: set[str] = set()


def enter_own_namespace() -> str:
    """Move this process, before its first thread, into a network of its own; returns why that cannot be."""
    if missing := [tool for tool in ("ip", "iptables") if shutil.which(tool) is None]:
        return f"there is no {missing[0]}"
    if os.geteuid() != 0:
        return "only root makes network namespaces"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        return os.strerror(ctypes.get_errno())
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    tried = subprocess.run(["iptables", "-nL"], capture_output=True, text=True, check=False)
    if tried.returncode:
        return tried.stderr.strip()
    _own.add(_namespace())
    return ""


def is_own_namespace() -> bool:
    """Whether packets may be dropped here: nobody but this run lives in this network."""
    return bool(_own) and _namespace() in _own


def _namespace() -> str:
    return os.readlink("/proc/self/ns/net")


def dropping(*ways: str, by_chance: bool = False) -> Callable[[Scene], bool]:
    """A kind that drops packets to (`--dport`) or from (`--sport`) the address that a node tells others."""

    def inject(scene: Scene) -> bool:
        chance = ["-m", "statistic", "--mode", "random", "--probability", LOST_SHARE] if by_chance else []
        rules = [["-p", "tcp", way, str(scene.proxy.port), *chance] for way in ways]
        with _in_force(rules):
            return scene.until_met(lambda: _dropped(scene.proxy.port))

    return inject


@contextmanager
def _in_force(rules: Sequence[Rule]) -> Iterator[None]:
    if not is_own_namespace():
        raise AssertionError("packets are dropped in a network namespace of this run's own alone")
    try:
        for rule in rules:
            _iptables("-A", "INPUT", *rule, "-j", "DROP")
        yield
    finally:
        for rule in rules:
            _iptables("-D", "INPUT", *rule, "-j", "DROP")


def _dropped(port: int) -> int:
    """How many packets the rules about a port have met, by the kernel's count."""
    lines = _iptables("-nvxL", "INPUT").splitlines()
    return sum(int(line.split()[0]) for line in lines if f"pt:{port}" in line)


def _iptables(*arguments: str) -> str:
    done = subprocess.run(["iptables", "-w", *arguments], capture_output=True, text=True, check=True)
    return done.stdout
