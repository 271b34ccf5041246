"""The one place that says which scope a request needs and whether its sender has it.

A token acts within its scopes; a browser's session has all that its user may do.
"""

from collections.abc import Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from rest_framework.permissions import BasePermission

from accounts.errors import BeyondFolder, Forbidden, NotSignedIn, ScopeMissing, StaffOnly
from accounts.models import Token, User

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView

_READING = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Grant:
    """What the token at hand allows. It is `request.auth`; a session has none."""

    token_id: UUID
    scopes: Set[str]
    folder_id: UUID | None = None
    """The folder it is bound to."""


def scope_for(method: str | None) -> Token.Scope:
    return Token.Scope.READ if method in _READING else Token.Scope.WRITE


def permission_for(view: "APIView", method: str | None) -> str | None:
    """Return the permission of the admin's that this view asks for, beside the scope."""
    kind = "permission_to_read" if method in _READING else "permission_to_change"
    permission: str | None = getattr(view, kind, None)
    return permission


def require(user: User | AnonymousUser, grant: Grant | None, scope: str) -> None:
    """Raise NotSignedIn, StaffOnly or ScopeMissing unless this user, by this token, has the scope.

    The scope `admin` is for staff alone.
    """
    if not user.is_authenticated:
        raise NotSignedIn
    if scope == Token.Scope.ADMIN and not user.is_staff:
        raise StaffOnly
    if grant is not None and scope not in grant.scopes:
        raise ScopeMissing(f"This token lacks the scope “{scope}”. Make one that has it.", scope=str(scope))


def may_administer(user: User | AnonymousUser, grant: Grant | None) -> bool:
    """Tell whether this user, by this token, may see what concerns everybody."""
    try:
        require(user, grant, Token.Scope.ADMIN)
    except (NotSignedIn, StaffOnly, ScopeMissing):
        return False
    return True


class ScopedAccess(BasePermission):
    """The default of every API view: the scope its method needs, or the view's own `required_scope`.

    What the admin asks a permission for asks for the same here: the view's `permission_to_read` or
    `permission_to_change`. A token that is bound to a folder comes no further than to views that say
    `is_of_tree`.
    """

    def has_permission(self, request: "Request", view: "APIView") -> bool:
        scope = getattr(view, "required_scope", None) or scope_for(request.method)
        grant = cast("Grant | None", request.auth)
        require(request.user, grant, scope)
        if grant is not None and grant.folder_id is not None and not getattr(view, "is_of_tree", False):
            raise BeyondFolder
        needed = permission_for(view, request.method)
        if needed is not None and not request.user.has_perm(needed):
            raise Forbidden(f"Your account lacks the permission “{needed}”, which an administrator can give.")
        return True
