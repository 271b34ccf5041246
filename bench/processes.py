"""What the servers cost: CPU seconds and memory (PSS) of every process, by part, read from /proc."""

import os
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
SAMPLE_SECONDS = 0.2
IDLE_SHARE = 15
"""Sampling rests this many times as long as it took: it must not become part of what is measured."""

Parts = Callable[[], Mapping[str, int]]
"""Names each part and its first process; asked again at every look, for parts come and go."""


def kind_of(name: str) -> str:
    """The part's kind: `node-1` is one of the `node`s."""
    return name.partition("-")[0]


def cpu_seconds(parts: Parts) -> dict[str, float]:
    """CPU seconds used until now by each part: by living processes and those they have outlived."""
    return {
        name: sum(figures.own_ticks + figures.waited_ticks for figures in family) / TICKS_A_SECOND
        for name, family in _families(parts()).items()
    }


def cpu_since(before: Mapping[str, float], parts: Parts) -> dict[str, float]:
    """CPU seconds used since an earlier `cpu_seconds`, by kind of part; what ended meanwhile is left out."""
    used: defaultdict[str, float] = defaultdict(float)
    for name, now in cpu_seconds(parts).items():
        used[kind_of(name)] += max(now - before.get(name, 0.0), 0.0)
    return dict(used)


class MemorySampler:
    """Looks at the memory of all parts while the block runs; keeps the peak of each kind and of all."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="memory", daemon=True)
        self.peak_bytes: Counter[str] = Counter()

    def __enter__(self) -> "MemorySampler":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            began_at = time.monotonic()
            now = pss_bytes(self._parts)
            now["all"] = now.total()
            self.peak_bytes |= now
            self._stop.wait(max(SAMPLE_SECONDS, IDLE_SHARE * (time.monotonic() - began_at)))


def pss_bytes(parts: Parts) -> Counter[str]:
    """Memory by kind of part; what processes share is counted once."""
    held: Counter[str] = Counter()
    for name, family in _families(parts()).items():
        held[kind_of(name)] += sum(_pss_bytes(figures.pid) for figures in family)
    return held


class _Figures:
    """One line of /proc/PID/stat (proc_pid_stat(5)); the name in it may hold blanks and brackets."""

    def __init__(self, line: str) -> None:
        self.pid = int(line.partition(" ")[0])
        fields = line.rpartition(")")[2].split()
        self.parent = int(fields[1])
        self.own_ticks = sum(map(int, fields[11:13]))  # user and system
        self.waited_ticks = sum(map(int, fields[13:15]))  # of children that have ended


def _families(parts: Mapping[str, int]) -> dict[str, list[_Figures]]:
    """Each part's processes: its first one and all that descend from it, but for those of other parts."""
    everything: dict[int, _Figures] = {}
    children: dict[int, list[_Figures]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                figures = _Figures((folder / "stat").read_text())
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has just ended
            everything[figures.pid] = figures
            children.setdefault(figures.parent, []).append(figures)
    leaders = set(parts.values())
    families: dict[str, list[_Figures]] = {}
    for name, leader in parts.items():
        family = [everything[leader]] if leader in everything else []
        for figures in family:
            offspring = children.get(figures.pid, [])
            family += [child for child in offspring if child.pid not in leaders]
            if any(child.pid in leaders for child in offspring):
                figures.waited_ticks = 0  # of other parts, too, once one of them has ended
        families[name] = family
    return families


def _pss_bytes(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0  # it has just ended
    for line in text.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0  # a zombie has no memory
