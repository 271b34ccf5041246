"""From where administrators may act: ADMIN_NETWORKS, or anywhere while it is empty.

What only they may do is refused to everybody elsewhere, before anybody is asked who they are: the admin with
its sign-in, the cluster's pages, and what asks for the scope `admin` in the API.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from accounts import sign_in
from accounts.errors import StaffOnly
from accounts.models import Token
from dfsweb import api_errors

_PAGES = ("admin", "cluster")
"""How the addresses of administrators' pages begin."""


class AdminNetworksMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, *_: object) -> HttpResponse | None:
        if admits(request) or not _is_for_administrators(request, view):
            return None
        seen = sign_in.address_of(request)
        told = f"Administrators act in certain networks alone, and {seen} is in none of them."
        return api_errors.problem_response(StaffOnly(told), request)


def admits(request: HttpRequest) -> bool:
    """Tell whether administrators may act from where this request comes."""
    networks = settings.ADMIN_NETWORKS
    return not networks or sign_in.is_within(sign_in.address_of(request), networks)


def _is_for_administrators(request: HttpRequest, view: Any) -> bool:
    if getattr(getattr(view, "cls", None), "required_scope", None) == Token.Scope.ADMIN:
        return True
    match = request.resolver_match
    return match is not None and match.route.partition("/")[0] in _PAGES
