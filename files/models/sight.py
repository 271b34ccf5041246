"""Who may see and do what, as the database says it: SQL functions that walk up the tree."""

import uuid
from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    from accounts.models import User


class IsAlive(models.Func):
    """Neither the entry nor a folder above it is in the trash or purged."""

    function = "files_is_alive"
    output_field = models.BooleanField()


class IsKept(models.Func):
    """Neither the entry nor a folder above it is purged: it may still be in the trash."""

    function = "files_is_kept"
    output_field = models.BooleanField()


class RootOf(models.Func):
    """The id of an owner's root folder, or null."""

    function = "files_root"
    output_field = models.UUIDField()


class IsWithin(models.Func):
    """Does the entry lie in a folder, at any depth, or is it the folder itself?"""

    function = "files_is_within"
    output_field = models.BooleanField()


class MaySee(models.Func):
    """May this user read the entry? The rule stands in `files_sight`, as for the next two."""

    function = "files_may_see"
    output_field = models.BooleanField()


class MayEdit(models.Func):
    """May this user write its bytes, or put something into it?"""

    function = "files_may_edit"
    output_field = models.BooleanField()


class MayPlace(models.Func):
    """May this user rename it, move it, and put it into the trash?"""

    function = "files_may_place"
    output_field = models.BooleanField()


class RoleOf(models.Func):
    """What this user may do with the entry: owner, editor, viewer, or null."""

    function = "files_role"
    output_field = models.TextField()


class PathFor(models.Func):
    """Where the entry lies for this user, to whom it may be shared."""

    function = "files_path_for"
    output_field = models.TextField()


class PathOf(models.Func):
    """Where the entry lies below its root, "/holiday/photo.jpg"."""

    function = "files_path"
    output_field = models.TextField()


def sight_of(user: "User", entry: str = "pk") -> tuple[models.Value, str, models.Value]:
    """Return what `files_sight` and its kin ask: who looks at what, and which folder keeps them in."""
    return (
        models.Value(user.pk, output_field=models.BigIntegerField()),
        entry,
        folder_value(user.confined_to),
    )


def folder_value(folder_id: uuid.UUID | None) -> models.Value:
    """Return a folder as a parameter, also where there is none."""
    return models.Value(folder_id, output_field=models.UUIDField())
