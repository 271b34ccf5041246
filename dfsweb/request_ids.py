"""One id for each request: taken from the caller when it is sane, put on the reply and on every log line.

What a request has workers do carries its id (`dfsweb.celery`).
"""

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from storagenode.protocol.request_ids import accept, current


class RequestIdMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request_id = accept(request.META.get("HTTP_X_REQUEST_ID"))
        current.set(request_id)
        response = self.get_response(request)
        response["X-Request-Id"] = request_id
        return response


class RequestIdFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = current.get()
        return True
