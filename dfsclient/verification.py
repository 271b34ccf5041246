"""Having the nodes look again at what they keep of a file, part by part, and what they found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dfsclient.errors import BadReply
from dfsclient.models import Entry, Reading
from dfsclient.progress import Progress
from dfsclient.transport import Call

PART_BYTES = 64 * 1024 * 1024  # looked at by one request: seconds of the slowest disk
KEPT = "stored"


@dataclass(frozen=True)
class Verification:
    """What the copies of a file's bytes were found to be.

    `copies` are kept now, `good_copies` of them were found good; the others' nodes did not answer. `short`
    are the chunks with fewer copies than wanted, `lost` those of them without any.
    """

    size: int
    chunks: int = 0
    copies: int = 0
    good_copies: int = 0
    short: int = 0
    lost: int = 0

    @property
    def is_sound(self) -> bool:
        return not self.short and self.good_copies >= self.copies


def verify(ask: Callable[[Call], object], file: Entry, progress: Progress) -> Verification:
    """Have every copy of a file's bytes hashed by its node; `ask` sends a call and returns its JSON body."""
    found = Verification(file.size)
    wanted = file.copies.wanted if file.copies else 1
    offset: int | None = 0 if file.size else None
    progress(0, file.size)
    while offset is not None:
        call = Call("POST", f"/entries/{file.id}/verify", json={"offset": offset, "length": PART_BYTES})
        part = Reading(ask(call), "verification")
        kept = {
            chunk.text("blake3"): sum(one.text("state") == KEPT for one in chunk.readings("replicas"))
            for chunk in part.readings("chunks")
        }
        found = Verification(
            size=found.size,
            chunks=found.chunks + len(kept),
            copies=found.copies + sum(kept.values()),
            good_copies=found.good_copies + part.number("good_copies"),
            short=found.short + sum(count < wanted for count in kept.values()),
            lost=found.lost + sum(not count for count in kept.values()),
        )
        before, offset = offset, part.maybe_number("next_offset")
        if offset is not None and offset <= before:
            raise BadReply(f"The server looks at the same part of {file.path} again and again.")
        progress(file.size if offset is None else offset, file.size)
    return found
