"""Reads the cursors of all lists: signed, so that what one holds was written here."""

from typing import Any

from django.core import signing

from files.errors import BadCursor


def read(cursor: str, *, salt: str) -> Any:
    """Return what was signed with this salt, which tells lists apart. Raises BadCursor for anything else."""
    try:
        return signing.loads(cursor, salt=salt)
    except signing.BadSignature as error:
        raise BadCursor(field="cursor") from error
