"""`dfs tree` and `dfs du`: a folder with all that is in it, drawn or added up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from dfsclient.cli.completing import remote_paths
from dfsclient.cli.output import counted, size
from dfsclient.cli.running import AsJson, Quiet, signed_in
from dfsclient.client import Client
from dfsclient.models import Entry, as_json

Folder = Annotated[str, typer.Argument(help="A remote folder.", autocompletion=remote_paths)]


def tree(path: Folder = "/", json_: AsJson = False, quiet: Quiet = False) -> None:
    """Draw a folder with all that is in it.

    With --json: an array of entries, each folder before what is in it.
    """
    with signed_in(as_json=json_, quiet=quiet, about=path) as run:
        top = run.client.entry(path)
        if json_:
            run.out.document([as_json(entry) for entry, _ in _below(run.client, top, "")])
            return
        run.out.data(top.path)
        files = folders = 0
        for entry, drawn in _below(run.client, top, ""):
            run.out.data(drawn + entry.name + ("/" if entry.is_folder else ""))
            files, folders = files + (not entry.is_folder), folders + entry.is_folder
        run.out.note(f"{counted(folders, 'folder')}, {counted(files, 'file')}")


def du(path: Folder = "/", json_: AsJson = False, quiet: Quiet = False) -> None:
    """Add up the bytes below each entry of a folder, as the files are now.

    With --json: {"path", "size_bytes", "files", "entries": [{"path", "size_bytes", "files"}]}.
    """
    with signed_in(as_json=json_, quiet=quiet, about=path) as run:
        top = run.client.entry(path)
        sums = [(one.path, *_sum(run.client, one)) for one in run.client.list(top)]
        total, files = sum(one[1] for one in sums), sum(one[2] for one in sums)
        if json_:
            entries = [dict(zip(("path", "size_bytes", "files"), one, strict=True)) for one in sums]
            run.out.document({"path": top.path, "size_bytes": total, "files": files, "entries": entries})
            return
        for name, size_bytes, _ in sums:
            run.out.data(f"{size(size_bytes):>10}  {name}")
        run.out.data(f"{size(total):>10}  {top.path}")


def _below(client: Client, folder: Entry, margin: str) -> Iterator[tuple[Entry, str]]:
    """Yield what lies below with what is drawn before its name."""
    if not folder.is_folder:
        return
    children = list(client.list(folder))
    for place, child in enumerate(children, 1):
        is_last = place == len(children)
        yield child, margin + ("└── " if is_last else "├── ")
        yield from _below(client, child, margin + ("    " if is_last else "│   "))


def _sum(client: Client, entry: Entry) -> tuple[int, int]:
    """Return the bytes and the number of the files of an entry and below it."""
    if not entry.is_folder:
        return entry.size, 1
    below = [one for one, _ in _below(client, entry, "") if not one.is_folder]
    return sum(one.size for one in below), len(below)
