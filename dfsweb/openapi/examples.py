"""What requests and replies look like: an example for each of their shapes, which a test holds to it."""

from typing import Any

FOLDER_ID = "01936f3e-8d4c-7a52-9b1e-3c5d7f9a1b2c"
FILE_ID = "01936f3e-9e5d-7b63-8c2f-4d6e8a0b2c3d"
ROOT_ID = "01936f3e-7c3b-7941-8a0d-2b4c6e8f0a1b"
_ID = "01936f3f-0a6e-7c74-9d3a-5e7f9b1c3d4e"
BYTES = "Hello, world\n"
PAGE = {"text/html": {"schema": {"type": "string"}, "example": "<!doctype html>\n<title>Not found</title>\n"}}
"""What a person is shown in the place of a problem."""
_TIME, _LATER = "2026-05-04T09:30:00Z", "2026-06-04T09:30:00Z"
_SHA256 = "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c"
_CONTENT_ETAG = "01936f3e9e5d7b638c2f4d6e8a0b2c3d"

_FOLDER: dict[str, Any] = {
    "id": FOLDER_ID,
    "kind": "folder",
    "name": "holiday",
    "path": "/holiday",
    "parent": ROOT_ID,
    "owner": "maria",
    "role": "owner",
    "size": None,
    "content_type": None,
    "sha256": None,
    "etag": "3",
    "content_etag": None,
    "copies": None,
    "starred": False,
    "created_at": _TIME,
    "modified_at": _TIME,
}
_FILE = {
    **_FOLDER,
    "id": FILE_ID,
    "kind": "file",
    "name": "beach.jpg",
    "path": "/holiday/beach.jpg",
    "parent": FOLDER_ID,
    "size": 2_483_112,
    "content_type": "image/jpeg",
    "sha256": _SHA256,
    "content_etag": _CONTENT_ETAG,
    "copies": {"wanted": 3, "fewest": 3, "is_complete": True, "is_being_copied": False},
}
_VERSION = {
    "number": 2,
    "content_etag": _CONTENT_ETAG,
    "size": 2_483_112,
    "content_type": "image/jpeg",
    "sha256": _SHA256,
    "created_by": "maria",
    "created_at": _TIME,
    "modified_at": _TIME,
    "is_current": True,
}
_CHUNK = {
    "offset": 0,
    "length": 2_483_112,
    "blake3": "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
    "replicas": [{"node": "node-a", "zone": "rack-1", "state": "stored", "verified_at": _TIME}],
}
_SHARE = {
    "id": _ID,
    "entry": {"id": FOLDER_ID, "kind": "folder", "name": "holiday", "path": "/holiday"},
    "role": "download",
    "user": None,
    "group": None,
    "link": {
        "url": "https://drive.example/s/mE4Zk2Q9",
        "has_password": True,
        "expires_at": _LATER,
        "max_downloads": 20,
        "downloads": 3,
    },
    "created_at": _TIME,
}
_TOKEN = {
    "id": _ID,
    "name": "backup",
    "scopes": ["read", "write"],
    "folder": None,
    "created_at": _TIME,
    "expires_at": _LATER,
    "last_used_at": None,
}
_SESSION = {
    "id": _ID,
    "agent": "Firefox on Linux",
    "address": "192.0.2.7",
    "signed_in_at": _TIME,
    "expires_at": _LATER,
    "is_this": True,
}
_INVITATION = {
    "id": _ID,
    "url": "https://drive.example/register?invitation=bWFyaWE",
    "email": "paul@drive.example",
    "created_at": _TIME,
    "expires_at": _LATER,
}
_UPLOAD = {
    "id": _ID,
    "url": f"/api/v1/uploads/{_ID}",
    "name": "film.mp4",
    "parent": FOLDER_ID,
    "length": 734_003_200,
    "offset": 33_554_432,
    "metadata": "filename ZmlsbS5tcDQ=",
    "created_at": _TIME,
    "expires_at": _LATER,
}
_NODE = {
    "id": 1,
    "name": "node-a",
    "url": "http://10.0.0.11:9000",
    "zone": "rack-1",
    "health": "online",
    "duty": "active",
    "capacity_bytes": 4_000_000_000_000,
    "free_bytes": 2_500_000_000_000,
    "replicas": 381_204,
    "last_seen_at": _TIME,
    "failing_since": None,
    "latency_ms": 1.8,
    "problem": "",
    "drain": None,
    "clock_skew_seconds": 0.01,
    "quarantined": 0,
    "version": "1",
}


def _page(one: dict[str, Any]) -> dict[str, Any]:
    return {"results": [one], "next": None}


EXAMPLES: dict[str, Any] = {
    # accounts
    "RegisterIn": {"username": "maria", "email": "maria@drive.example", "password": "three quiet bridges"},
    "AccountOut": {"id": 7, "username": "maria", "email": "maria@drive.example"},
    "PasswordIn": {"current_password": "three quiet bridges", "new_password": "seven loud rivers"},
    "ResetIn": {"email": "maria@drive.example"},
    "SessionPageOut": _page(_SESSION),
    "InvitationIn": {"email": "paul@drive.example", "expires_in": 604_800},
    "InvitationOut": _INVITATION,
    "InvitationPageOut": _page(_INVITATION),
    "TokenIn": {
        "username": "maria",
        "password": "three quiet bridges",
        "name": "backup",
        "scopes": ["read", "write"],
    },
    "NewTokenOut": {**_TOKEN, "token": "dfs_0123456789abcdef"},
    "TokenPageOut": _page(_TOKEN),
    "MeOut": {
        "id": 7,
        "username": "maria",
        "email": "maria@drive.example",
        "quota_bytes": 10_737_418_240,
        "used_bytes": 2_483_112,
        "reserved_bytes": 0,
        "files_bytes": 2_483_112,
        "versions_bytes": 0,
        "trash_bytes": 0,
        "root_id": ROOT_ID,
    },
    # the tree
    "EntryOut": _FILE,
    "Folder": _FOLDER,
    "EntryPageOut": _page(_FOLDER),
    "EntryOrPageOut": _FILE,
    "FolderIn": {"kind": "folder", "path": "/holiday/2026", "parents": True},
    "PatchedChangeIn": {"name": "beach at dawn.jpg", "starred": True},
    "CopyIn": {"name": "beach (for print).jpg"},
    "BatchIn": {"operation": "star", "ids": [FOLDER_ID, FILE_ID]},
    "BatchOut": {
        "results": [
            {"id": FOLDER_ID, "entry": {**_FOLDER, "starred": True}, "error": None},
            {
                "id": FILE_ID,
                "entry": None,
                "error": {"code": "not_found", "detail": "There is nothing here."},
            },
        ]
    },
    "ChangePageOut": {
        "results": [{"id": FILE_ID, "entry": _FILE}, {"id": _ID, "entry": None}],
        "cursor": "NzQyLjE",
        "next": None,
    },
    "EmptiedOut": {"purged": 12},
    "ManifestOut": {"size": 2_483_112, "chunks": [_CHUNK]},
    "VerifyIn": {"offset": 0},
    "VerifiedOut": {"size": 2_483_112, "chunks": [_CHUNK], "good_copies": 3, "next_offset": None},
    "VersionPageOut": _page(_VERSION),
    "UploadPageOut": _page(_UPLOAD),
    # sharing
    "ShareIn": {"role": "download", "password": "sea shells", "max_downloads": 20},
    "PatchedShareChangeIn": {"role": "view", "expires_at": _LATER},
    "ShareOut": _SHARE,
    "SharePageOut": _page(_SHARE),
    # the cluster
    "ClusterOut": {
        "health": "degraded",
        "nodes": 3,
        "nodes_online": 2,
        "nodes_away": 1,
        "chunks": 381_204,
        "under_replicated": 120,
        "oldest_under_replicated_seconds": 14.2,
        "out_of_reach": 254_136,
        "fewest_in_reach": 1,
        "copies_wanted": 3,
        "lost": 0,
        "unavailable": 0,
        "capacity_bytes": 12_000_000_000_000,
        "free_bytes": 7_500_000_000_000,
        "repair": {
            "chunks_left": 120,
            "bytes_left": 503_316_480,
            "bytes_per_second": 46_200_000.0,
            "seconds_left": 10.9,
            "is_waiting": False,
        },
        "problems": [
            {
                "code": "NODE_DOWN",
                "severity": "warning",
                "detail": "node-c has not answered since 2026-11-20 12:04 UTC.",
                "outlook": "If node-c comes back before 2026-11-20 12:14 UTC, nothing has to be copied. "
                "Else its copies are made anew on the other nodes.",
                "cause": "Connection refused",
                "advice": "Look whether it runs and whether the network reaches it.",
                "node": "node-c",
                "count": None,
                "files": [],
            }
        ],
    },
    "ConfirmedOut": {"was_open": True},
    "NodeOut": _NODE,
    "NodePageOut": _page(_NODE),
    "RebalanceOut": {
        "difference": 0.21,
        "threshold": 0.05,
        "moved_bytes": 40_802_189_312,
        "bytes_left": 81_604_378_624,
        "bytes_per_second": 4_200_000.0,
        "seconds_left": 19_429.6,
        "waits_for": "",
    },
    "ScrubOut": {
        "copies": 381_204,
        "verified_copies": 380_011,
        "stored_bytes": 1_500_000_000_000,
        "verified_bytes": 1_495_000_000_000,
        "oldest_verified_at": _TIME,
        "copies_left": 0,
        "bytes_left": 0,
        "ordered_at": None,
    },
    "AnnounceIn": {"store_id": _ID, "url": "http://10.0.0.11:9000", "name": "node-a", "zone": "rack-1"},
    "MembershipOut": {
        "node_id": 1,
        "name": "node-a",
        "cluster_id": "c1f0a9",
        "keys": ["5f3c9a"],
        "duty": "draining",
    },
}
"""By the names of components; `Folder` is an EntryOut, too."""

PARAMETERS: dict[str, Any] = {
    "entry_id": FILE_ID,
    "path": "holiday/beach.jpg",
    "number": 1,
    "node_id": 1,
    "token_id": _ID,
    "session_id": _ID,
    "invitation_id": _ID,
    "share_id": _ID,
    "upload_id": _ID,
    "token": "AZNvPwpufHSdOl5_mxw9TmE4Wms0WjE",
    "below": "2026/beach.jpg",
}
"""Of what stands in addresses."""


def name_for(shape: str, operation_id: str) -> str:
    """Return the name of the example of a shape in an operation."""
    return "Folder" if shape == "EntryOut" and operation_id == "post_entries" else shape
