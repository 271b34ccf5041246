"""Tells entries as the API shows them. By hand: a page holds a thousand, and the fields are a contract."""

from typing import Any

from files.details import EntryDetails
from files.versions import VersionDetails
from nodes.contents import ChunkPlace, Copies


def entry_out(details: EntryDetails) -> dict[str, Any]:
    shown = {
        "id": details.id,
        "kind": details.kind,
        "name": details.name,
        "path": details.path,
        "parent": details.shown_parent_id,
        "owner": details.owner,
        "role": details.role,
        "size": details.size,
        "content_type": details.content_type,
        "sha256": details.sha256.hex() if details.sha256 else None,
        "etag": details.etag,
        "content_etag": details.content_etag,
        "copies": copies_out(details.copies),
        "starred": details.starred,
        "created_at": details.created_at,
        "modified_at": details.modified_at,
    }
    if details.trashed_at:
        shown["trashed_at"] = details.trashed_at
    return shown


def version_out(version: VersionDetails) -> dict[str, Any]:
    return {
        "number": version.number,
        "content_etag": version.id.hex,
        "size": version.size,
        "content_type": version.content_type,
        "sha256": version.sha256.hex() if version.sha256 else None,
        "created_by": version.created_by,
        "created_at": version.created_at,
        "modified_at": version.modified_at,
        "is_current": version.is_current,
    }


def copies_out(copies: Copies | None) -> dict[str, Any] | None:
    if copies is None:
        return None
    return {
        "wanted": copies.wanted,
        "fewest": copies.fewest,
        "is_complete": copies.is_complete,
        "is_being_copied": copies.is_being_copied,
    }


def chunks_out(places: list[ChunkPlace]) -> list[dict[str, Any]]:
    return [
        {
            "offset": place.offset,
            "length": place.length,
            "blake3": place.digest.hex(),
            "replicas": [
                {
                    "node": replica.node,
                    "zone": replica.zone,
                    "state": replica.state,
                    "verified_at": replica.verified_at,
                }
                for replica in place.replicas
            ],
        }
        for place in places
    ]
