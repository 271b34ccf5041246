"""What is drawn is drawn once, by whatever thread or process."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ThreadPoolExecutor

from storagenode.protocol import chance

MANY = 2000


def draw_many() -> list[bytes]:
    return [chance.draw() for _ in range(MANY)]


def test_no_two_threads_draw_the_same() -> None:
    with ThreadPoolExecutor(4) as threads:
        drawn = [one for draws in threads.map(lambda _: draw_many(), range(4)) for one in draws]
    assert len(set(drawn)) == 4 * MANY
    assert {len(one) for one in drawn} == {chance.BYTES}


def test_a_child_does_not_draw_what_its_parent_has_in_stock() -> None:
    chance.draw()
    context = multiprocessing.get_context("fork")
    with context.Pool(2) as children:
        theirs = [one for draws in children.map(_drawn_by, range(2), chunksize=1) for one in draws]
    assert len(set(theirs) | set(draw_many())) == len(theirs) + MANY


def _drawn_by(_: int) -> list[bytes]:
    return draw_many()
