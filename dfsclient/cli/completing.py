"""Remote paths as the shell completes them: what lies in the folder that has been typed so far."""

from __future__ import annotations

from itertools import islice

from dfsclient.cli import credentials
from dfsclient.client import Client
from dfsclient.errors import DfsError
from dfsclient.retry import Retries

LOOKED_AT = 1000  # one page: a shell does not wait for a folder of millions


def remote_paths(incomplete: str) -> list[str]:
    """Return the remote paths that begin as typed, folders with a slash; nothing where nobody is signed in.

    A shell that completes has no place for an error; the command that is typed then tells it.
    """
    folder, _, begun = incomplete.rpartition("/")
    try:
        used = credentials.current()
        with Client(used.url, used.token, retries=Retries(calls=1)) as client:
            prefix = f"{folder}/" if "/" in incomplete else ""
            return [
                f"{prefix}{entry.name}{'/' if entry.is_folder else ''}"
                for entry in islice(client.list(folder or "/"), LOOKED_AT)
                if entry.name.startswith(begun)
            ]
    except (DfsError, OSError):
        return []
