"""One local file as one upload, or as several side by side which the service joins (tus: concatenation).

On a line with latency one connection carries a window's bytes a round trip and rests after each request:
several fill it. Nothing is visible before all parts are whole and joined.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

from dfsclient import tus
from dfsclient.errors import Conflict, DfsError, Gone, NotFound, SourceChanged
from dfsclient.journal import Journal, Part, UploadKey
from dfsclient.progress import Progress
from dfsclient.retry import Patience, Retries
from dfsclient.sources import LocalFile
from dfsclient.transport import Transport

AT_ONCE = 4
PARTS_FROM_BYTES = 128 * 1024 * 1024  # smaller files are over before it is worth to begin and join parts
STEP_BYTES = 8 * 1024 * 1024  # parts begin at multiples of every chunk's size: the service knows chunks again
NEW_STARTS = 2  # how often an upload that vanished is begun anew
ASK_SECONDS = 600.0  # how often whole parts are asked for while others are sent: the service ends silent ones
NAP_SECONDS = 0.2  # in which a part that waits for its next try hears that another one has failed


@dataclass(frozen=True)
class Record:
    """Where an upload is remembered across runs."""

    journal: Journal
    key: UploadKey

    def find(self) -> list[Part]:
        return self.journal.find(self.key)

    def note(self, parts: list[Part]) -> None:
        self.journal.note(self.key, parts)

    def forget(self) -> None:
        self.journal.forget(self.key)


@dataclass(frozen=True)
class Plan:
    """What the file is to become, where that is remembered, how many parts go at once, who hears of it."""

    metadata: Mapping[str, str]
    record: Record | None
    at_once: int
    progress: Progress


def send(transport: Transport, source: LocalFile, plan: Plan) -> str | None:
    """Send a whole file and return the id of the entry it became (None if the service did not say).

    Goes on with the upload that the journal remembers, if the service still has it. A vanished upload is
    begun anew.
    """
    parts = plan.record.find() if plan.record else []
    state: tus.State | None = None
    for starts_left in reversed(range(NEW_STARTS + 1)):
        if not parts:
            parts, state = _begin(transport, source.size_bytes, plan)
            if plan.record:
                plan.record.note(parts)
        try:
            entry_id = _fill(transport, source, parts, state, plan)
        except (NotFound, Gone):
            if not starts_left:
                raise
            _end(transport, parts)  # some expired, ended, or of another account: all anew
            parts = []
            continue
        except SourceChanged:
            _end(transport, parts)
            if plan.record:
                plan.record.forget()
            raise
        if plan.record:
            plan.record.forget()
        return entry_id
    raise AssertionError("the last start returns or raises")


def cut(size_bytes: int, at_most: int) -> list[tuple[int, int]]:
    """Say where at most so many parts of a file begin and end; one that is not large stays whole."""
    if size_bytes < PARTS_FROM_BYTES:
        return [(0, size_bytes)]
    part_bytes = -(-size_bytes // (at_most * STEP_BYTES)) * STEP_BYTES
    return [(start, min(start + part_bytes, size_bytes)) for start in range(0, size_bytes, part_bytes)]


def _begin(transport: Transport, size_bytes: int, plan: Plan) -> tuple[list[Part], tus.State]:
    """Make the uploads; returns them with what the service says of each: nothing has come."""
    extents = cut(size_bytes, plan.at_once)
    parts: list[Part] = []
    try:
        for start, stop in extents:
            upload, state = tus.create(transport, stop - start, plan.metadata, is_part=len(extents) > 1)
            parts.append(Part(upload, start, stop))
    except DfsError:
        _end(transport, parts)
        raise
    return parts, state


def _fill(
    transport: Transport, source: LocalFile, parts: list[Part], state: tus.State | None, plan: Plan
) -> str | None:
    if len(parts) == 1:
        patience = Patience(transport.retries)
        return tus.fill(transport, parts[0], state, source, patience=patience, progress=plan.progress)
    uploads = [part.upload for part in parts]
    try:
        _fill_side_by_side(transport, source, parts, state, plan.progress)
    except (NotFound, Gone) as vanished:  # perhaps joined by an earlier run that did not hear of it
        try:
            return tus.join(transport, uploads, plan.metadata)
        except (NotFound, Gone, Conflict):
            raise vanished from None
    source.check_unchanged()
    return tus.join(transport, uploads, plan.metadata)


def _fill_side_by_side(
    transport: Transport,
    source: LocalFile,
    parts: list[Part],
    state: tus.State | None,
    progress: Progress,
) -> None:
    """Fill all parts; when one fails, the others stop at their next block or nap and its error is raised."""
    total = _Total(source.size_bytes, progress)
    retries = replace(transport.retries, sleep=total.naps(transport.retries.sleep))
    patiences: list[Patience] = []

    def fill(part: Part) -> None:
        patience = _Shared(retries, patiences)
        try:
            tus.fill(transport, part, state, source, patience=patience, progress=total.of(part))
        finally:
            transport.close_own()

    with ThreadPoolExecutor(len(parts), thread_name_prefix="part") as threads:
        try:
            filling = {threads.submit(fill, part): part for part in parts}
            while filling:
                filled, _ = wait(filling, timeout=ASK_SECONDS, return_when=FIRST_COMPLETED)
                for one in filled:
                    one.result()
                    del filling[one]
                if not filled:
                    tus.keep(transport, [part for part in parts if part not in filling.values()])
        except BaseException:
            total.is_stopped = True
            raise


class _Stopped(Exception):
    """Another part has failed."""


class _Total:
    """Adds up what all parts have sent and tells it as one, and stops who tells more when one has failed."""

    def __init__(self, size_bytes: int, progress: Progress) -> None:
        self.is_stopped = False
        self._size_bytes = size_bytes
        self._progress = progress
        self._done: dict[Part, int] = {}
        self._lock = threading.Lock()

    def of(self, part: Part) -> Progress:
        def tell(done_bytes: int, total_bytes: int | None, /) -> None:
            with self._lock:
                if self.is_stopped:
                    raise _Stopped
                self._done[part] = done_bytes
                self._progress(sum(self._done.values()), self._size_bytes)

        return tell

    def naps(self, sleep: Callable[[float], None]) -> Callable[[float], None]:
        """Return a way to sleep that ends soon after another part has failed."""

        def nap(seconds: float) -> None:
            while seconds > 0:
                if self.is_stopped:
                    raise _Stopped
                sleep(min(seconds, NAP_SECONDS))
                seconds -= NAP_SECONDS

        return nap


class _Shared(Patience):
    """Progress of any part forgives the failures of all: a busy service may take some and not others."""

    def __init__(self, retries: Retries, all_parts: list[Patience]) -> None:
        super().__init__(retries)
        self._all_parts = all_parts
        all_parts.append(self)

    def progressed(self) -> None:
        for patience in list(self._all_parts):
            Patience.progressed(patience)


def _end(transport: Transport, parts: list[Part]) -> None:
    for part in parts:
        tus.end(transport, part.upload)
