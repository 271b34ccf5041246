"""Browsers that are signed in: kept in the database with who it is, listed to their owner, ended one by one.

Django's own engine with one more column; the settings name this module as SESSION_ENGINE. A session's key
opens it, so nobody is shown it: a session is named by a digest of its key.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db.models import Func, QuerySet, UUIDField
from django.http import HttpRequest
from django.utils import timezone

from accounts.errors import SessionNotFound
from accounts.models import Session, User

_ABOUT = "about"
_LONGEST_AGENT = 200  # characters of what a browser says of itself


class _PublicId(Func):
    """The first 16 bytes of the SHA-256 of a session's key, as a UUID."""

    template = (
        "encode(substring(sha256(convert_to(E'session\\n' || %(expressions)s, 'UTF8')), 1, 16), 'hex')::uuid"
    )
    output_field = UUIDField()


class SessionStore(DatabaseStore):
    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        row: Session = super().create_model_instance(data)  # type: ignore[assignment]
        user_id = data.get(SESSION_KEY)
        row.user_id = int(user_id) if user_id is not None else None
        return row


@dataclass(frozen=True, slots=True)
class SignedIn:
    """One browser, as its owner is told of it."""

    id: UUID
    agent: str
    address: str
    signed_in_at: datetime | None
    expires_at: datetime
    is_this: bool


def note(request: HttpRequest, *, address: str) -> None:
    """Remember what a browser that has just signed in says of itself, for the list of sessions."""
    agent = request.META.get("HTTP_USER_AGENT", "")[:_LONGEST_AGENT]
    request.session[_ABOUT] = {"agent": agent, "address": address, "at": timezone.now().isoformat()}


def of(user: User, *, current_key: str | None = None) -> list[SignedIn]:
    """List the browsers in which a person is signed in, the newest first."""
    return [tell(row, current_key=current_key) for row in rows_of(user)]


def rows_of(user: User) -> QuerySet[Session]:
    """Return what `tell` takes: a person's living sessions with their ids, the newest first."""
    return _named(user).filter(expire_date__gt=timezone.now()).order_by("-expire_date", "-public_id")


def tell(row: Session, *, current_key: str | None = None) -> SignedIn:
    about = row.get_decoded().get(_ABOUT, {})
    return SignedIn(
        id=row.public_id,  # type: ignore[attr-defined]
        agent=about.get("agent", ""),
        address=about.get("address", ""),
        signed_in_at=datetime.fromisoformat(about["at"]) if "at" in about else None,
        expires_at=row.expire_date,
        is_this=row.session_key == current_key,
    )


def end(user: User, session_id: UUID) -> None:
    """Sign one browser out; its next request is nobody's. Raises SessionNotFound."""
    if not _named(user).filter(public_id=session_id).delete()[0]:
        raise SessionNotFound


def end_others(user: User, *, current_key: str | None = None) -> None:
    """Sign all browsers of a person out but this one."""
    Session.objects.filter(user=user).exclude(session_key=current_key or "").delete()


def forget_expired() -> None:
    """Remove the rows of sessions that have ended."""
    SessionStore.clear_expired()


def _named(user: User) -> QuerySet[Any]:
    return Session.objects.filter(user=user).annotate(public_id=_PublicId("session_key"))
