"""Measures every request of the gateway: how many, how long until the reply, how many bytes. Asks nobody.

Series are bounded by the number of routes: a path never becomes a label.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from prometheus_client import Counter, Gauge, Histogram

from nodes.measures import REGISTRY
from storagenode.protocol.body import RECEIVED_BYTES

log = logging.getLogger(__name__)

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
SMALL_BODY_BYTES = 2**20
"""What is read by others than RequestBody is bounded; a larger body that was refused was not read."""

REQUESTS = Counter(
    "dfs_http_requests", "Requests by what was answered.", ["route", "method", "status"], registry=REGISTRY
)
SECONDS = Histogram(
    "dfs_http_request_duration_seconds",
    "From the request's first line to the reply's; the body of an upload lies in between.",
    ["route", "method"],
    buckets=BUCKETS,
    registry=REGISTRY,
)
RECEIVED = Counter("dfs_http_received_bytes", "Bodies of requests.", ["route"], registry=REGISTRY)
SENT = Counter("dfs_http_sent_bytes", "Bodies of replies.", ["route"], registry=REGISTRY)
IN_PROGRESS = Gauge(
    "dfs_http_requests_in_progress",
    "Requests that wait for their reply to begin.",
    multiprocess_mode="sum",
    registry=REGISTRY,
)

_requests: dict[tuple[str, str, int], Counter] = {}
_seconds: dict[tuple[str, str], Histogram] = {}
_bytes: dict[str, tuple[Counter, Counter]] = {}


class MeasureMiddleware:
    """The outermost: what it measures is what the sender sees."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        IN_PROGRESS.inc()
        try:
            response = self.get_response(request)
        finally:
            IN_PROGRESS.dec()
        try:
            _note(request, response, time.perf_counter() - began)
        except (OSError, MemoryError) as error:  # a new series needs room; what was done stays done
            log.error("a request could not be measured: %s", error)
        return response


def route_of(request: HttpRequest) -> str:
    """Name the route by its pattern; what leads nowhere shares one name."""
    match = request.resolver_match
    if match is not None:
        return "admin/" if match.route.startswith("admin/") else match.route or "/"
    return "static" if request.path_info.startswith(settings.STATIC_URL) else "unknown"


def _note(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    method = request.method if request.method in METHODS else "other"  # a client must not invent series
    assert method is not None
    route = route_of(request)
    key = route, method, response.status_code
    counter = _requests.get(key)
    if counter is None:
        counter = _requests[key] = REQUESTS.labels(*key)
    counter.inc()
    histogram = _seconds.get((route, method))
    if histogram is None:
        histogram = _seconds[route, method] = SECONDS.labels(route, method)
    histogram.observe(seconds)
    counters = _bytes.get(route)
    if counters is None:
        counters = _bytes[route] = RECEIVED.labels(route), SENT.labels(route)
    received, sent = counters
    if received_bytes := _received_bytes(request):
        received.inc(received_bytes)
    if method != "HEAD":
        _count_sent(response, sent)


def _received_bytes(request: HttpRequest) -> int:
    counted: int | None = request.META.get(RECEIVED_BYTES)
    if counted is not None:
        return counted
    declared = request.META.get("CONTENT_LENGTH") or "0"
    return int(declared) if declared.isdecimal() and int(declared) <= SMALL_BODY_BYTES else 0


def _count_sent(response: HttpResponseBase, sent: Counter) -> None:
    if isinstance(response, FileResponse):  # the server sends the file itself
        sent.inc(int(response.headers.get("Content-Length", 0)))
    elif isinstance(response, StreamingHttpResponse):
        response.streaming_content = _counted(response.streaming_content, sent)  # type: ignore[arg-type]
    elif isinstance(response, HttpResponse):
        sent.inc(len(response.content))


def _counted(pieces: Iterable[bytes], sent: Counter) -> Iterator[bytes]:
    for piece in pieces:
        sent.inc(len(piece))
        yield piece
