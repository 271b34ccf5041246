"""Buffers are lent warm; those that nobody needs any more give their memory back."""

import mmap
from contextlib import ExitStack
from pathlib import Path

from storagenode.store.buffers import BUFFER_BYTES, IDLE_SECONDS, BufferPool


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * mmap.PAGESIZE


def fill(pool: BufferPool, count: int) -> None:
    with ExitStack() as stack:
        for buffer in [stack.enter_context(pool.lend()) for _ in range(count)]:
            buffer[:] = bytes([7]) * BUFFER_BYTES


def test_what_is_idle_gives_its_memory_back_one_by_one_and_can_be_lent_again() -> None:
    now = [0.0]
    pool = BufferPool(4, clock=lambda: now[0])
    fill(pool, 4)
    full = resident_bytes()

    now[0] = IDLE_SECONDS
    fill(pool, 1)
    assert resident_bytes() > full - BUFFER_BYTES, "it may be needed in a moment"
    now[0] += 0.1
    for _ in range(5):
        fill(pool, 1)
    assert resident_bytes() < full - 2 * BUFFER_BYTES

    fill(pool, 4)
    with pool.lend() as buffer:
        assert bytes(buffer[:2]) == b"\7\7"


def test_at_rest_all_that_are_not_out_give_their_memory_back() -> None:
    pool = BufferPool(4)
    fill(pool, 4)
    full = resident_bytes()

    with pool.lend() as out:
        pool.cool()
        assert resident_bytes() < full - 2 * BUFFER_BYTES
        assert bytes(out[:2]) == b"\7\7"
    fill(pool, 4)
