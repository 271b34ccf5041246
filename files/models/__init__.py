"""The tree: folders and files, their versions, and the uploads on their way. Rows and constraints only."""

from files.models.entry import LIVING, Entry, EntryQuerySet, Share
from files.models.record import Activity, Tombstone
from files.models.sight import (
    IsAlive,
    IsKept,
    IsWithin,
    MayEdit,
    MayPlace,
    MaySee,
    PathFor,
    PathOf,
    RoleOf,
    RootOf,
    sight_of,
)
from files.models.upload import Reservation, Upload, UploadQuerySet
from files.models.version import Thumbnail, ThumbnailQuerySet, Version

__all__ = [
    "LIVING",
    "Activity",
    "Entry",
    "EntryQuerySet",
    "IsAlive",
    "IsKept",
    "IsWithin",
    "MayEdit",
    "MayPlace",
    "MaySee",
    "PathFor",
    "PathOf",
    "Reservation",
    "RoleOf",
    "RootOf",
    "Share",
    "Thumbnail",
    "ThumbnailQuerySet",
    "Tombstone",
    "Upload",
    "UploadQuerySet",
    "Version",
    "sight_of",
]
