"""The one table from an error's code to its HTTP status, and the RFC 9457 problem that a client is sent.

For Django REST framework (`handle`), for plain views (`ReplyMiddleware` in `dfsweb.replies`), and for
Django's own error views. What each error means stands in its package's `errors.py`.
"""

import json
import logging
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import psycopg_pool
from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from rest_framework import exceptions

from accounts.authentication import CHALLENGE
from accounts.errors import CsrfRefused
from dfsweb import faults
from storagenode.memory import is_shortage
from storagenode.protocol import request_ids

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 5
"""What a 423, 429 or 503 asks a client to wait when the error does not know better."""
_FOR_NOW = (HTTPStatus.LOCKED, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)

STATUSES: dict[str, tuple[int, str]] = {
    # of HTTP itself
    "malformed": (400, "The request cannot be understood"),
    "not_signed_in": (401, "Not signed in"),
    "forbidden": (403, "Not allowed"),
    "not_found": (404, "Not found"),
    "method_not_allowed": (405, "This method is not for this address"),
    "not_acceptable": (406, "No such format"),
    "too_large": (413, "Too large"),
    "unsupported_media_type": (415, "This media type is not taken here"),
    "invalid_fields": (422, "Some fields need another value"),
    "too_many_requests": (429, "Too many requests"),
    "internal_error": (500, "Something went wrong"),
    "database_unavailable": (503, "The database does not answer"),
    # accounts
    "token_refused": (401, "Token refused"),
    "token_expired": (401, "Token expired"),
    "sign_in_refused": (401, "Sign-in refused"),
    "csrf_refused": (403, "Not proven to come from this site"),
    "scope_missing": (403, "The token lacks a scope"),
    "beyond_folder": (403, "Beyond the token's folder"),
    "staff_only": (403, "For administrators only"),
    "registration_closed": (403, "Registration is closed"),
    "email_unconfirmed": (403, "The e-mail address is not confirmed"),
    "invitation_refused": (410, "No good invitation"),
    "username_taken": (409, "Username taken"),
    "idempotency_key_reused": (422, "The key was used for another request"),
    "too_many_tokens": (409, "Too many tokens"),
    "too_many_attempts": (429, "Too many attempts"),
    "quota_exceeded": (507, "Quota exceeded"),
    # files
    "files_error": (500, "The tree failed"),
    "bad_header": (400, "A header cannot be understood"),
    "bad_cursor": (400, "This cursor is not from here"),
    "parent_not_found": (404, "No such folder"),
    "read_only": (403, "To be read only"),
    "owner_only": (403, "For its owner only"),
    "another_tree": (409, "In another tree"),
    "conflict": (409, "Conflict"),
    "name_taken": (409, "Name taken"),
    "not_a_folder": (409, "Not a folder"),
    "not_a_file": (409, "Not a file"),
    "move_into_itself": (409, "A folder cannot move into itself"),
    "root_is_fixed": (409, "The topmost folder stays"),
    "parent_gone": (409, "The folder is gone"),
    "not_in_trash": (409, "Not in the trash"),
    "too_many_entries": (409, "Too many entries at once"),
    "too_deep": (409, "Too many folders in each other"),
    "version_is_current": (409, "The current version stays"),
    "offset_mismatch": (409, "Not the next bytes"),
    "part_unfinished": (409, "A part is not finished"),
    "upload_complete": (409, "The upload is complete"),
    "link_expired": (410, "This link has ended"),
    "link_exhausted": (410, "This link is used up"),
    "link_password_refused": (403, "Not the password"),
    "upload_expired": (410, "The upload has expired"),
    "cursor_expired": (410, "Begin again without a cursor"),
    "precondition_failed": (412, "Changed in the meantime"),
    "unsupported_tus_version": (412, "Another version of tus"),
    "upload_too_long": (413, "More bytes than declared"),
    "unsupported_upload_type": (415, "Not the type of an upload's bytes"),
    "range_not_satisfiable": (416, "No such range"),
    "invalid": (422, "A value cannot be used"),
    "invalid_name": (422, "A name cannot be used"),
    "digest_mismatch": (422, "The bytes do not match their digest"),
    "checksum_mismatch": (460, "The bytes do not match their checksum"),  # of tus, not of HTTP
    "final_upload": (403, "Joined of parts"),
    "too_many_transfers": (503, "Too many transfers at once"),
    # nodes
    "cluster_error": (500, "The byte store failed"),
    "quorum_not_reached": (503, "Too few storage nodes"),
    "cluster_full": (507, "No room on the storage nodes"),
    "content_unavailable": (503, "No good copy can be read now"),
    "chunk_reclaimed": (503, "Send the bytes again"),
    "window_too_old": (503, "Send the bytes again"),
    "upload_taken_over": (409, "Another request took the upload over"),
    "upload_locked": (423, "Another request is sending the upload"),
    "upload_cut": (400, "The upload was cut"),
    "overloaded": (503, "Too many transfers at once"),
    "node_error": (503, "A storage node failed"),
    "node_unreachable": (503, "A storage node does not answer"),
    "node_refused": (503, "A storage node refused"),
    "replica_absent": (503, "A copy is missing"),
    "node_busy": (503, "A storage node is busy"),
    "replica_corrupt": (503, "A copy is damaged"),
    "replica_unreadable": (503, "A copy cannot be read"),
    "scrape_denied": (401, "Metrics need the scrape token"),
    "membership_refused": (409, "The node's duty cannot change so"),
    "join_token_refused": (401, "Not the join token"),
    "join_refused": (403, "The node may not join"),
    "store_cloned": (409, "Two nodes answer as one store"),
    "store_foreign": (409, "The store belongs to another cluster"),
    "node_still_needed": (409, "The node is still needed"),
}

_DATABASE_DOWN = (OperationalError, InterfaceError, psycopg_pool.PoolTimeout)
_CODES_OF_REST: dict[type[exceptions.APIException], str] = {
    exceptions.ParseError: "malformed",
    exceptions.AuthenticationFailed: "token_refused",
    exceptions.NotAuthenticated: "not_signed_in",
    exceptions.PermissionDenied: "forbidden",
    exceptions.NotFound: "not_found",
    exceptions.MethodNotAllowed: "method_not_allowed",
    exceptions.NotAcceptable: "not_acceptable",
    exceptions.UnsupportedMediaType: "unsupported_media_type",
    exceptions.Throttled: "too_many_requests",
}
_OPENING = ("token", "proof", "uidb64")
"""Parts of addresses that are secrets: of public links, letters and invitations."""
_NOT_FOUND_DETAIL = "There is nothing here, or nothing that you may see."


def status_of(code: str) -> int:
    """Return the HTTP status of an error code. Raises KeyError for a code without a row."""
    return STATUSES[code][0]


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as its reader is told: RFC 9457 members, our own, and facts."""

    code: str
    detail: str
    retryable: bool = False
    retry_after_seconds: int | None = None
    errors: list[dict[str, str]] = field(default_factory=list)
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> int:
        return status_of(self.code)

    @property
    def title(self) -> str:
        return STATUSES[self.code][1]

    def members(self) -> dict[str, Any]:
        members = {
            **self.facts,
            "type": f"urn:dfsweb:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "retryable": self.retryable,
            "request_id": request_ids.current.get(),
        }
        return {**members, "errors": self.errors} if self.errors else members

    def headers(self) -> dict[str, str]:
        if self.status == HTTPStatus.UNAUTHORIZED:
            return {"WWW-Authenticate": CHALLENGE}
        if self.status in _FOR_NOW:
            return {"Retry-After": str(self.retry_after_seconds or RETRY_AFTER_SECONDS)}
        if self.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return {"Content-Range": f"bytes */{self.facts['size']}"}
        return {}


def describe(error: BaseException | None) -> Problem:
    """Say what any exception means; what nobody foresaw is an `internal_error` without detail."""
    code = getattr(error, "code", None)
    if isinstance(code, str) and code in STATUSES:
        return Problem(
            code=code,
            detail=str(error) or (type(error).__doc__ or "").strip(),
            retryable=bool(getattr(error, "retryable", False)),
            retry_after_seconds=getattr(error, "retry_after_seconds", None),
            errors=list(_field_errors(getattr(error, "errors", {}))),
            facts=getattr(error, "facts", {}),
        )
    if isinstance(error, _DATABASE_DOWN):
        return Problem("database_unavailable", "The database does not answer. Try again in a moment.", True)
    if is_shortage(error):
        return Problem("overloaded", "This server has no memory left for it. Try again in a moment.", True)
    if isinstance(error, exceptions.APIException):
        return _describe_rest(error)
    if isinstance(error, Http404):
        return Problem("not_found", _NOT_FOUND_DETAIL)
    if isinstance(error, PermissionDenied):
        return Problem("forbidden", "You may not do this.")
    if isinstance(error, RequestDataTooBig):
        return Problem("too_large", "The request's body is larger than this address takes.")
    if isinstance(error, SuspiciousOperation | BadRequest | UnreadablePostError | MultiPartParserError):
        return Problem("malformed", "The request cannot be understood.")
    return Problem(
        "internal_error", "Something went wrong here. Try again; if it stays, tell an administrator.", True
    )


def problem_response(error: BaseException, request: HttpRequest) -> HttpResponse:
    """Answer with the problem that this exception means, and log what an operator should know of."""
    problem = describe(error)
    if problem.code == "internal_error":
        logger.error("%s %s failed", request.method, _place(request), exc_info=error)
    elif problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        logger.warning("%s %s: %s: %s", request.method, _place(request), problem.code, _one_line(str(error)))
    return render_problem(problem, request)


def render_problem(problem: Problem, request: HttpRequest) -> HttpResponse:
    """Write a problem as JSON for the API and as a page for a person."""
    if not is_api(request):
        address, path = request.get_full_path(), request.path_info
        page = {
            "fault": faults.explain(problem.status, problem.code, problem.detail, path=path),
            "ways": faults.ways_out(problem.status, method=request.method or "", path=path, address=address),
            "request_id": request_ids.current.get(),
        }
        reply = render(
            None,  # no context processors: they ask the database
            "error.html",
            page,
            status=problem.status,
        )
        for name, value in problem.headers().items():
            reply.headers[name] = value
        return reply
    body = json.dumps(problem.members(), ensure_ascii=False, default=str)
    return HttpResponse(
        body.encode(errors="replace"),
        status=problem.status,
        content_type="application/problem+json",
        headers=problem.headers(),
    )


def handle(error: Exception, context: Mapping[str, Any]) -> HttpResponse:
    """Django REST framework's EXCEPTION_HANDLER."""
    request: HttpRequest = context["request"]._request
    return problem_response(error, request)


def is_api(request: HttpRequest) -> bool:
    return request.path_info.startswith(("/api/", "/healthz", "/readyz", "/metrics"))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render_problem(describe(exception), request)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render_problem(describe(exception), request)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render_problem(describe(exception), request)


def server_error(request: HttpRequest) -> HttpResponse:
    """Called while the exception that no view and no middleware took is being handled."""
    error = sys.exc_info()[1]
    assert error is not None
    return problem_response(error, request)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render_problem(describe(CsrfRefused(None, reason=str(reason))), request)


def _describe_rest(error: exceptions.APIException) -> Problem:
    if isinstance(error, exceptions.ValidationError):
        return Problem(
            "invalid_fields", "Some fields need another value.", errors=list(_field_errors(error.detail))
        )
    code = next((code for kind, code in _CODES_OF_REST.items() if isinstance(error, kind)), None)
    if code is None:
        code = "internal_error" if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR else "malformed"
    wait = getattr(error, "wait", None)
    detail = _NOT_FOUND_DETAIL if code == "not_found" else str(error.detail)
    return Problem(code, detail, wait is not None, None if wait is None else max(1, int(wait)))


def _field_errors(errors: Any, name: str = "") -> Iterator[dict[str, str]]:
    """Flatten nested messages into `{field, detail, code}` with dotted field names."""
    if isinstance(errors, Mapping):
        for key, inner in errors.items():
            part = "" if key == "non_field_errors" else str(key)
            yield from _field_errors(inner, ".".join(filter(None, (name, part))))
    elif isinstance(errors, list | tuple):
        for inner in errors:
            yield from _field_errors(inner, name)
    else:
        yield {"field": name, "detail": str(errors), "code": str(getattr(errors, "code", None) or "invalid")}


def _place(request: HttpRequest) -> str:
    """Say where a request went, for the log: what opens something by itself is left out of it."""
    place, match = request.path, request.resolver_match
    for name in _OPENING:
        if value := match.kwargs.get(name) if match else None:
            place = place.replace(str(value), "[hidden]")
    return _one_line(place)


def _one_line(text: str) -> str:
    return text.encode("unicode_escape").decode()
