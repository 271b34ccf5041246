"""Work beside a request is done once, with threads or without."""

import threading
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import Context

import pytest

from nodes.beside import ThreadPool, Threads
from nodes.buffers import BufferPool
from nodes.errors import Overloaded
from storagenode.protocol import request_ids

ONE, TWO = Threads(1, name="one"), ThreadPool(2)


@contextmanager
def no_thread_can_be_started(monkeypatch):
    """As when the stack of one more finds no memory."""

    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading, "_start_new_thread", refuse)
        patched.setattr(threading, "_start_joinable_thread", refuse, raising=False)  # since Python 3.13
        yield


def outcome_of(future: Future[str]) -> str:
    return future.result(timeout=60)


def test_what_no_thread_can_do_is_done_at_once_and_once(monkeypatch):
    threads, done = Threads(2, name="beside"), []
    with no_thread_can_be_started(monkeypatch):
        first = threads.submit(lambda: done.append("first") or "here")
        assert done == ["first"]
    second = threads.submit(lambda: done.append("second") or "there")

    assert (outcome_of(first), outcome_of(second)) == ("here", "there")
    assert outcome_of(threads.submit(lambda: "last")) == "last"  # what was queued before it is over
    assert done == ["first", "second"]


def test_a_failure_is_told_where_the_outcome_is_awaited(monkeypatch):
    def fail() -> str:
        raise Overloaded("too much")

    with no_thread_can_be_started(monkeypatch):
        future = Threads(1, name="beside").submit(fail)
    with pytest.raises(Overloaded, match="too much"):
        outcome_of(future)


def test_f42_a_buffer_that_no_memory_is_left_for_takes_no_place():
    pool = BufferPool(size=2**60, limit=1)
    for _ in range(2):
        with pytest.raises(Overloaded, match="no memory left"):
            pool.take()


@pytest.mark.parametrize("name", ["first", "second"])
def test_what_several_threads_do_at_once_is_done_for_who_wants_it(name):
    together = threading.Barrier(3)

    def who_wants_it(_: object = None) -> str:
        together.wait(60)
        return request_ids.current.get()

    def want() -> list[str]:
        request_ids.current.set(name)
        aside = ONE.submit(who_wants_it)
        return [*TWO.map(who_wants_it, range(2)), outcome_of(aside)]

    assert Context().run(want) == [name] * 3
