"""`dfs verify`: have the nodes look again at what they keep of files, and say what they found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import typer

from dfsclient.cli import bars
from dfsclient.cli.exits import Exit, code_of
from dfsclient.cli.names import Paths
from dfsclient.cli.output import counted, described
from dfsclient.cli.running import AsJson, Quiet, Recursive, Run, signed_in
from dfsclient.errors import DfsError, LocalProblem
from dfsclient.models import Entry
from dfsclient.verification import Verification


def verify(paths: Paths, recursive: Recursive = False, json_: AsJson = False, quiet: Quiet = False) -> None:
    """Have every copy of files read and hashed by its node, now; the exit code is 6 when one is not sound.

    A copy that is bad or gone is replaced by the cluster itself.

    With --json: {"results": [{"path", "is_sound", "size", "chunks", "copies", "good_copies", "short", "lost",
    "error"}], "sound", "degraded", "failed"}; "short" are chunks with fewer copies than wanted, and where
    "good_copies" are fewer than "copies", a node did not answer.
    """
    results: list[dict[str, Any]] = []
    failures: list[Exit] = []
    with signed_in(as_json=json_, quiet=quiet) as run, bars.showing(run.out) as shown:
        for path in paths:
            try:
                for file in _files(run, path, recursive=recursive):
                    with shown.one(file.name) as progress:
                        found = run.client.verify(file, progress=progress)
                    results.append(
                        {"path": file.path, "is_sound": found.is_sound, **asdict(found), "error": None}
                    )
                    _tell(run, file, found)
            except DfsError as error:
                failures.append(code_of(error))
                run.out.problem(error, path)
                results.append({"path": path, "is_sound": None, "error": described(error, path)})
        degraded = sum(one["is_sound"] is False for one in results)
        if json_:
            sound = sum(one["is_sound"] is True for one in results)
            run.out.document(
                {"results": results, "sound": sound, "degraded": degraded, "failed": len(failures)}
            )
        if failures:
            raise typer.Exit(Exit.PARTLY if len(results) > len(failures) else failures[0])
        if degraded:
            raise typer.Exit(Exit.DEGRADED)


def _files(run: Run, path: str, *, recursive: bool) -> Iterator[Entry]:
    entry = run.client.entry(path)
    if entry.is_folder and not recursive:
        raise LocalProblem(f"{path} is a folder; verify what is in it with -r.")
    yield from _below(run, entry)


def _below(run: Run, entry: Entry) -> Iterator[Entry]:
    if not entry.is_folder:
        yield entry
        return
    for child in run.client.list(entry):
        yield from _below(run, child)


def _tell(run: Run, file: Entry, found: Verification) -> None:
    if found.is_sound:
        run.out.note(f"sound {file.path}: {_copies(found.copies)} verified")
        return
    facts = []
    if found.lost:
        facts.append(f"{counted(found.lost, 'chunk')} without any copy")
    if found.short > found.lost:
        facts.append(f"{counted(found.short - found.lost, 'chunk')} with too few copies")
    if found.good_copies < found.copies:
        facts.append(f"no answer about {_copies(found.copies - found.good_copies)}")
    run.out.warn(f"{file.path}: {', '.join(facts)} of {counted(found.chunks, 'chunk')}; see `dfs status`.")


def _copies(number: int) -> str:
    return f"{number:,} {'copy' if number == 1 else 'copies'}"
