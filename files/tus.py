"""The words of the tus protocol 1.0.0 (https://tus.io/protocols/resumable-upload). Pure."""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import UUID

from files import conditions
from files.errors import (
    BadHeader,
    ChecksumMismatch,
    DigestMismatch,
    UnsupportedTusVersion,
    UnsupportedUploadType,
    UploadTooLong,
)
from files.models import Upload

VERSION = "1.0.0"
EXTENSIONS = (
    "creation,creation-with-upload,creation-defer-length,expiration,termination,checksum,concatenation"
)
CHECKSUMS = ("sha1", "sha256")
PARTIAL = "partial"
BODY_TYPE = "application/offset+octet-stream"
MAX_SIZE = 2**60
MAX_METADATA_BYTES = 8 * 1024
_DIGITS = re.compile(r"[0-9]{1,19}\Z", re.ASCII)
_KEY = re.compile(r"[\x21-\x2b\x2d-\x7e]+\Z")
_MILLISECONDS_FROM = 10**11  # as seconds this is the year 5138: browsers count in milliseconds


@dataclass(frozen=True, slots=True)
class Wanted:
    """What Upload-Metadata says of the file to be. Where it goes: a folder's id, a path, or the root."""

    filename: str = ""
    parent_id: UUID | None = None
    path: str | None = None
    parents: bool = False
    content_type: str = ""
    modified_at: datetime | None = None
    on_conflict: str = Upload.OnConflict.FAIL


def require_version(headers: Mapping[str, str]) -> None:
    if headers.get("Tus-Resumable") != VERSION:
        raise UnsupportedTusVersion


def require_body_type(headers: Mapping[str, str]) -> None:
    if not is_body_type(headers):
        raise UnsupportedUploadType


def is_body_type(headers: Mapping[str, str]) -> bool:
    return headers.get("Content-Type", "").partition(";")[0].strip().lower() == BODY_TYPE


def parse_length(headers: Mapping[str, str]) -> int | None:
    """Return Upload-Length; None when it is deferred. Raises BadHeader, or UploadTooLong beyond MAX_SIZE."""
    deferred = headers.get("Upload-Defer-Length")
    if deferred is not None:
        if deferred != "1" or "Upload-Length" in headers:
            raise BadHeader("Send either Upload-Length or Upload-Defer-Length: 1.")
        return None
    return _number(headers, "Upload-Length")


def parse_later_length(headers: Mapping[str, str]) -> int | None:
    """Return the length that a PATCH brings for an upload whose length was deferred."""
    return _number(headers, "Upload-Length") if "Upload-Length" in headers else None


def parse_offset(headers: Mapping[str, str]) -> int:
    return _number(headers, "Upload-Offset")


@dataclass(frozen=True, slots=True)
class Checksum:
    """What the bytes of one request hash to, as their sender says; or those of the whole file."""

    algorithm: str
    digest: bytes
    mismatch: type[ChecksumMismatch | DigestMismatch] = ChecksumMismatch
    is_of_whole: bool = False


def parse_checksums(headers: Mapping[str, str]) -> list[Checksum]:
    """Return what Upload-Checksum, Content-Digest and Repr-Digest (RFC 9530) say: bytes match all, or go.

    Raises BadHeader, for an Upload-Checksum of an algorithm we do not know, too.
    """
    checksums = []
    if told := _parse_checksum(headers):
        checksums.append(told)
    if sha256 := conditions.parse_sha256(headers, ["Content-Digest"]):
        checksums.append(Checksum("sha256", sha256, DigestMismatch))
    if sha256 := conditions.parse_sha256(headers, ["Repr-Digest"]):
        checksums.append(Checksum("sha256", sha256, DigestMismatch, is_of_whole=True))
    return checksums


def require_comparable(
    checksums: Sequence[Checksum], *, offset: int, brought: int | None, length: int | None
) -> None:
    """Refuse a digest of the whole file with a request that does not bring all of its bytes.

    Raises BadHeader, or DigestMismatch for a file without bytes, which nobody compares later.
    """
    for checksum in checksums:
        if checksum.is_of_whole and (offset or brought is None or brought != length):
            raise BadHeader(
                "Repr-Digest goes with a request that brings all bytes of the upload;"
                " send Content-Digest or Upload-Checksum with each piece."
            )
        if checksum.is_of_whole and not length and checksum.digest != hashlib.sha256().digest():
            raise DigestMismatch


def _parse_checksum(headers: Mapping[str, str]) -> Checksum | None:
    if "Upload-Checksum" not in headers:
        return None
    algorithm, _, value = headers["Upload-Checksum"].strip().partition(" ")
    if algorithm not in CHECKSUMS:
        raise BadHeader(f"Upload-Checksum uses one of {', '.join(CHECKSUMS)}.")
    try:
        digest = base64.b64decode(value.strip(), validate=True)
    except ValueError as error:  # of Base64, or of letters that are not ASCII
        raise BadHeader("Upload-Checksum holds an algorithm and a digest in Base64.") from error
    if len(digest) != hashlib.new(algorithm, usedforsecurity=False).digest_size:
        raise BadHeader(f"Upload-Checksum holds no {algorithm} digest.")
    return Checksum(algorithm, digest)


@dataclass(frozen=True, slots=True)
class Concat:
    """What Upload-Concat says: this is a part, or (with parts) the file that these become in this order."""

    header: str
    part_ids: tuple[UUID, ...] = ()

    @property
    def is_partial(self) -> bool:
        return self.header == PARTIAL


def parse_concat(headers: Mapping[str, str], *, prefix: str) -> Concat | None:
    """Return what Upload-Concat says, None without it; parts are addresses below the prefix, or whole URLs.

    Raises BadHeader.
    """
    header = headers.get("Upload-Concat", "").strip()
    if not header:
        return None
    if header == PARTIAL:
        return Concat(PARTIAL)
    kind, _, urls = header.partition(";")
    addresses = urls.split()
    if kind.strip() != "final" or not addresses:
        raise BadHeader("Upload-Concat is “partial”, or “final;” and the addresses of the parts.")
    part_ids = tuple(_parse_part(address, prefix) for address in addresses)
    if len(set(part_ids)) < len(part_ids):
        raise BadHeader("Upload-Concat names each part once.")
    return Concat("final;" + " ".join(f"{prefix}{part_id}" for part_id in part_ids), part_ids)


def _parse_part(address: str, prefix: str) -> UUID:
    try:
        _, found, part_id = urlsplit(address).path.rpartition(prefix)  # a proxy may have put a path before it
        if not found:
            raise ValueError
        return UUID(part_id)
    except ValueError as error:
        raise BadHeader("A part in Upload-Concat is the address of one of your uploads.") from error


def _number(headers: Mapping[str, str], name: str) -> int:
    text = headers.get(name, "")
    if not _DIGITS.match(text):
        raise BadHeader(f"{name} is a number of bytes.")
    if int(text) > MAX_SIZE:
        raise UploadTooLong(f"An upload has at most {MAX_SIZE} bytes.")
    return int(text)


def parse_metadata(header: str) -> dict[str, str]:
    """Return what Upload-Metadata holds: keys, each with a Base64 value or none. Raises BadHeader."""
    if len(header) > MAX_METADATA_BYTES:
        raise BadHeader(f"Upload-Metadata has at most {MAX_METADATA_BYTES} bytes.")
    found: dict[str, str] = {}
    for pair in header.split(",") if header.strip() else []:
        key, _, value = pair.strip().partition(" ")
        if not _KEY.match(key) or key in found:
            raise BadHeader("Upload-Metadata holds pairs of a key and a Base64 value, each key once.")
        try:
            found[key] = base64.b64decode(value.strip(), validate=True).decode()
        except ValueError as error:  # of Base64, of UTF-8, or of letters that are not ASCII
            raise BadHeader(f"The value of “{key}” in Upload-Metadata is not UTF-8 in Base64.") from error
    return found


def parse_wanted(metadata: Mapping[str, str]) -> Wanted:
    """Read our keys of the metadata. Raises BadHeader."""
    on_conflict = metadata.get("on_conflict") or Upload.OnConflict.FAIL
    if on_conflict not in Upload.OnConflict.values:
        raise BadHeader("on_conflict is replace, rename or fail.")
    if metadata.get("parent") and metadata.get("path"):
        raise BadHeader("A path begins at the topmost folder: send it without parent, or parent without it.")
    return Wanted(
        filename=metadata.get("filename") or metadata.get("name") or "",
        parent_id=_parse_id(metadata["parent"]) if metadata.get("parent") else None,
        path=metadata.get("path") or None,
        parents=metadata.get("parents") in ("1", "true"),
        content_type=metadata.get("filetype") or metadata.get("type") or "",
        modified_at=_parse_time(metadata["mtime"]) if metadata.get("mtime") else None,
        on_conflict=on_conflict,
    )


def _parse_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise BadHeader("parent is the id of a folder.") from error


def _parse_time(text: str) -> datetime:
    """Read seconds since 1970, milliseconds (as browsers count), or RFC 3339."""
    try:
        if re.fullmatch(r"[0-9]{1,14}(\.[0-9]*)?", text, re.ASCII):
            seconds = float(text)
            return datetime.fromtimestamp(seconds / 1000 if seconds > _MILLISECONDS_FROM else seconds, UTC)
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise BadHeader("mtime is a time: seconds since 1970, or RFC 3339.") from error
