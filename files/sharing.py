"""Gives others a part of one's tree, and takes it back: a person, a group, or whoever has a link.

What a share of people allows is decided by `files_sight`, what a link allows by `links`. Only owners share.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.db.models import Q, UUIDField, Value
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from files import access, activity, resumable
from files.errors import Invalid, RootIsFixed, ShareNotFound
from files.models import Activity, Entry, IsWithin, PathFor, Share, Upload, sight_of

if TYPE_CHECKING:
    from django.db.models import QuerySet

MOST_SHARES = 1_000
"""Of one entry: a walk meets no more."""


@dataclass(frozen=True, slots=True)
class LinkTerms:
    """On what terms a link opens its entry; a password in clear, which is stored hashed."""

    password: str = ""
    expires_at: datetime | None = None
    max_downloads: int | None = None


def share_with(
    owner: User, entry_id: UUID, *, role: str, username: str | None = None, group: str | None = None
) -> tuple[Share, bool]:
    """Let a person or a group see (viewer) or change (editor) an entry and all below it.

    Sharing with them again changes the role; True when the share is new. A group is one that the owner is in,
    or any for staff. Raises NotFound, OwnerOnly, RootIsFixed or Invalid.
    """
    if role not in Share.OF_PEOPLE:
        raise Invalid("People are viewers or editors.", field="role")
    entry = _shareable(owner, entry_id)
    whom = _whom(owner, username, group)
    with transaction.atomic():
        found = Share.objects.select_for_update().filter(entry_id=entry, **whom).first()
        if found is not None:
            found.role = role
            found.save(update_fields=["role"])
            _end_shut_out(found)
            return _of(owner).get(id=found.id), False
        try:
            with transaction.atomic():
                made = Share.objects.create(entry_id=entry, created_by=owner, role=role, **whom)
                activity.note(owner, [entry], Activity.Deed.SHARED, username or group or "")
        except IntegrityError:  # the same request twice at once: the other one made it
            Share.objects.filter(entry_id=entry, **whom).update(role=role)
            return _of(owner).get(entry_id=entry, **whom), False
    return _of(owner).get(id=made.id), True


def make_link(owner: User, entry_id: UUID, *, role: str, terms: LinkTerms) -> Share:
    """Make a public link to an entry: to view or download it, or to put files into a folder unseen.

    Raises NotFound, OwnerOnly, RootIsFixed or Invalid.
    """
    entry = _shareable(owner, entry_id)
    _require_link_role(entry, role)
    _require_future(terms.expires_at)
    hashed = _hashed(terms.password)  # slow on purpose, so before the transaction
    with transaction.atomic():
        made = Share.objects.create(
            entry_id=entry,
            created_by=owner,
            role=role,
            password=hashed,
            expires_at=terms.expires_at,
            max_downloads=terms.max_downloads,
        )
        activity.note(owner, [entry], Activity.Deed.SHARED)
    return _of(owner).get(id=made.id)


def change(owner: User, share_id: UUID, fields: dict[str, Any]) -> Share:
    """Change a share's role and, of a link, the terms that are named: password (empty: none), expires_at,
    max_downloads. It counts from the next request on. Raises ShareNotFound or Invalid.
    """
    hashed = _hashed(fields.get("password", ""))  # slow on purpose, so before the transaction
    with transaction.atomic():
        share = _reached_by(owner).select_for_update().filter(id=share_id, entry__owner=owner).first()
        if share is None:
            raise ShareNotFound
        if not share.is_link and fields.keys() - {"role"}:
            raise Invalid("Only links have a password, an end and a number of downloads.", field="role")
        if "role" in fields:
            if share.is_link:
                _require_link_role(share.entry_id, fields["role"])
            elif fields["role"] not in Share.OF_PEOPLE:
                raise Invalid("People are viewers or editors.", field="role")
            share.role = fields["role"]
        if "password" in fields:
            share.password = hashed
        if "expires_at" in fields:
            _require_future(fields["expires_at"])
            share.expires_at = fields["expires_at"]
        if "max_downloads" in fields:
            limit = fields["max_downloads"]
            if limit is not None and limit < share.downloads:
                raise Invalid(f"It was downloaded {share.downloads} times already.", field="max_downloads")
            share.max_downloads = limit
        share.save(update_fields=["role", "password", "expires_at", "max_downloads"])
        _end_shut_out(share)
    return _of(owner).get(id=share.id)


def revoke(user: User, share_id: UUID) -> None:
    """Take a share back; the next request finds it gone. Whom something is shared with may give it up.

    Raises ShareNotFound.
    """
    mine = _reached_by(user).filter(Q(entry__owner=user) | Q(user=user), id=share_id)
    with transaction.atomic():
        share = mine.select_related("user", "group").select_for_update(of=("self",)).first()
        if share is None:
            raise ShareNotFound
        share.delete()
        activity.note(user, [share.entry_id], Activity.Deed.UNSHARED, share.with_whom)
        _end_shut_out(share)


def find(owner: User, share_id: UUID) -> Share:
    """Return a share that this user gave. Raises ShareNotFound."""
    share = _of(owner).filter(id=share_id).first()
    if share is None:
        raise ShareNotFound
    return share


def of_entry(owner: User, entry_id: UUID) -> "QuerySet[Share, Share]":
    """Return with whom an entry is shared, the oldest first. Raises NotFound or OwnerOnly."""
    return _of(owner).filter(entry_id=access.find_own(owner, entry_id).id).order_by("id")


def reaching(entry_ids: Sequence[UUID]) -> list[Share]:
    """List the shares that open any of these entries now: of an entry and all above it, who has access."""
    living = Q(expires_at__isnull=True) | Q(expires_at__gt=Now())
    shares = Share.objects.filter(living, entry_id__in=entry_ids).select_related("user", "group")
    return list(shares.order_by("id"))


def given(owner: User) -> "QuerySet[Share, Share]":
    """Return all that this user shares, the newest first."""
    return _of(owner).order_by("-id")


def _end_shut_out(share: Share) -> None:
    """End uploads of those it was shared with who may write there no more: the owner has the room again."""
    if not share.is_link:
        whose = Q(owner=share.user_id) if share.user_id else Q(owner__groups=share.group_id)
        resumable.end_shut_out(Upload.objects.filter(whose))


def _of(owner: User) -> "QuerySet[Share, Share]":
    """The owner's shares, with what is shown of each; of what is in the trash the path is where it was."""
    return (
        _reached_by(owner)
        .filter(created_by=owner, entry__owner=owner)
        .select_related("entry", "user", "group")
        .annotate(path=PathFor(*sight_of(owner, "entry_id")))
    )


def _reached_by(user: User) -> "QuerySet[Share, Share]":
    """All shares there are; for who is confined to a folder, those of what lies in it."""
    if user.confined_to is None:
        return Share.objects.all()
    inside = IsWithin("entry_id", Value(user.confined_to, output_field=UUIDField()))
    return Share.objects.filter(inside).exclude(entry_id=user.confined_to)


def _shareable(owner: User, entry_id: UUID) -> UUID:
    found = access.find_own(owner, entry_id)
    if found.parent_id is None or found.id == owner.confined_to:
        raise RootIsFixed("The topmost folder cannot be shared. Share a folder in it.")
    if Share.objects.filter(entry_id=found.id).count() >= MOST_SHARES:
        raise Invalid(f"An entry can be shared {MOST_SHARES} times. Share it with a group.")
    return found.id


def _whom(owner: User, username: str | None, group: str | None) -> dict[str, Any]:
    if username is not None:
        person = User.objects.filter(username__iexact=username, is_active=True).first()
        if person is None:
            raise Invalid("Nobody here has this user name.", field="user")
        if person.pk == owner.pk:
            raise Invalid("It is yours already.", field="user")
        return {"user": person}
    groups = Group.objects.all() if owner.is_staff else owner.groups.all()
    found = groups.filter(name=group).first()
    if found is None:
        raise Invalid("You are in no group of this name.", field="group")
    return {"group": found}


def _hashed(password: str) -> str:
    return make_password(password) if password else ""


def _require_link_role(entry_id: UUID, role: str) -> None:
    if role not in Share.OF_LINKS:
        raise Invalid("A link is to view, to download or to upload.", field="role")
    if role == Share.Role.UPLOAD and Entry.objects.get(id=entry_id).kind != Entry.Kind.FOLDER:
        raise Invalid("Only into a folder can files be uploaded.", field="role")


def _require_future(expires_at: datetime | None) -> None:
    if expires_at is not None and expires_at <= timezone.now():
        raise Invalid("This time is over.", field="expires_at")
