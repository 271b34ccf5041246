"""Every error becomes one kind of problem, whichever door it comes through."""

import errno
import inspect
import json
import logging
from uuid import uuid4

import pytest
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.test import Client, RequestFactory
from django.urls import path
from django.views.decorators.http import require_POST
from psycopg_pool import PoolTimeout
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

import accounts.errors
import files.errors
import nodes.errors
from accounts.authentication import authenticated
from accounts.errors import QuotaExceeded, TooManyAttempts
from dfsweb import api_errors, urls
from dfsweb.replies import ReplyMiddleware
from dfsweb.request_ids import RequestIdFilter
from dfsweb.wsgi import application
from nodes.errors import QuorumNotReached

pytestmark = pytest.mark.urls(__name__)


RAISED: dict[str, Exception] = {
    "quota": QuotaExceeded(needed_bytes=10, free_bytes=4, quota_bytes=7, reserved_bytes=0),
    "attempts": TooManyAttempts(retry_after_seconds=17),
    "quorum": QuorumNotReached(confirmed=1, wanted=2),
    "absent": Http404("the table secret_table has no such row"),
    "denied": PermissionDenied("secret reason"),
    "suspicious": SuspiciousOperation("secret reason"),
    "bad": BadRequest("secret reason"),
    "form": MultiPartParserError("Could not decode base64 data."),
    "operational": OperationalError("connection to server at 10.1.2.3 failed"),
    "interface": InterfaceError("connection already closed"),
    "refused": DatabaseError("secret, raised in a function"),
    "pool": PoolTimeout("couldn't get a connection after 10.00 sec"),
    "memory": MemoryError(),
    "mapping": OSError(errno.ENOMEM, "Cannot allocate memory"),
    "file": FileNotFoundError(errno.ENOENT, "No such file", "secret.txt"),
    "bug": ZeroDivisionError("secret of the house"),
    "throttled": exceptions.Throttled(wait=3.2),
}
EXPECTED = {
    "quota": (507, "quota_exceeded"),
    "attempts": (429, "too_many_attempts"),
    "quorum": (503, "quorum_not_reached"),
    "absent": (404, "not_found"),
    "denied": (403, "forbidden"),
    "suspicious": (400, "malformed"),
    "bad": (400, "malformed"),
    "form": (400, "malformed"),
    "operational": (503, "database_unavailable"),
    "interface": (503, "database_unavailable"),
    "refused": (500, "internal_error"),
    "pool": (503, "database_unavailable"),
    "memory": (503, "overloaded"),
    "mapping": (503, "overloaded"),
    "file": (500, "internal_error"),
    "bug": (500, "internal_error"),
    "throttled": (429, "too_many_requests"),
}


def fail(request: HttpRequest, name: str) -> HttpResponse:
    raise RAISED[name]


class FailView(APIView):
    authentication_classes = []
    permission_classes = []

    def get(self, request: Request, name: str) -> Response:
        raise RAISED[name]

    def post(self, request: Request, name: str) -> Response:
        return Response(request.data)


@authenticated
def private(request: HttpRequest) -> HttpResponse:
    return HttpResponse("private")


urlpatterns = [
    path("api/v1/plain/<name>", fail),
    path("api/v1/rest/<name>", FailView.as_view()),
    path("page/<name>", fail),
    path("api/v1/posted", require_POST(private)),
    path("private", private),
    *urls.urlpatterns,
]
handler400, handler403, handler404, handler500 = (
    urls.handler400,
    urls.handler403,
    urls.handler404,
    urls.handler500,
)


@pytest.fixture
def browser():
    return Client(raise_request_exception=False)


def classes_of(module):
    return [kind for _, kind in inspect.getmembers(module, inspect.isclass) if issubclass(kind, Exception)]


@pytest.mark.parametrize(
    "kind",
    classes_of(accounts.errors) + classes_of(nodes.errors) + classes_of(files.errors),
    ids=lambda kind: f"{kind.__module__}.{kind.__name__}",
)
def test_every_error_class_has_a_row_in_the_table(kind):
    if kind is accounts.errors.AccountError:
        return  # abstract: it has no code
    assert 400 <= api_errors.status_of(kind.code) < 600
    assert isinstance(kind.retryable, bool)
    assert (kind.__doc__ or "").strip()


@pytest.mark.parametrize("door", ["plain", "rest"])
@pytest.mark.parametrize("name", RAISED)
def test_an_exception_becomes_a_problem(browser, door, name):
    reply = browser.get(f"/api/v1/{door}/{name}")

    body = reply.json()
    status, code = EXPECTED[name]
    assert reply["Content-Type"] == "application/problem+json"
    assert (reply.status_code, body["status"], body["code"]) == (status, status, code)
    assert {"type", "title", "detail", "retryable"} <= body.keys()
    assert body["request_id"] == reply["X-Request-Id"] != "-"
    assert "no-store" in reply["Cache-Control"]
    assert ("Retry-After" in reply) == (status in (429, 503))
    assert "secret" not in reply.text and "10.1.2.3" not in reply.text


def test_a_problem_carries_the_facts_and_the_wait(browser):
    quota = browser.get("/api/v1/plain/quota").json()

    assert (quota["needed_bytes"], quota["free_bytes"], quota["retryable"]) == (10, 4, False)
    assert browser.get("/api/v1/plain/attempts")["Retry-After"] == "17"
    assert int(browser.get("/api/v1/rest/throttled")["Retry-After"]) >= 3
    assert browser.get("/api/v1/plain/quorum").json()["retryable"] is True


@pytest.mark.parametrize("door", ["api/v1/plain", "api/v1/rest", "page"])
def test_a_bug_is_logged_once_with_its_traceback_and_request_id(browser, door, caplog):
    caplog.handler.addFilter(RequestIdFilter())
    browser.get(f"/{door}/bug", headers={"X-Request-Id": "find-me"})

    records = [record for record in caplog.records if record.exc_info]
    assert len(records) == 1
    assert records[0].exc_info[0] is ZeroDivisionError
    assert records[0].request_id == "find-me"


def test_an_expected_outage_is_one_line_in_the_log(browser, caplog):
    caplog.set_level(logging.WARNING, logger="dfsweb")

    browser.get("/api/v1/plain/operational")

    lines = [record for record in caplog.records if record.name == "dfsweb.api_errors"]
    assert len(lines) == 1 and lines[0].exc_info is None
    assert "database_unavailable" in lines[0].getMessage()


@pytest.mark.parametrize("name", ["quota", "quorum", "absent", "denied", "suspicious", "operational", "bug"])
def test_a_person_gets_a_page(browser, name):
    reply = browser.get(f"/page/{name}")

    assert reply.status_code == EXPECTED[name][0]
    assert reply["Content-Type"].startswith("text/html")
    assert "default-src 'self'" in reply["Content-Security-Policy"]
    assert "secret" not in reply.text


def test_a_person_who_is_not_signed_in_is_led_to_the_door(browser):
    reply = browser.get("/private?a=1")

    assert (reply.status_code, reply["Location"]) == (302, "/sign-in?next=/private%3Fa%3D1")


@pytest.mark.parametrize(
    ("method", "address", "body", "content_type", "status", "code"),
    [
        ("GET", "/api/v1/nothing", b"", "", 404, "not_found"),
        ("GET", "/api/nothing\x00", b"", "", 404, "not_found"),
        ("PATCH", "/api/v1/rest/x", b"", "", 405, "method_not_allowed"),
        ("GET", "/api/v1/auth/register", b"", "", 405, "method_not_allowed"),
        ("GET", "/api/v1/posted", b"", "", 405, "method_not_allowed"),
        ("POST", "/api/v1/rest/x", b"{", "application/json", 400, "malformed"),
        ("POST", "/api/v1/rest/x", b"\xff\xfe", "application/json", 400, "malformed"),
        ("POST", "/api/v1/rest/x", b"NaN", "application/json", 400, "malformed"),
        ("POST", "/api/v1/rest/x", b"[" * 100_000, "application/json", 400, "malformed"),
        ("POST", "/api/v1/rest/x", b"9" * 5000, "application/json", 400, "malformed"),
        ("POST", "/api/v1/rest/x", b'"' + b"x" * 3_000_000, "application/json", 413, "too_large"),
        (
            "POST",
            "/api/v1/rest/x",
            b"a=1",
            "application/x-www-form-urlencoded",
            415,
            "unsupported_media_type",
        ),
        ("POST", "/api/v1/rest/x", b"a: 1", "text/yaml", 415, "unsupported_media_type"),
    ],
)
def test_bad_input_is_never_our_fault(browser, method, address, body, content_type, status, code):
    reply = browser.generic(method, address, body, content_type=content_type)

    assert (reply.status_code, reply["Content-Type"]) == (status, "application/problem+json")
    assert reply.json()["code"] == code
    if status == 405:
        assert "POST" in reply["Allow"]


def test_a_format_nobody_speaks_is_refused(browser):
    reply = browser.post(
        "/api/v1/rest/x", "{}", content_type="application/json", headers={"Accept": "image/png"}
    )

    assert (reply.status_code, reply.json()["code"]) == (406, "not_acceptable")


def test_a_host_we_do_not_serve_is_malformed(browser):
    reply = browser.get("/api/v1/auth/tokens", headers={"Host": "evil.example"})

    assert (reply.status_code, reply.json()["code"]) == (400, "malformed")
    assert "evil" not in reply.text


def test_a_csrf_failure_of_the_api_is_a_problem_and_of_a_page_a_page():
    browser = Client(enforce_csrf_checks=True)

    api = browser.post("/api/v1/plain/bug")
    page = browser.post("/page/bug")

    assert (api.status_code, api.json()["code"]) == (403, "csrf_refused")
    assert (page.status_code, page["Content-Type"]) == (403, "text/html; charset=utf-8")


def test_nested_messages_are_flattened_to_dotted_fields():
    error = exceptions.ValidationError({"a": [{"b": ["wrong"]}], "non_field_errors": ["both wrong"]})

    problem = api_errors.describe(error)

    assert problem.errors == [
        {"field": "a.b", "detail": "wrong", "code": "invalid"},
        {"field": "", "detail": "both wrong", "code": "invalid"},
    ]


@pytest.mark.parametrize("given", ["a\nb", "x" * 65, "<script>", "", "ä"])
def test_a_request_id_that_is_not_sane_is_replaced(browser, given):
    reply = browser.get("/api/v1/nothing", headers={"X-Request-Id": given})

    assert reply["X-Request-Id"] != given
    assert len(reply["X-Request-Id"]) == 32
    assert json.loads(reply.content)["request_id"] == reply["X-Request-Id"]


def test_who_asks_for_headers_alone_is_told_how_long_the_rest_would_be_and_sent_none_of_it():
    told = ReplyMiddleware(lambda request: HttpResponse("words", headers={"Content-Length": "5"}))

    reply = told(RequestFactory().head("/api/v1/uploads/gone"))

    assert (reply.content, reply["Content-Length"]) == (b"", "5")


def test_a_post_that_stands_for_a_head_is_refused_in_as_many_bytes_as_it_is_announced():
    """Its client sent a POST, and would wait for them."""
    asked = RequestFactory().post(f"/api/v1/uploads/{uuid4()}", headers={"X-HTTP-Method-Override": "HEAD"})
    told = {}

    body = b"".join(application(asked.environ, lambda status, headers: told.update(headers, status=status)))

    assert told["status"] == "401 Unauthorized"
    assert json.loads(body)["code"] == "not_signed_in"
    assert told["Content-Length"] == str(len(body))
