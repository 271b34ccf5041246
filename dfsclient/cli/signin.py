"""`dfs login` and `dfs logout`."""

from __future__ import annotations

import platform
import sys
from typing import Annotated

import typer

from dfsclient.cli import credentials
from dfsclient.cli.credentials import Credentials
from dfsclient.cli.running import AsJson, Quiet, reporting
from dfsclient.client import Client
from dfsclient.errors import DfsError, NotSignedIn
from dfsclient.transport import is_loopback


def login(
    url: Annotated[str, typer.Argument(help="The address of the server.", envvar="DFS_URL")],
    username: Annotated[str | None, typer.Option("--username", "-u", help="Asked for if left out.")] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    admin: Annotated[
        bool, typer.Option("--admin", help="A token that may also administer (`dfs nodes`).")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Sign in and keep a token for later commands, in a file that only you can read.

    With --json: {"url", "username", "token_id", "expires_at"}; the token itself is not shown.
    """
    with reporting(as_json=as_json, quiet=quiet, about=url) as out, Client(url) as client:
        if client.url.startswith("http:") and not is_loopback(client.url):
            out.warn(f"{client.url} is not encrypted: others in the network can read the password.")
        if password_stdin and not username:
            raise typer.BadParameter("--password-stdin needs --username.")
        name = username or typer.prompt("Username", err=True)
        password = (
            sys.stdin.readline().rstrip("\r\n")
            if password_stdin
            else typer.prompt("Password", hide_input=True, err=True)
        )
        scopes = ("read", "write", "admin") if admin else ("read", "write")
        token = client.sign_in(name, password, name=f"dfs on {platform.node()}", scopes=scopes)
        credentials.keep(Credentials(url=client.url, token=token.token, token_id=token.id, username=name))
        if as_json:
            expires_at = token.expires_at.isoformat().replace("+00:00", "Z") if token.expires_at else None
            out.document(
                {"url": client.url, "username": name, "token_id": token.id, "expires_at": expires_at}
            )
        out.note(f"Signed in to {client.url} as {name}.")


def logout(as_json: AsJson = False, quiet: Quiet = False) -> None:
    """End the token that `dfs login` made and forget it.

    With --json: {"url", "revoked"}.
    """
    with reporting(as_json=as_json, quiet=quiet) as out:
        kept = credentials.kept_credentials()
        revoked = False
        if kept and kept.token_id:
            try:
                with Client(kept.url, kept.token) as client:
                    client.revoke_token(kept.token_id)
                revoked = True
            except NotSignedIn:
                revoked = True  # it had ended already
            except DfsError as error:
                out.warn(f"The token is forgotten here but may still be valid at {kept.url}: {error}")
        credentials.forget()
        if as_json:
            out.document({"url": kept.url if kept else None, "revoked": revoked})
        out.note(f"Signed out of {kept.url}." if kept else "Nobody was signed in.")
