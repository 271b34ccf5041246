"""Public links: what one opens, judged anew for every request. Whoever has the address may be anybody.

A link's token is its share's id and a code made of it with SECRET_KEY: the database alone opens no link, and
the owner can be shown the address again.
"""

import base64
import binascii
from copy import copy
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.core import signing
from django.core.cache import cache
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts import attempts
from files import access, listing
from files.errors import Forbidden, LinkExhausted, LinkExpired, LinkPasswordRefused, NotFound
from files.models import Entry, IsAlive, Share

if TYPE_CHECKING:
    from files.details import EntryDetails

CODE_BYTES = 16
_TOKEN_BYTES = 16 + CODE_BYTES
_SALT = "files.links"

UNLOCKED_SECONDS = 3600
"""How long a browser that knew the password need not be asked again."""
TRIES = attempts.Limit(5, seconds=60)
"""Of one link's password from one address; a person mistypes less often."""
TRIES_IN_ALL = attempts.Limit(30, seconds=60)
"""Of one link's password from everywhere: who guesses from many addresses."""
_unlocking = Lock()


@dataclass(frozen=True, slots=True)
class OpenLink:
    """A link that works now, and the entry it opens, as its owner sees it."""

    share: Share
    top: "EntryDetails"

    @property
    def may_see(self) -> bool:
        return self.share.role in (Share.Role.VIEW, Share.Role.DOWNLOAD)

    @property
    def may_download(self) -> bool:
        return self.share.role == Share.Role.DOWNLOAD

    @property
    def may_upload(self) -> bool:
        return self.share.role == Share.Role.UPLOAD

    @property
    def has_password(self) -> bool:
        return bool(self.share.password)

    @property
    def is_counted(self) -> bool:
        """Each download counts, so that none may be had in pieces."""
        return self.share.max_downloads is not None

    @property
    def downloads_left(self) -> int | None:
        """None is no limit."""
        limit = self.share.max_downloads
        return None if limit is None else max(0, limit - self.share.downloads)


def token_of(share_id: UUID) -> str:
    """Return what stands in the link's address."""
    return (
        base64.urlsafe_b64encode(share_id.bytes + _code(share_id, settings.SECRET_KEY)).rstrip(b"=").decode()
    )


def open_link(token: str) -> OpenLink:
    """Return what a token opens at this moment, its password aside.

    Raises NotFound (revoked, in the trash, or its owner is switched off too), LinkExpired or LinkExhausted.
    """
    share = (
        Share.objects.select_related("created_by")
        .filter(IsAlive("entry_id"), id=_share_id(token), role__in=Share.OF_LINKS, created_by__is_active=True)
        .first()
    )
    if share is None:
        raise NotFound
    if share.expires_at is not None and share.expires_at <= timezone.now():
        raise LinkExpired
    if share.max_downloads is not None and share.downloads >= share.max_downloads:
        raise LinkExhausted
    return OpenLink(share, access.find_own(share.created_by, share.entry_id))


def unlock(link: OpenLink, password: str, *, address: str) -> str:
    """Return what proves, for an hour, that somebody knew the password.

    Raises LinkPasswordRefused, or TooManyAttempts from too many wrong tries in a minute.
    """
    tried_from = f"{link.share.id}\n{address}"
    attempts.count("link", tried_from, TRIES)
    attempts.count("link", str(link.share.id), TRIES_IN_ALL)
    if not check_password(password, link.share.password):
        raise LinkPasswordRefused
    attempts.forget("link", tried_from)
    attempts.take_back("link", str(link.share.id))
    return signing.dumps([link.share.id.hex, _mark(link.share)], salt=_SALT)


def unlock_again(link: OpenLink, password: str, *, address: str) -> str:
    """Do as `unlock` for a program that sends the password with every request, many at the same time.

    It is one try, and one slow check, an hour in each process. Raises as `unlock` does.
    """
    key = salted_hmac(_SALT, f"{link.share.id}\n{password}", algorithm="sha256").hexdigest()
    with _unlocking:  # or the first requests of a program would all be tries
        proof: str | None = cache.get(key)
        if proof is None or not is_unlocked(link, proof):
            proof = unlock(link, password, address=address)
            cache.set(key, proof, UNLOCKED_SECONDS)
    return proof


def is_unlocked(link: OpenLink, proof: str | None) -> bool:
    """Tell whether the link asks for no password, or this proves that it was known: another one ends that."""
    if not link.has_password:
        return True
    try:
        shown = signing.loads(proof or "", salt=_SALT, max_age=UNLOCKED_SECONDS)
    except signing.BadSignature:
        return False
    return bool(shown == [link.share.id.hex, _mark(link.share)])


def find(link: OpenLink, entry_id: UUID) -> "EntryDetails":
    """Return an entry that lies below what the link opens. Raises NotFound."""
    if not link.may_see or not _lies_below(link, entry_id):
        raise NotFound
    return access.find_own(link.share.created_by, entry_id)


def find_named(link: OpenLink, path: str) -> "EntryDetails":
    """Return what lies at a path that begins in what the link opens. Raises NotFound or InvalidName."""
    if not link.may_see:
        raise NotFound
    reader = copy(link.share.created_by)
    reader.confined_to = link.share.entry_id
    return access.find_by_path(reader, path)


def require_download(link: OpenLink) -> None:
    """Raise Forbidden when the link is only to look at files."""
    if not link.may_download:
        raise Forbidden("This link is to look at files, not to download them.")


def children(link: OpenLink, folder_id: UUID, cursor: str | None) -> listing.Page:
    """List a folder below what the link opens. Raises NotFound, NotAFolder or BadCursor."""
    return listing.children_of(access.require_folder(find(link, folder_id)), listing.Paging(cursor=cursor))


def count_download(link: OpenLink) -> None:
    """Count one more download, unless it would be one too many: raises LinkExhausted."""
    if not link.is_counted:
        return
    within = Share.objects.filter(id=link.share.id, downloads__lt=F("max_downloads"))
    if not within.update(downloads=F("downloads") + 1):
        raise LinkExhausted


def require_still_open(link: OpenLink) -> None:
    """Keep the link from being revoked until the caller's transaction ends.

    Raises NotFound when it was revoked or changed in the meantime, or LinkExpired.
    """
    assert transaction.get_connection().in_atomic_block
    still = Share.objects.select_for_update().filter(id=link.share.id, role=link.share.role).first()
    if still is None or still.password != link.share.password:
        raise NotFound
    if still.expires_at is not None and still.expires_at <= timezone.now():
        raise LinkExpired


def _lies_below(link: OpenLink, entry_id: UUID) -> bool:
    return Entry.objects.below(link.share.entry_id).filter(id=entry_id).exists()


def _share_id(token: str) -> UUID:
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotFound from error
    if len(raw) != _TOKEN_BYTES:
        raise NotFound
    share_id = UUID(bytes=raw[:16])
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    if not any(constant_time_compare(raw[16:], _code(share_id, key)) for key in keys):
        raise NotFound
    return share_id


def _code(share_id: UUID, key: str) -> bytes:
    return salted_hmac(_SALT, share_id.bytes, key, algorithm="sha256").digest()[:CODE_BYTES]


def _mark(share: Share) -> str:
    """Another one after every change of the password; tells nothing of it."""
    return salted_hmac(_SALT, share.password, algorithm="sha256").hexdigest()[:32]
