"""One id for each request: taken from the caller when it is sane, put on the reply and on every log line."""

import logging
import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from nodes.request_ids import current
from storagenode.protocol import chance

__all__ = ["RequestIdFilter", "RequestIdMiddleware", "current"]

_SANE = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")


class RequestIdMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = given if _SANE.match(given) else chance.draw().hex()
        current.set(request_id)
        response = self.get_response(request)
        response["X-Request-Id"] = request_id
        return response


class RequestIdFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = current.get()
        return True
