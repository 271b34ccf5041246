"""The commands about names, `ls` to `restore`; no byte of a file moves here."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Annotated

import typer

from dfsclient import paths
from dfsclient.cli.completing import remote_paths
from dfsclient.cli.output import Output, as_text, counted, local_time, size
from dfsclient.cli.running import AsJson, DryRun, Quiet, Recursive, signed_in
from dfsclient.cli.tally import Item, Tally
from dfsclient.client import Client
from dfsclient.errors import LocalProblem, NotFound
from dfsclient.models import Entry, as_json

Paths = Annotated[
    list[str],
    typer.Argument(metavar="PATH...", help="Remote paths.", show_default=False, autocompletion=remote_paths),
]
Long = Annotated[bool, typer.Option("--long", "-l", help="With size, time and copies.")]


def ls(
    path: Annotated[str, typer.Argument(help="A remote folder or file.", autocompletion=remote_paths)] = "/",
    long: Long = False,
    json_: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """List what a folder holds.

    With --json: an array of entries as the server describes them, one a line.
    """
    with signed_in(as_json=json_, quiet=quiet, about=path) as run:
        _list(run.out, run.client.list(path), long=long)


def trash(long: Long = False, json_: AsJson = False, quiet: Quiet = False) -> None:
    """List what lies in the trash, with the ids that `dfs restore` takes.

    With --json: an array of entries, one a line.
    """
    with signed_in(as_json=json_, quiet=quiet) as run:
        _list(run.out, run.client.trashed(), long=long, with_id=True)


def restore(
    ids: Annotated[list[str], typer.Argument(help="Ids from `dfs trash`.")],
    dry_run: DryRun = False,
    json_: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Bring entries back from the trash.

    With --json: {"results": [{"source", "target", "outcome", "size_bytes", "error"}], "done", "failed"}.
    """
    with signed_in(as_json=json_, quiet=quiet) as run:
        tally = Tally(run.out, verb="restored", planned="would restore")

        def bring_back(entry_id: str) -> Item:
            if dry_run:
                return Item(entry_id, run.client.entry_by_id(entry_id).path, "planned")
            return Item(entry_id, run.client.restore(entry_id).path, "done")

        tally.attempt_all(ids, bring_back)
        tally.finish()


def rm(
    targets: Paths,
    recursive: Recursive = False,
    permanent: Annotated[bool, typer.Option("--permanent", help="Not to the trash: gone for good.")] = False,
    dry_run: DryRun = False,
    json_: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Put files, and with -r folders, into the trash.

    With --json: {"results": [{"source", "target", "outcome", "size_bytes", "error"}], "done", "failed"}.
    """
    with signed_in(as_json=json_, quiet=quiet) as run:
        tally = Tally(run.out, verb="removed", planned="would remove")

        def remove(path: str) -> Item:
            paths.split(path)  # never the root
            entry = run.client.entry(path)
            if entry.is_folder and not recursive:
                raise LocalProblem(f"{path} is a folder; remove it with -r.")
            if not dry_run:
                run.client.remove(entry, permanent=permanent)
            return Item(path, None, "planned" if dry_run else "done", entry.size)

        tally.attempt_all(targets, remove)
        tally.finish()


def mv(targets: Paths, dry_run: DryRun = False, json_: AsJson = False, quiet: Quiet = False) -> None:
    """Move or rename: `mv SOURCE TARGET`, or `mv SOURCE... FOLDER`.

    With --json: {"results": [{"source", "target", "outcome", "size_bytes", "error"}], "done", "failed"}.
    """
    with signed_in(as_json=json_, quiet=quiet) as run:
        tally = Tally(run.out, verb="moved", planned="would move")
        _place_all(run.client, targets, tally, None if dry_run else run.client.move)


def cp(targets: Paths, dry_run: DryRun = False, json_: AsJson = False, quiet: Quiet = False) -> None:
    """Copy on the server, folders with all that is in them: `cp SOURCE TARGET`, or `cp SOURCE... FOLDER`.

    With --json: {"results": [{"source", "target", "outcome", "size_bytes", "error"}], "done", "failed"}.
    """
    with signed_in(as_json=json_, quiet=quiet) as run:
        tally = Tally(run.out, verb="copied", planned="would copy")
        _place_all(run.client, targets, tally, None if dry_run else run.client.copy)


def mkdir(
    targets: Paths,
    parents: Annotated[
        bool, typer.Option("--parents", "-p", help="Also those above; one that is there is fine.")
    ] = False,
    dry_run: DryRun = False,
    json_: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Make folders.

    With --json: {"results": [{"source", "target", "outcome", "size_bytes", "error"}], "done", "failed"}.
    """
    with signed_in(as_json=json_, quiet=quiet) as run:
        tally = Tally(run.out, verb="made", planned="would make")

        def make(path: str) -> Item:
            if dry_run:
                return Item(paths.normalize(path), None, "planned")
            return Item(run.client.make_folder(path, parents=parents, exist_ok=parents).path, None, "done")

        tally.attempt_all(targets, make)
        tally.finish()


def _list(out: Output, entries: Iterable[Entry], *, long: bool, with_id: bool = False) -> None:
    if out.as_json:
        before = "[\n"
        for entry in entries:  # one a line as they come: a folder may hold a million
            sys.stdout.write(before + as_text(as_json(entry)))
            before = ",\n"
        sys.stdout.write("[]\n" if before == "[\n" else "\n]\n")
        return
    for entry in entries:
        name = entry.name + ("/" if entry.is_folder else "")
        if with_id:
            name = f"{entry.id}  {entry.path.rstrip('/')}{'/' if entry.is_folder else ''}"
        out.data(f"{_figures(entry)}  {name}" if long else name)


def _figures(entry: Entry) -> str:
    moment = local_time(entry.modified_at)
    copies = f"{entry.copies.fewest}/{entry.copies.wanted}" if entry.copies else "–"
    return f"{'–' if entry.is_folder else size(entry.size):>10}  {moment:16}  {copies:>4}"


def _place_all(
    client: Client, targets: list[str], tally: Tally, place: Callable[[str | Entry, str], Entry] | None
) -> None:
    """Move or copy to a name or into a folder, as `mv` and `cp` do; without `place` only say so."""
    if len(targets) < 2:
        raise typer.BadParameter("a source and a target are needed.")
    *sources, target = targets
    into_folder = is_folder_target(client, target)
    if len(sources) > 1 and not into_folder:
        raise typer.BadParameter(
            f"{counted(len(sources), 'source')} need a folder as target; {target} is none."
        )

    def one(source: str) -> Item:
        path = paths.join(target, paths.split(source)[1]) if into_folder else paths.normalize(target)
        entry = client.entry(source)
        if place is None:
            return Item(source, path, "planned", entry.size)
        return Item(source, place(entry, path).path, "done", entry.size)

    tally.attempt_all(sources, one)
    tally.finish()


def is_folder_target(client: Client, target: str) -> bool:
    """Whether a target means "into this folder": typed so, or a folder is there."""
    if paths.means_folder(target):
        return True
    try:
        return client.entry(target).is_folder
    except NotFound:
        return False
