"""The commands that move bytes: `put`, `get`, `cat`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from dfsclient import paths
from dfsclient.cli import bars, credentials
from dfsclient.cli.begun import Begun
from dfsclient.cli.completing import remote_paths
from dfsclient.cli.exits import code_of
from dfsclient.cli.plans import Fetch, Plan, Send
from dfsclient.cli.running import AsJson, DryRun, Quiet, Recursive, Run, signed_in
from dfsclient.cli.tally import Item, Tally, each
from dfsclient.errors import DfsError, LocalProblem
from dfsclient.journal import Journal
from dfsclient.uploads import OnConflict

AT_ONCE = 4  # transfers of one command side by side: files, or the parts of one
PIPE = "-"

Into = Annotated[
    str | None,
    typer.Option("--into", "-t", metavar="FOLDER", help="The target folder; all else are sources."),
]
Conflicts = Annotated[OnConflict, typer.Option("--on-conflict", help="What happens when the name is taken.")]


def put(
    names: Annotated[
        list[str],
        typer.Argument(metavar="SOURCE... [TARGET]", help="Local files (- is a pipe), then a path."),
    ],
    recursive: Recursive = False,
    into: Into = None,
    on_conflict: Conflicts = "replace",
    dry_run: DryRun = False,
    json_: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Send files: `put FILE`, `put FILE TARGET`, `put FILE... FOLDER/`, `put -r FOLDER`, `… | put - TARGET`.

    A target that ends in / is a folder; missing folders are made. After a broken connection it goes on by
    itself, after a killed process with the same command. With -r what is there already is not sent again.

    With --json: {"results": [{"source", "target", "outcome", "size_bytes", "error"}], "done", "failed"}.
    """
    with signed_in(as_json=json_, quiet=quiet) as run:
        tally = Tally(run.out, verb="sent", planned="would send")
        sources, target = _sources_and_target(names, into, default="/")
        if PIPE in sources:
            tally.attempt(PIPE, lambda _: _put_pipe(run, sources, target, on_conflict, dry_run=dry_run))
            tally.finish()
            return
        begun = Begun(credentials.state_folder() / "folders")
        plan = Plan(run.client, tally, begun, recursive=recursive, dry_run=dry_run)
        is_alone = len(sources) == 1 and not Path(sources[0]).is_dir()
        with bars.showing(run.out) as shown:

            def send(job: Send) -> Item:
                with shown.one(job.source.name) as progress:
                    source = str(job.source)
                    size_bytes = job.source.stat().st_size
                    if on_conflict == "replace" and job.there and run.client.is_same(job.source, job.there):
                        return Item(source, job.target, "unchanged", size_bytes)
                    if dry_run:
                        return Item(source, job.target, "planned", size_bytes)
                    entry = run.client.upload(
                        job.source,
                        job.target,
                        on_conflict=on_conflict,
                        progress=progress,
                        journal=Journal(credentials.state_folder() / "uploads"),
                        at_once=AT_ONCE if is_alone else 1,
                    )
                    return Item(source, entry.path, "done", entry.size)

            each(
                plan.sends(sources, target),
                lambda job: tally.attempt(str(job.source), lambda _: send(job)),
                tally,
                at_once=AT_ONCE,
            )
        tally.finish()
        begun.end()


def get(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE... [TARGET]",
            help="Remote files, then a local path (- is a pipe).",
            autocompletion=remote_paths,
        ),
    ],
    recursive: Recursive = False,
    into: Into = None,
    keep_mtime: Annotated[
        bool, typer.Option("--keep-mtime", "-p", help="Give local files the time of the remote ones.")
    ] = False,
    dry_run: DryRun = False,
    json_: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Fetch files: `get PATH`, `get PATH TARGET`, `get PATH... FOLDER/`, `get -r FOLDER`, `get PATH - | …`.

    A file gets its name only when it is whole and checked. After a broken connection it goes on by itself,
    after a killed process with the same command. With -r what is there already is not fetched again.

    With --json: {"results": [{"source", "target", "outcome", "size_bytes", "error"}], "done", "failed"}.
    """
    with signed_in(as_json=json_, quiet=quiet) as run:
        sources, target = _sources_and_target(names, into, default=".")
        tally = Tally(run.out, verb="fetched", planned="would fetch")
        if target == PIPE:
            if json_:
                raise typer.BadParameter("--json and - both want standard output.")
            if not dry_run:
                _write_out(run, sources)
                return
            tally.attempt_all(sources, lambda path: Item(path, PIPE, "planned", run.client.entry(path).size))
            tally.finish()
            return
        begun = Begun(credentials.state_folder() / "folders")
        plan = Plan(run.client, tally, begun, recursive=recursive, dry_run=dry_run)
        with bars.showing(run.out) as shown:

            def fetch(job: Fetch) -> Item:
                with shown.one(job.entry.name) as progress:
                    if recursive and run.client.is_same(job.target, job.entry):
                        return Item(job.entry.path, str(job.target), "unchanged", job.entry.size)
                    if dry_run:
                        return Item(job.entry.path, str(job.target), "planned", job.entry.size)
                    entry = run.client.download(
                        job.entry, job.target, keep_mtime=keep_mtime, progress=progress
                    )
                    return Item(entry.path, str(job.target), "done", entry.size)

            each(
                plan.fetches(sources, target),
                lambda job: tally.attempt(job.entry.path, lambda _: fetch(job)),
                tally,
                at_once=AT_ONCE,
            )
        tally.finish()
        begun.end()


def cat(
    names: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="Remote files.", autocompletion=remote_paths)
    ],
    quiet: Quiet = False,
) -> None:
    """Write files to standard output, one after the other."""
    with signed_in(quiet=quiet) as run:
        _write_out(run, names)


def _sources_and_target(names: list[str], into: str | None, *, default: str) -> tuple[list[str], str]:
    """Tell sources from the target, as `cp` does: the last of several is the target."""
    if into is not None:
        return names, into.rstrip("/") + "/"
    if len(names) == 1:
        return names, default
    *sources, target = names
    return sources, target


def _put_pipe(run: Run, sources: list[str], target: str, on_conflict: OnConflict, *, dry_run: bool) -> Item:
    if sources != [PIPE] or paths.means_folder(target):
        raise LocalProblem("A pipe has no name: write `put - TARGET`, with the name the file shall have.")
    if dry_run:
        return Item(PIPE, paths.normalize(target), "planned")
    with bars.showing(run.out) as shown, shown.one(target) as progress:
        entry = run.client.upload(sys.stdin.buffer, target, on_conflict=on_conflict, progress=progress)
    return Item(PIPE, entry.path, "done", entry.size)


def _write_out(run: Run, sources: list[str]) -> None:
    """Write the files to standard output; the first that fails ends it: nothing can follow half a file."""
    for source in sources:
        try:
            for block in run.client.read(source):
                sys.stdout.buffer.write(block)
        except DfsError as error:
            run.out.problem(error, source)
            raise typer.Exit(code_of(error)) from None
    sys.stdout.buffer.flush()
