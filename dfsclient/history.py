"""What the service answers about shares and versions, as frozen values, and how it is read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dfsclient.models import Reading


@dataclass(frozen=True)
class Share:
    """What is given of an entry to a person (`user`), a `group`, or whoever has the link (`url`)."""

    id: str
    path: str
    role: str
    user: str | None
    group: str | None
    url: str | None
    has_password: bool
    expires_at: datetime | None
    max_downloads: int | None
    created_at: datetime | None

    @property
    def whom(self) -> str:
        return self.user or (f"group {self.group}" if self.group else self.url or "")


@dataclass(frozen=True)
class Version:
    """One state of a file."""

    number: int
    size: int
    created_by: str
    created_at: datetime | None
    is_current: bool


def read_share(data: Any) -> Share:
    """Read a share."""
    share = Reading(data, "share")
    link = Reading(share.data.get("link") or {}, "link")
    return Share(
        id=share.text("id"),
        path=Reading(share.data.get("entry") or {}, "entry").maybe_text("path") or "",
        role=share.text("role"),
        user=share.maybe_text("user"),
        group=share.maybe_text("group"),
        url=link.maybe_text("url"),
        has_password=bool(link.data.get("has_password")),
        expires_at=link.maybe_time("expires_at"),
        max_downloads=link.maybe_number("max_downloads"),
        created_at=share.maybe_time("created_at"),
    )


def read_version(data: Any) -> Version:
    """Read a version."""
    version = Reading(data, "version")
    return Version(
        number=version.number("number"),
        size=version.number("size"),
        created_by=version.maybe_text("created_by") or "",
        created_at=version.maybe_time("created_at"),
        is_current=bool(version.data.get("is_current")),
    )
