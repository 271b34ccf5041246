"""Finds where the file goes that an upload's metadata tells of: by a folder's id, or by a path."""

from typing import TYPE_CHECKING
from uuid import UUID

from files import access, names, tree, uploads
from files.errors import NotFound, ParentNotFound
from files.tus import Wanted
from files.uploads import Target

if TYPE_CHECKING:
    from accounts.models import User


def aim(user: "User", wanted: Wanted) -> Target:
    """Find the folder and the name: as `cp` does, a path is the file's or the folder's to put it in."""
    if wanted.path is None:
        return uploads.target_in(user, wanted.parent_id, wanted.filename, on_conflict=wanted.on_conflict)
    parts = names.split_path(wanted.path)
    if wanted.filename:
        folder = _folder_at(user, wanted.path)
        if folder is not None:
            return uploads.target_in(user, folder, wanted.filename, on_conflict=wanted.on_conflict)
    parent_path, name = names.join_path(parts[:-1]), parts[-1] if parts else ""
    if wanted.parents:
        folder, _ = tree.create_folder_at(user, parent_path, parents=True)
    else:
        folder = _folder_at(user, parent_path)
    if folder is None:
        raise ParentNotFound(f"The folder “{parent_path}” does not exist.", path=parent_path)
    return uploads.target_in(user, folder, name, on_conflict=wanted.on_conflict)


def _folder_at(user: "User", path: str) -> UUID | None:
    try:
        found = access.find_by_path(user, path)
    except NotFound:
        return None
    return found.id if found.is_folder else None
