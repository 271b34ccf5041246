"""What the service answers, as frozen values; fields this version does not know are passed over."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from dfsclient.errors import BadReply

LARGEST_NUMBER = 2**63 - 1  # no row of the service has room for more


@dataclass(frozen=True)
class Copies:
    """How safe the bytes of a file are: the good copies of the chunk that has the fewest, of those wanted."""

    wanted: int
    fewest: int


@dataclass(frozen=True)
class Entry:
    """A folder or a file; `sha256` is None until the service knows it, `content_etag` for a folder."""

    id: str
    kind: str
    name: str
    path: str
    parent: str | None
    owner: str | None
    size: int
    content_type: str | None
    sha256: str | None
    etag: str | None
    content_etag: str | None
    copies: Copies | None
    starred: bool
    created_at: datetime | None
    modified_at: datetime | None
    trashed_at: datetime | None

    @property
    def is_folder(self) -> bool:
        return self.kind == "folder"


@dataclass(frozen=True)
class Token:
    """A new API token; `token` is shown by the service this once."""

    id: str
    token: str = field(repr=False)
    name: str
    scopes: tuple[str, ...]
    expires_at: datetime | None


@dataclass(frozen=True)
class Account:
    """Who the token belongs to; `quota_bytes` None means without limit."""

    id: str
    username: str
    email: str
    quota_bytes: int | None
    used_bytes: int
    reserved_bytes: int
    root_id: str


@dataclass(frozen=True)
class Drain:
    """How far a draining node has come; `seconds_left` is None until something was moved."""

    copies_left: int
    bytes_left: int
    seconds_left: float | None


@dataclass(frozen=True)
class Node:
    """One storage node as the service sees it; `drain` is None unless it is draining."""

    id: str
    name: str
    url: str
    zone: str
    health: str
    duty: str
    capacity_bytes: int | None
    free_bytes: int | None
    replicas: int
    last_seen_at: datetime | None
    drain: Drain | None = None


@dataclass(frozen=True)
class Rebalance:
    """How uneven the nodes are; `waits_for` says why nothing moves, empty when it does.

    `seconds_left` is what it takes at most, None until something was moved.
    """

    difference: float
    threshold: float
    moved_bytes: int
    bytes_left: int
    bytes_per_second: float | None
    seconds_left: float | None
    waits_for: str


@dataclass(frozen=True)
class Scrub:
    """How much of what a node holds was read and compared lately, and what is left of an order."""

    copies: int
    verified_copies: int
    copies_left: int
    bytes_left: int
    ordered_at: datetime | None


def as_json(value: Any) -> dict[str, Any]:
    """Turn a value into plain JSON types; times in RFC 3339, UTC."""
    return {key: _plain(item) for key, item in asdict(value).items()}


def _plain(item: Any) -> Any:
    if isinstance(item, datetime):
        return item.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return list(item) if isinstance(item, tuple) else item


class Reading:
    """One JSON object of a reply, read field by field; a missing or wrong field is a `BadReply`."""

    def __init__(self, data: Any, what: str) -> None:
        if not isinstance(data, dict):
            raise BadReply(f"The server's answer holds no {what}; is this address really a dfsweb server?")
        self.data: dict[str, Any] = data
        self.what = what

    def text(self, key: str) -> str:
        value = self.maybe_text(key)
        if value is None:
            raise self._bad(key)
        return value

    def maybe_text(self, key: str) -> str | None:
        value = self.data.get(key)
        return None if value is None else self._text(value, key)

    def texts(self, key: str) -> tuple[str, ...]:
        return tuple(self._text(value, key) for value in self.many(key))

    def number(self, key: str) -> int:
        value = self.maybe_number(key)
        if value is None:
            raise self._bad(key)
        return value

    def maybe_number(self, key: str) -> int | None:
        value = self.data.get(key)
        if value is None:
            return None
        if type(value) is not int or not 0 <= value <= LARGEST_NUMBER:
            raise self._bad(key)
        return value

    def maybe_float(self, key: str) -> float | None:
        value = self.data.get(key)
        if value is None:
            return None
        if type(value) not in (int, float) or not 0 <= value <= LARGEST_NUMBER:
            raise self._bad(key)
        return float(value)

    def maybe_time(self, key: str) -> datetime | None:
        value = self.data.get(key)
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(value)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (TypeError, ValueError, OverflowError):
            raise self._bad(key) from None

    def many(self, key: str) -> list[Any]:
        value = self.data.get(key)
        if not isinstance(value, list):
            raise self._bad(key)
        return value

    def readings(self, key: str) -> list[Reading]:
        return [Reading(item, self.what) for item in self.many(key)]

    def _text(self, value: Any, key: str) -> str:
        """Take a text, or the number of an id, that every file, address and terminal can hold."""
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise self._bad(key)
        try:
            return str(value).encode().decode()
        except UnicodeEncodeError:
            raise self._bad(key) from None

    def _bad(self, key: str) -> BadReply:
        return BadReply(
            f"The server's answer for the {self.what} has no usable `{key}`; is it another version?"
        )


def read_entry(data: Any) -> Entry:
    """Read an entry."""
    entry = Reading(data, "entry")
    return Entry(
        id=entry.text("id"),
        kind=entry.text("kind"),
        name=entry.maybe_text("name") or "",
        path=entry.maybe_text("path") or "/",
        parent=entry.maybe_text("parent"),
        owner=entry.maybe_text("owner"),
        size=entry.maybe_number("size") or 0,
        content_type=entry.maybe_text("content_type"),
        sha256=entry.maybe_text("sha256"),
        etag=entry.maybe_text("etag"),
        content_etag=entry.maybe_text("content_etag"),
        copies=_read_copies(entry.data.get("copies")),
        starred=bool(entry.data.get("starred")),
        created_at=entry.maybe_time("created_at"),
        modified_at=entry.maybe_time("modified_at"),
        trashed_at=entry.maybe_time("trashed_at"),
    )


def _read_copies(data: Any) -> Copies | None:
    if data is None:
        return None
    copies = Reading(data, "copies")
    return Copies(wanted=copies.number("wanted"), fewest=copies.number("fewest"))


def read_token(data: Any) -> Token:
    """Read a new token."""
    token = Reading(data, "token")
    return Token(
        id=token.text("id"),
        token=token.text("token"),
        name=token.maybe_text("name") or "",
        scopes=token.texts("scopes") if token.data.get("scopes") else (),
        expires_at=token.maybe_time("expires_at"),
    )


def read_account(data: Any) -> Account:
    """Read the signed-in account."""
    account = Reading(data, "account")
    return Account(
        id=account.text("id"),
        username=account.text("username"),
        email=account.maybe_text("email") or "",
        quota_bytes=account.maybe_number("quota_bytes"),
        used_bytes=account.number("used_bytes"),
        reserved_bytes=account.number("reserved_bytes"),
        root_id=account.text("root_id"),
    )


def read_node(data: Any) -> Node:
    """Read a storage node."""
    node = Reading(data, "node")
    return Node(
        id=node.text("id"),
        name=node.text("name"),
        url=node.maybe_text("url") or "",
        zone=node.maybe_text("zone") or "",
        health=node.text("health"),
        duty=node.text("duty"),
        capacity_bytes=node.maybe_number("capacity_bytes"),
        free_bytes=node.maybe_number("free_bytes"),
        replicas=node.maybe_number("replicas") or 0,
        last_seen_at=node.maybe_time("last_seen_at"),
        drain=_read_drain(node.data.get("drain")),
    )


def _read_drain(data: Any) -> Drain | None:
    if data is None:
        return None
    drain = Reading(data, "drain")
    return Drain(
        copies_left=drain.number("copies_left"),
        bytes_left=drain.number("bytes_left"),
        seconds_left=drain.maybe_float("seconds_left"),
    )


def read_scrub(data: Any) -> Scrub:
    """Read how far a scrub is."""
    told = Reading(data, "scrub")
    return Scrub(
        copies=told.number("copies"),
        verified_copies=told.number("verified_copies"),
        copies_left=told.number("copies_left"),
        bytes_left=told.number("bytes_left"),
        ordered_at=told.maybe_time("ordered_at"),
    )


def read_confirmed(data: Any) -> bool:
    """Read whether there was anything to confirm."""
    return bool(Reading(data, "confirmation").data.get("was_open"))


def read_rebalance(data: Any) -> Rebalance:
    """Read how uneven the nodes are."""
    told = Reading(data, "rebalance")
    return Rebalance(
        difference=told.maybe_float("difference") or 0.0,
        threshold=told.maybe_float("threshold") or 0.0,
        moved_bytes=told.maybe_number("moved_bytes") or 0,
        bytes_left=told.number("bytes_left"),
        bytes_per_second=told.maybe_float("bytes_per_second"),
        seconds_left=told.maybe_float("seconds_left"),
        waits_for=told.maybe_text("waits_for") or "",
    )
