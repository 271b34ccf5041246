"""The bytes of a PUT under an idempotency key: stored first, the key goes with their commit.

Two bodies are the same when all their bytes are.
"""

from collections.abc import Callable

from blake3 import blake3
from django.http import HttpRequest, HttpResponse

from accounts import idempotency, keyed
from accounts.errors import AccountError
from accounts.idempotency import Answer, Key
from files.errors import FilesError
from files.hashed import Hashed
from nodes.errors import ClusterError
from storagenode.protocol.body import RequestBody


class KeyedBody:
    """The bytes of a PUT under a key. Read like the body; they are part of what makes it the same request."""

    def __init__(self, key: Key, request: HttpRequest, body: RequestBody) -> None:
        self._key = key
        self._request = request
        self._hashed = Hashed(body, blake3())
        self._before: Answer | None = None

    def readinto(self, view: memoryview, /) -> int:
        return self._hashed.readinto(view)

    def answer(self, store: Callable[[], HttpResponse]) -> HttpResponse:
        """Store, or give again what was answered; a request that was overtaken by its twin, too."""
        if idempotency.is_known(self._key):
            return self._first_answer()
        try:
            return store()
        except _AlreadyAnswered as already:
            return keyed.again(already.answer)
        except (FilesError, AccountError, ClusterError):  # perhaps only because the twin was first
            if idempotency.is_known(self._key):
                return self._first_answer()
            raise

    def keep(self, response: HttpResponse) -> None:
        """Record the answer in the commit's transaction; raises when the twin of this request was first."""
        before = idempotency.claim(self._key, self._mark(), keyed.answer_of(response))
        if before is not None:
            raise _AlreadyAnswered(before)

    def _first_answer(self) -> HttpResponse:
        self._hashed.drop_rest()
        answer = idempotency.find(self._key, self._mark())
        assert answer is not None  # a key lives for longer than a request looks at it
        return keyed.again(answer)

    def _mark(self) -> bytes:
        return keyed.mark_of(self._request, self._hashed.digest())


class _AlreadyAnswered(Exception):
    """Ends the commit of a request whose twin was first."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("this request was answered already")
        self.answer = answer
