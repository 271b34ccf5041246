"""Reads conditional headers (RFC 9110, 13) and digests (RFC 9530), and says what they mean. Pure."""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from uuid import UUID

from files.errors import BadHeader, PreconditionFailed

_STAR_IN_QUOTES = '"*"'  # a tag like others, and none of ours
_TAG = re.compile(r'\s*(W/)?(?:"([\x21\x23-\x7e\x80-\xff]*)"|([A-Za-z0-9._-]+|\*))\s*(?:,|\Z)')
_SHA256 = re.compile(r"(?:\A|,)\s*sha-256(?![a-z0-9_.*-])([^,]*)", re.IGNORECASE | re.ASCII)
_DIGEST = re.compile(r"\s*=\s*:([A-Za-z0-9+/=]*):\s*(?:;.*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Preconditions:
    """What a request says must hold before it changes bytes."""

    if_match: Sequence[str] | None = None
    if_none_match: Sequence[str] | None = None
    unmodified_since: datetime | None = None
    """Counts without If-Match, and for what is there."""


NO_CONDITIONS = Preconditions()


def parse_preconditions(headers: Mapping[str, str]) -> Preconditions:
    """Read the headers that a change depends on. Raises BadHeader."""
    return Preconditions(
        parse_etags(headers.get("If-Match")),
        parse_etags(headers.get("If-None-Match"), weak=True),  # 13.1.2
        parse_date(headers.get("If-Unmodified-Since")),
    )


def parse_etags(header: str | None, *, weak: bool = False) -> list[str] | None:
    """Return the tags of If-Match or If-None-Match, `*` among them; None without the header.

    Weak tags count only where asked for, as for If-None-Match. A tag without its quotes is understood.
    Raises BadHeader.
    """
    if header is None:
        return None
    tags, at = [], 0
    while at < len(header):
        match = _TAG.match(header, at)
        if match is None:
            raise BadHeader("If-Match and If-None-Match hold quoted etags or *.")
        if weak or not match[1]:
            tags.append(match[3] or (_STAR_IN_QUOTES if match[2] == "*" else match[2]))
        at = match.end()
    return tags


def require_match(
    etag: str | None, if_match: Sequence[str] | None, if_none_match: Sequence[str] | None
) -> None:
    """Raise PreconditionFailed unless a state with this etag (None: nothing there) may be changed."""
    if if_match is not None and not (etag is not None and ("*" in if_match or etag in if_match)):
        raise PreconditionFailed
    if if_none_match is not None and etag is not None and ("*" in if_none_match or etag in if_none_match):
        raise PreconditionFailed("There is already something here.")


def require_unmodified(changed_at: datetime, since: datetime | None) -> None:
    """Raise PreconditionFailed for what was stored after this time; headers have whole seconds."""
    if since is not None and changed_at.replace(microsecond=0) > since:
        raise PreconditionFailed


def is_unchanged(
    etag: str, changed_at: datetime, if_none_match: Sequence[str] | None, if_modified_since: str | None
) -> bool:
    """Tell whether a reader who sends these headers has this state already (304)."""
    if if_none_match is not None:
        return "*" in if_none_match or etag in if_none_match
    since = parse_date(if_modified_since)
    return since is not None and changed_at.replace(microsecond=0) <= since


def parse_date(header: str | None) -> datetime | None:
    """Return an HTTP date; None for anything else, which RFC 9110 wants ignored."""
    if header is None:
        return None
    try:
        date = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def version_ids(tags: Sequence[str]) -> tuple[UUID, ...]:
    """Return the versions that content etags name; a tag that is none of ours names nothing."""
    return tuple(UUID(hex=tag) for tag in tags if re.fullmatch(r"[0-9a-f]{32}", tag))


def parse_sha256(
    headers: Mapping[str, str], names: Sequence[str] = ("Repr-Digest", "Content-Digest")
) -> bytes | None:
    """Return the SHA-256 that these headers promise; None without one, other algorithms are not looked at.

    Raises BadHeader for one that cannot be read: its sender would take the bytes for compared.
    """
    found: set[bytes] = set()
    for name in names:
        for told in _SHA256.findall(headers.get(name, "")):
            try:
                if not (match := _DIGEST.fullmatch(told)):
                    raise ValueError
                found.add(base64.b64decode(match[1], validate=True))
            except ValueError as error:
                raise BadHeader(f"{name} holds sha-256=:<base64>:.") from error
    if len(found) > 1 or any(len(digest) != 32 for digest in found):
        raise BadHeader(f"{' and '.join(names)} hold one SHA-256, sha-256=:<base64>:.")
    return next(iter(found), None)
