"""Holds every answer that a story gets from the API in its own process to the description of the API.

A middleware before all others looks at each answer to an operation that is described: its status, its type,
and its JSON, the code of a refusal included. What is not as described fails the story. An internal_error is
the fault of the story's own making.
"""

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import jsonschema
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from tests.fuzz.description import document

LARGEST_BYTES = 64 * 1024
"""Of JSON: what is longer has more of the same."""
_CONVERTER = re.compile(r"<(?:\w+:)?(\w+)>")
wrong: list[str] = []


class DescribedMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code != 500 and request.resolver_match is not None:
            method = request.META["REQUEST_METHOD"]
            path = address_of(request.resolver_match.route)
            asked = f"{method} {request.get_full_path()} -> {response.status_code}"
            wrong.extend(f"{asked}: {what}" for what in differences(method, path, response))
        return response


def address_of(route: str) -> str:
    """Write a route of Django's as the description does: `/api/v1/entries/{entry_id}`."""
    return "/" + _CONVERTER.sub(r"{\1}", route)


def differences(method: str, path: str, response: HttpResponseBase) -> Iterator[str]:
    """Yield what of an answer the description does not tell; HEAD is answered as GET is, without a body."""
    item = document()["paths"].get(path, {})
    operation = item.get(method.lower(), item.get("get") if method == "HEAD" else None)
    if operation is None:
        return
    reply = _resolved(operation["responses"].get(str(response.status_code)))
    if reply is None:
        yield f"this status is not described, {_body(response)[:200]!r}"
    elif method != "HEAD" and "content" in reply:
        kind = response.headers.get("Content-Type", "").partition(";")[0]
        if kind not in reply["content"] and "*/*" not in reply["content"]:
            yield f"the type {kind} is not described"
        elif kind.endswith("json") and kind in reply["content"] and (body := _body(response)):
            checks = _validator(json.dumps(reply["content"][kind]["schema"]))
            yield from (
                f"{error.json_path}: {error.message:.300}" for error in checks.iter_errors(json.loads(body))
            )


def _body(response: HttpResponseBase) -> bytes:
    """Return what was written, if it is of one piece, and no book."""
    if isinstance(response, HttpResponse) and len(response.content) <= LARGEST_BYTES:
        return response.content
    return b""


def _resolved(reply: dict[str, Any] | None) -> dict[str, Any] | None:
    if reply is None or "$ref" not in reply:
        return reply
    described: dict[str, Any] = document()["components"]["responses"][reply["$ref"].rpartition("/")[2]]
    return described


@cache
def _validator(schema: str) -> Any:
    whole = {**json.loads(schema), "components": document()["components"]}
    return jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker())
