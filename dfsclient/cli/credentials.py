"""Which service and which token a command uses: DFS_URL and DFS_TOKEN, else what `dfs login` kept.

The file lies in the XDG config folder and can be read by its owner only. A kept token is never sent to
another address than the one it was made for.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

import platformdirs

from dfsclient import localfiles
from dfsclient.errors import BadReply, LocalProblem, NoSignIn
from dfsclient.models import Reading
from dfsclient.transport import clean_url


@dataclass(frozen=True)
class Credentials:
    """What `dfs login` keeps."""

    url: str
    token: str = field(repr=False)
    token_id: str | None
    username: str | None


def current() -> Credentials:
    """Return what this command shall use, or raise `NoSignIn`."""
    kept = kept_credentials()
    url, token = os.environ.get("DFS_URL"), os.environ.get("DFS_TOKEN")
    if url:
        url = clean_url(url)
    elif kept:
        url = kept.url
    else:
        raise NoSignIn("No server is known; sign in with `dfs login URL`, or set DFS_URL and DFS_TOKEN.")
    if token:
        return Credentials(url=url, token=token, token_id=None, username=None)
    if kept and kept.url == url:
        return kept
    raise NoSignIn(f"No token for {url} is known; sign in with `dfs login {url}`, or set DFS_TOKEN.")


def kept_credentials() -> Credentials | None:
    """Return what `dfs login` kept, whatever the environment says."""
    try:
        return read_kept(_file().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        raise NoSignIn(f"{_file()} is damaged; sign in again with `dfs login URL`.") from None


def read_kept(text: str) -> Credentials:
    """Read what `keep` wrote; raises ValueError for anything else."""
    try:
        data = Reading(json.loads(text), "sign-in")
        return Credentials(
            url=clean_url(data.text("url")),
            token=data.text("token"),
            token_id=data.maybe_text("token_id"),
            username=data.maybe_text("username"),
        )
    except (BadReply, LocalProblem, RecursionError) as error:
        raise ValueError(str(error)) from error


def keep(credentials: Credentials) -> None:
    """Keep the token for later commands."""
    localfiles.make_private_folder(_file().parent)
    localfiles.write_private(_file(), json.dumps(asdict(credentials), indent=2))


def forget() -> None:
    """Remove the kept token."""
    _file().unlink(missing_ok=True)


def state_folder() -> Path:
    """Where unfinished work is remembered: in the XDG state folder."""
    return platformdirs.user_state_path("dfs", appauthor=False)


def _file() -> Path:
    return platformdirs.user_config_path("dfs", appauthor=False) / "credentials.json"
