"""`dfs share` and `dfs versions`: who else may have an entry, and what a file was before."""

from __future__ import annotations

import re
import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from dfsclient.cli.completing import remote_paths
from dfsclient.cli.output import Output, local_time, size
from dfsclient.cli.running import AsJson, DryRun, Quiet, Run, signed_in
from dfsclient.errors import NotFound
from dfsclient.history import Share, Version

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def share(
    path: Annotated[str, typer.Argument(help="A remote file or folder.", autocompletion=remote_paths)],
    user: Annotated[str | None, typer.Option("--user", help="A person, by user name.")] = None,
    group: Annotated[str | None, typer.Option("--group", help="A group that you are in.")] = None,
    link: Annotated[bool, typer.Option("--link", help="A link for whoever has it.")] = False,
    role: Annotated[
        str | None,
        typer.Option("--role", help="viewer or editor; of a link view, download or upload."),
    ] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the link's password from standard input.")
    ] = False,
    expires: Annotated[str | None, typer.Option("--expires", help="Of a link: 30m, 12h, 7d, 2w.")] = None,
    max_downloads: Annotated[int | None, typer.Option("--max-downloads", help="Of a link.")] = None,
    revoke: Annotated[str | None, typer.Option("--revoke", metavar="ID", help="Take a share back.")] = None,
    dry_run: DryRun = False,
    json_: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Share an entry with a person or a group, make a link to it, or list its shares.

    With --json: an array of shares {"id", "path", "role", "user", "group", "url", "has_password",
    "expires_at", "max_downloads", "created_at"}, after --revoke those that are left; with --dry-run what
    would be made has no "id".
    """
    if sum((user is not None, group is not None, link, revoke is not None)) > 1:
        raise typer.BadParameter("choose one of --user, --group, --link and --revoke.")
    if not link and (password_stdin or expires or max_downloads is not None):
        raise typer.BadParameter("--password-stdin, --expires and --max-downloads are of a --link.")
    until = _moment(expires) if expires else None
    with signed_in(as_json=json_, quiet=quiet, about=path) as run:
        if revoke is not None:
            _revoke(run, path, revoke, dry_run=dry_run)
            if json_:
                _tell(run.out, [one for one in run.client.shares(path) if one.id != revoke])
        elif link or user is not None or group is not None:
            password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
            wanted = Share(
                id="",
                path=path,
                role=role or ("download" if link else "viewer"),
                user=user,
                group=group,
                url=None,
                has_password=password is not None,
                expires_at=until,
                max_downloads=max_downloads,
                created_at=None,
            )
            if dry_run:
                _plan(run, wanted)
            else:
                _tell(run.out, [_make(run, wanted, password)])
        else:
            _tell(run.out, list(run.client.shares(path)))


def versions(
    path: Annotated[str, typer.Argument(help="A remote file.", autocompletion=remote_paths)],
    restore: Annotated[
        int | None, typer.Option("--restore", metavar="NUMBER", help="Make it what it was then.")
    ] = None,
    dry_run: DryRun = False,
    json_: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """List what a file was before, the newest first, or bring one of its versions back.

    With --json: an array of {"number", "size", "created_by", "created_at", "is_current"}.
    """
    with signed_in(as_json=json_, quiet=quiet, about=path) as run:
        if restore is not None:
            _restore(run, path, restore, dry_run=dry_run)
            if not json_:
                return
        found = list(run.client.versions(path))
        if json_:
            run.out.document([_as_json(one) for one in found])
            return
        for one in found:
            moment = local_time(one.created_at)
            mark = "  current" if one.is_current else ""
            run.out.data(f"{one.number:>5}  {size(one.size):>10}  {moment:16}  {one.created_by}{mark}")


def _make(run: Run, wanted: Share, password: str | None) -> Share:
    if wanted.user is not None or wanted.group is not None:
        return run.client.share(wanted.path, role=wanted.role, user=wanted.user, group=wanted.group)
    return run.client.make_link(
        wanted.path,
        role=wanted.role,
        password=password,
        expires_at=wanted.expires_at,
        max_downloads=wanted.max_downloads,
    )


def _plan(run: Run, wanted: Share) -> None:
    path = run.client.entry(wanted.path).path
    if run.out.as_json:
        run.out.document([{**_as_json(wanted), "id": None, "path": path}])
    with_whom = f"with {wanted.whom} as {wanted.role}" if wanted.whom else f"by a link to {wanted.role}"
    run.out.note(f"would share {path} {with_whom}")


def _revoke(run: Run, path: str, share_id: str, *, dry_run: bool) -> None:
    if dry_run:
        _require(share_id in (one.id for one in run.client.shares(path)), "share")
        run.out.note(f"would no longer share {path} so")
    else:
        run.client.revoke_share(share_id)
        run.out.note(f"{path} is no longer shared so.")


def _restore(run: Run, path: str, number: int, *, dry_run: bool) -> None:
    if dry_run:
        _require(number in (one.number for one in run.client.versions(path)), "version")
        run.out.note(f"would make {path} what it was in version {number}")
    else:
        run.client.restore_version(path, number)
        run.out.note(f"{path} is again what it was in version {number}.")


def _require(is_there: bool, noun: str) -> None:
    """Refuse in a dry run what the server would refuse."""
    if not is_there:
        raise NotFound(f"There is no such {noun}.", status=404)


def _tell(out: Output, shares: list[Share]) -> None:
    if out.as_json:
        out.document([_as_json(one) for one in shares])
        return
    for one in shares:
        out.data(f"{one.id}  {one.role:8}  {one.whom}")


def _as_json(value: Share | Version) -> dict[str, Any]:
    return {
        name: one.isoformat().replace("+00:00", "Z") if isinstance(one, datetime) else one
        for name, one in asdict(value).items()
    }


def _moment(text: str) -> datetime:
    """Read how long from now: a number and a unit."""
    found = re.fullmatch(r"(\d{1,4})([mhdw])", text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is no time; say 30m, 12h, 7d or 2w.")
    return datetime.now(UTC) + timedelta(**{_UNITS[found[2]]: int(found[1])})
