"""What every reply of the gateway carries, and the problem in place of an exception from a plain view."""

from collections.abc import Callable

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from rest_framework.exceptions import MethodNotAllowed

from dfsweb import api_errors

_PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)


class ReplyMiddleware:
    """Headers that keep private things private, where a view has not set its own; problems for exceptions."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and api_errors.is_api(request):
            response = _method_not_allowed(request, response["Allow"])
        headers = response.headers
        if "Cache-Control" not in headers:
            headers["Cache-Control"] = "private, no-store"
        if "Content-Security-Policy" not in headers and headers.get("Content-Type", "").startswith(
            "text/html"
        ):
            headers["Content-Security-Policy"] = _PAGE_POLICY
        # As it was sent: of a tus client's POST, `request.method` says what it stands for.
        if request.META["REQUEST_METHOD"] == "HEAD" and isinstance(response, HttpResponse):
            response.content = b""  # gunicorn drops it, too, and says so in the log each time
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if api_errors.is_api(request):
            return api_errors.problem_response(error, request)
        problem = api_errors.describe(error)
        if problem.code == "internal_error":
            return None  # Django shows it when DEBUG is on, and else calls `api_errors.server_error`
        if problem.status == 401:
            return redirect_to_login(request.get_full_path())
        return api_errors.problem_response(error, request)


def _method_not_allowed(request: HttpRequest, allowed: str) -> HttpResponse:
    """Django's own refusal, by `require_http_methods`, has no words."""
    response = api_errors.problem_response(MethodNotAllowed(request.method or ""), request)
    response.headers["Allow"] = allowed
    return response
