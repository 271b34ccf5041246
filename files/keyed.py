"""The doors' part of idempotency keys: what makes two requests the same, and the first answer given again.

A request with JSON does its deed in one transaction with its key. A body of bytes is stored first, and the
key goes with its commit; two bodies are the same when all their bytes are.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from blake3 import blake3
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from drf_spectacular.utils import OpenApiParameter
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import idempotency
from accounts.errors import AccountError
from accounts.idempotency import HEADER, REPLAYED, Answer, Key
from files import access
from files.errors import FilesError
from files.hashed import Hashed
from nodes.errors import ClusterError
from storagenode.protocol.body import RequestBody

P = ParamSpec("P")
View = TypeVar("View")
Post = Callable[Concatenate[View, Request, P], Response]
AnyPost = Callable[Concatenate[View, Request, P], HttpResponseBase]

MEANING = "Up to 255 characters. The same request under it again, within a day, gets the first answer again."
PARAMETER = OpenApiParameter(
    HEADER, str, OpenApiParameter.HEADER, description=MEANING, pattern=idempotency.PATTERN
)
_TELLING = ("Content-Type", "If-Match", "If-None-Match", "If-Unmodified-Since")
"""Headers that make a request another one; those of tus, too."""


def once(post: "Post[View, P]") -> "AnyPost[View, P]":
    """Have a `post` with JSON that makes something do so once for each key; without one whenever asked."""

    @wraps(post)
    def keyed(view: View, request: Request, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        key = idempotency.key_of(request.headers, access.signed_in(request))
        if key is None:
            return post(view, request, *args, **kwargs)
        made: list[Response] = []

        def deed() -> Answer:
            made.append(post(view, request, *args, **kwargs))
            return _answer_of(made[0])

        answer, is_repeated = idempotency.once(
            key, _mark_of(request, json.dumps(request.data, sort_keys=True)), deed
        )
        return _again(answer) if is_repeated else made[0]

    return keyed


@dataclass(frozen=True, slots=True)
class Made:
    """What was made, by its id, and the status that says so."""

    status: int
    reference: str


def once_by_reference(request: Request, body: str, make: Callable[[], Made]) -> tuple[Made, bool]:
    """Make something once for the request's key, if it has one; True when it was made before.

    For answers that tell how a thing is now, or a secret that must not be kept.
    """
    key = idempotency.key_of(request.headers, access.signed_in(request))
    if key is None:
        return make(), False

    def deed() -> Answer:
        made = make()
        return Answer(made.status, {}, made.reference)

    answer, is_repeated = idempotency.once(key, _mark_of(request, body), deed)
    return Made(answer.status, answer.body), is_repeated


def _mark_of(request: HttpRequest | Request, *parts: object) -> bytes:
    """Return what tells the request from others; `parts` are those of its body."""
    headers: Mapping[str, str] = request.headers
    telling = {
        name: value for name, value in headers.items() if name in _TELLING or name.startswith("Upload-")
    }
    return idempotency.fingerprint([request.method, request.get_full_path(), sorted(telling.items()), *parts])


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
            return _again(already.answer)
        except (FilesError, AccountError, ClusterError):  # perhaps only because the twin was first
            if idempotency.is_known(self._key):
                return self._first_answer()
            raise

    def keep(self, response: HttpResponse) -> None:
        """Record the answer in the commit's transaction; raises when the twin of this request was first."""
        before = idempotency.claim(self._key, self._mark(), _answer_of(response))
        if before is not None:
            raise _AlreadyAnswered(before)

    def _first_answer(self) -> HttpResponse:
        self._hashed.drop_rest()
        answer = idempotency.find(self._key, self._mark())
        assert answer is not None  # a key lives for longer than a request looks at it
        return _again(answer)

    def _mark(self) -> bytes:
        return _mark_of(self._request, self._hashed.digest())


class _AlreadyAnswered(Exception):
    """Ends the commit of a request whose twin was first."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("this request was answered already")
        self.answer = answer


def _answer_of(response: HttpResponse) -> Answer:
    body: Any = JSONRenderer().render(response.data) if isinstance(response, Response) else response.content
    headers = {name: value for name, value in response.headers.items() if name != "Content-Type"}
    return Answer(response.status_code, headers, body.decode())


def _again(answer: Answer) -> HttpResponse:
    return HttpResponse(
        answer.body,
        status=answer.status,
        content_type="application/json",
        headers={**answer.headers, **REPLAYED},
    )
