"""The doors' part of idempotency keys: what makes two requests the same, and the first answer given again.

A request with JSON does its deed in one transaction with its key.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from drf_spectacular.utils import OpenApiParameter
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import idempotency
from accounts.idempotency import HEADER, REPLAYED, Answer, Key
from accounts.models import User

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
        key = _key_of(request)
        if key is None:
            return post(view, request, *args, **kwargs)
        made: list[Response] = []

        def deed() -> Answer:
            made.append(post(view, request, *args, **kwargs))
            return answer_of(made[0])

        answer, is_repeated = idempotency.once(
            key, mark_of(request, json.dumps(request.data, sort_keys=True)), deed
        )
        return again(answer) if is_repeated else made[0]

    return keyed


@dataclass(frozen=True, slots=True)
class Made:
    """What was made, by its id, and the status that says so."""

    status: int
    reference: str


def once_by_reference(
    request: Request, body: str, make: Callable[[], Made], *, user: User | None = None
) -> tuple[Made, bool]:
    """Make something once for the request's key, if it has one; True when it was made before.

    For answers that tell how a thing is now, or a secret that must not be kept. The user is who sends the
    request, where it is not said by its headers.
    """
    key = _key_of(request) if user is None else idempotency.key_of(request.headers, user)
    if key is None:
        return make(), False

    def deed() -> Answer:
        made = make()
        return Answer(made.status, {}, made.reference)

    answer, is_repeated = idempotency.once(key, mark_of(request, body), deed)
    return Made(answer.status, answer.body), is_repeated


def without_password(request: Request) -> str:
    """Return the JSON of a request but for its password: of that nothing is kept that is quickly compared."""
    said = cast(Mapping[str, Any], request.data)
    return json.dumps({**said, "password": None}, sort_keys=True)


def secret_of(request: Request) -> str:
    """Return what nobody knows but who sends this request under its key; without one what nobody knows.

    Nothing that is kept tells it: the key and the password are part of it. Raises KeyMalformed.
    """
    text = idempotency.text_of(request.headers)
    if text is None:
        return secrets.token_hex()
    return f"{text}\n{json.dumps(request.data, sort_keys=True)}"


def _key_of(request: Request) -> Key | None:
    return idempotency.key_of(request.headers, cast(User, request.user))


def mark_of(request: HttpRequest | Request, *parts: object) -> bytes:
    """Return what tells the request from others; `parts` are those of its body."""
    headers: Mapping[str, str] = request.headers
    telling = {
        name: value for name, value in headers.items() if name in _TELLING or name.startswith("Upload-")
    }
    return idempotency.fingerprint([request.method, request.get_full_path(), sorted(telling.items()), *parts])


def answer_of(response: HttpResponse) -> Answer:
    """Return what of a reply is kept."""
    body: Any = JSONRenderer().render(response.data) if isinstance(response, Response) else response.content
    headers = {name: value for name, value in response.headers.items() if name != "Content-Type"}
    return Answer(response.status_code, headers, body.decode())


def again(answer: Answer) -> HttpResponse:
    """Write the first answer once more, and say that it is."""
    return HttpResponse(
        answer.body,
        status=answer.status,
        content_type="application/json",
        headers={**answer.headers, **REPLAYED},
    )
