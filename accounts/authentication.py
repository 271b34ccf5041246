"""Says who sends a request: the owner of an API token, or the browser's session with a CSRF check.

For Django REST framework as classes, and for plain views as `authenticate` and `@authenticated`.
"""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, cast

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.utils.datastructures import MultiValueDict
from django.views.decorators.csrf import csrf_exempt
from knox.crypto import hash_token
from rest_framework.authentication import BaseAuthentication, CSRFCheck

from accounts.errors import CsrfRefused, NotSignedIn, TokenExpired, TokenRefused
from accounts.models import User
from accounts.permissions import Grant, require, scope_for

if TYPE_CHECKING:
    from rest_framework.request import Request

P = ParamSpec("P")
logger = logging.getLogger(__name__)

_database = cast(Any, connection)  # ours: it has `fetch_row`
CHALLENGE = 'Token realm="dfsweb", Bearer realm="dfsweb"'
_SCHEMES = frozenset({"token", "bearer"})
_LONGEST_TOKEN = 200
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

# This runs for nearly every request. Written out, it costs a third of what the query builder takes, and is
# planned once for each connection; OFFSET 0 keeps the order, the token first, whatever the figures of tables.
_WANTED = {"id", "username", "email", "is_active", "is_staff", "is_superuser"}
_USER_FIELDS = [field.attname for field in User._meta.concrete_fields if field.attname in _WANTED]
_FIND = f"""
SELECT t.id, t.scopes::text, t.folder_id, coalesce(t.expiry <= now(), false),
       coalesce(t.last_used_at < now() - interval '1 minute', true),
       {", ".join(f"sender.{name}" for name in _USER_FIELDS)} {{columns}}
  FROM accounts_token t
  CROSS JOIN LATERAL (SELECT * FROM accounts_user WHERE id = t.user_id OFFSET 0) sender {{joins}}
 WHERE t.digest = %s
"""
_ASK_ALONE = (
    "SELECT {columns} FROM (SELECT %s::bigint AS id) AS sender, (SELECT %s::uuid AS folder_id) AS t {joins}"
)
_TOKEN_COLUMNS = 5
_TOUCH = """
UPDATE accounts_token SET last_used_at = now()
 WHERE digest = %s AND coalesce(last_used_at < now() - interval '1 minute', true)
"""


@dataclass(frozen=True, slots=True)
class Errand:
    """What else to ask the database while it says who sends a request: one round trip instead of two.

    `joins` follow a row that has the user as `sender.id` and the folder their token is bound to as
    `t.folder_id`, and never drop or double it.
    """

    columns: str
    joins: str

    def ask(self, user: User, parameters: Sequence[Any]) -> Sequence[Any]:
        """Ask for a user who is known already; returns the row of `columns`."""
        statement = _ASK_ALONE.format(columns=self.columns, joins=self.joins)
        # Placeholders in their order: the user's stands before those of the joins.
        row: Sequence[Any] = _database.fetch_row(statement, [user.pk, user.confined_to, *parameters])
        return row


def authenticate(request: HttpRequest, *, scope: str | None = None) -> User:
    """Return who sends this request, allowed to do what its method (or the named scope) means.

    Raises NotSignedIn or one of its kind (401), ScopeMissing, StaffOnly or CsrfRefused (403). The view must
    be exempt from the CSRF middleware, or a token cannot write: `@authenticated` sees to both.
    """
    found = _by_token(request)
    user, grant = found or (_by_session(request), None)
    return _admit(request, user, grant, scope)


def authenticate_and_ask(
    request: HttpRequest, errand: Errand, parameters: Sequence[Any]
) -> tuple[User, Sequence[Any]]:
    """Do what `authenticate` does, and the errand with it; returns the user and the errand's row."""
    digest = _token_digest(request)
    if digest is None:
        user = _admit(request, _by_session(request), None)
        return user, errand.ask(user, parameters)
    user, grant, row = _find(digest, errand, parameters)
    return _admit(request, user, grant), row


def _admit(request: HttpRequest, user: User | None, grant: Grant | None, scope: str | None = None) -> User:
    if user is None:
        raise NotSignedIn
    require(user, grant, scope or scope_for(request.method))
    request.user = user
    return user


def authenticated(
    view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Have a plain view called with `request.user` signed in and allowed to use the request's method."""

    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        authenticate(request)
        return view(request, *args, **kwargs)

    return guarded


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Token <token>` or `Bearer <token>`; `request.auth` is its Grant."""

    def authenticate(self, request: "Request") -> tuple[User, Grant] | None:
        return _by_token(request._request)

    def authenticate_header(self, request: "Request") -> str:
        return CHALLENGE


class SessionAuthentication(BaseAuthentication):
    """The browser's session; whatever changes something needs its CSRF token."""

    def authenticate(self, request: "Request") -> tuple[User, None] | None:
        user = _by_session(request._request)
        return None if user is None else (user, None)


def has_token(request: HttpRequest) -> bool:
    """Tell whether the request says that it is signed in by a token, be it good or not."""
    scheme = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")[0]
    return scheme.lower() in _SCHEMES


def _by_token(request: HttpRequest) -> tuple[User, Grant] | None:
    digest = _token_digest(request)
    return None if digest is None else _find(digest)[:2]


def _token_digest(request: HttpRequest) -> str | None:
    """Return what the database knows of the request's token; None when it has none."""
    if not has_token(request):
        return None
    token = request.META["HTTP_AUTHORIZATION"].partition(" ")[2].strip()
    if not token or len(token) > _LONGEST_TOKEN:
        raise TokenRefused
    digest: str = hash_token(token)
    return digest


@cache
def _statement(errand: Errand | None) -> str:
    if errand is None:
        return _FIND.format(columns="", joins="")
    return _FIND.format(columns=f", {errand.columns}", joins=errand.joins)


def _find(
    digest: str, errand: Errand | None = None, parameters: Sequence[Any] = ()
) -> tuple[User, Grant, Sequence[Any]]:
    row = _database.fetch_row(_statement(errand), [*parameters, digest])
    if row is None:
        raise TokenRefused
    token_id, scopes, folder_id, is_expired, is_touch_due = row[:_TOKEN_COLUMNS]
    further_from = _TOKEN_COLUMNS + len(_USER_FIELDS)
    user = User.from_db(connection.alias, _USER_FIELDS, row[_TOKEN_COLUMNS:further_from])
    user.confined_to = folder_id
    if is_expired:
        raise TokenExpired
    if not user.is_active:
        raise TokenRefused
    if is_touch_due:
        _touch(digest)
    return user, Grant(token_id, frozenset(json.loads(scopes)), folder_id), row[further_from:]


def _touch(digest: str) -> None:
    """Note that the token was used. A figure for people: no request fails for it."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(_TOUCH, [digest])
    except DatabaseError:
        logger.warning("could not note the use of a token", exc_info=True)


def _by_session(request: HttpRequest) -> User | None:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return None
    if request.method not in _SAFE:
        _require_csrf(request)
    return cast(User, user)


def _require_csrf(request: HttpRequest) -> None:
    """Raise CsrfRefused unless the header X-CSRFToken belongs to the cookie and the origin is this site."""
    fields = cast(Any, request)
    if not hasattr(request, "_post"):
        # Django would look for the token among form fields first, and read a large body for it.
        fields._post, fields._files = QueryDict(), MultiValueDict()
    check = CSRFCheck(lambda request: HttpResponse())
    check.process_request(request)
    reason = cast(Any, check).process_view(request, None, (), {})
    if reason:
        raise CsrfRefused(None, reason=str(reason))
