"""Writes the API's replies as JSON: ids and times as they are, a page in a tenth of the time `json` takes."""

from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from itertools import chain
from typing import Any

import orjson
from django.http import HttpResponse, StreamingHttpResponse
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.utils.encoders import JSONEncoder

_encoder = JSONEncoder()  # for what is neither JSON's nor orjson's: texts that are still to be translated


def dump(data: Any) -> bytes:
    """Write JSON; times in UTC as RFC 3339 with a Z."""
    return orjson.dumps(data, default=_encoder.default, option=orjson.OPT_UTC_Z)


def reply(data: Any, *, status: int = HTTPStatus.OK, headers: Mapping[str, str]) -> HttpResponse:
    """Answer with JSON where REST framework does not."""
    return HttpResponse(dump(data), status=status, content_type="application/json", headers=headers)


def stream_list(fields: Mapping[str, Any], name: str, windows: Iterator[list[Any]]) -> StreamingHttpResponse:
    """Answer with fields, the last of which is a list of any length: one window of it is in memory at a time.

    The first window is there before the reply begins, so what it raises gets a reply of its own.
    """
    whole = chain([next(windows, [])], windows)
    return StreamingHttpResponse(_write_list(fields, name, whole), content_type="application/json")


def _write_list(fields: Mapping[str, Any], name: str, windows: Iterator[list[Any]]) -> Iterator[bytes]:
    yield dump({**fields, name: []}).removesuffix(b"]}")
    separator = b""
    for window in windows:
        if window:
            yield separator + dump(window)[1:-1]
            separator = b","
    yield b"]}"


class QuickNegotiation(DefaultContentNegotiation):
    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> Any:
        """Pick as REST framework does; it takes long to see that there is nothing to pick."""
        first, *others = renderers
        accepted = request.META.get("HTTP_ACCEPT", "*/*")
        named = format_suffix or "format" in request.query_params
        if not (others or named) and accepted in ("*/*", first.media_type):
            return first, first.media_type
        return super().select_renderer(request, renderers, format_suffix)


class QuickJSONRenderer(JSONRenderer):
    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Write it as REST framework would; with an indent that was asked for, it does."""
        if data is None or self.get_indent(accepted_media_type or "", renderer_context or {}):
            return super().render(data, accepted_media_type, renderer_context)
        written = dump(data)
        if response := (renderer_context or {}).get("response"):
            response.data = None  # it is in a ring with its request: a page would wait for garbage collection
        return written
