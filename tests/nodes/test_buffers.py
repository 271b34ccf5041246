"""Kept buffers are handed out warm; what nobody takes goes back to the system."""

from nodes.buffers import IDLE_SECONDS, KEPT, BufferPool


def marked(pool: BufferPool, count: int) -> None:
    """Take buffers at once, write into each, and give all back."""
    for buffer in [pool.take() for _ in range(count)]:
        buffer[0] = 7
        pool.give_back(buffer)


def warm(pool: BufferPool, limit: int) -> int:
    """Count the buffers that have been written to; takes all."""
    return sum(pool.take()[0] == 7 for _ in range(limit))


def test_a_few_stay_warm_however_many_were_out() -> None:
    pool = BufferPool(size=4096, limit=KEPT + 3)
    marked(pool, KEPT + 3)
    assert warm(pool, KEPT + 3) == KEPT


def test_what_nobody_takes_goes_back_one_by_one() -> None:
    now = [0.0]
    pool = BufferPool(size=4096, limit=KEPT, clock=lambda: now[0])
    marked(pool, KEPT)
    now[0] = IDLE_SECONDS + 1
    for _ in range(KEPT + 5):  # one small file after the other
        marked(pool, 1)
    assert warm(pool, KEPT) == 1


def test_at_rest_all_that_nobody_has_taken_go_back() -> None:
    pool = BufferPool(size=4096, limit=KEPT)
    marked(pool, KEPT)
    taken = pool.take()

    pool.cool()

    assert taken[0] == 7
    assert warm(pool, KEPT - 1) == 0
