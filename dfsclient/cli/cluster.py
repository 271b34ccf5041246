"""`dfs status` and `dfs doctor`: how the cluster is doing, in words and figures."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Annotated

import typer

from dfsclient.cli.exits import Exit
from dfsclient.cli.output import counted, size, span
from dfsclient.cli.running import AsJson, Quiet, signed_in
from dfsclient.errors import LocalProblem
from dfsclient.health import Cluster, Problem, Repair
from dfsclient.models import as_json

SOUND = "healthy"
NOTICE = "notice"  # the severity of what is good to know and needs no hand


def status(json_: AsJson = False, quiet: Quiet = False) -> None:
    """Tell how the cluster is; the exit code is 6 when it is not healthy. With --quiet it alone tells.

    With --json: {"health", "nodes_online", "chunks", "under_replicated", "out_of_reach", "lost",
    "capacity_bytes", "free_bytes", "repair": {"chunks_left", "bytes_left", "bytes_per_second",
    "seconds_left", "is_waiting"}, "problems": [{"code", "detail", "facts"}]}.
    """
    with signed_in(as_json=json_, quiet=quiet) as run:
        cluster = run.client.cluster()
        if json_:
            run.out.document(as_json(cluster))
        elif not quiet:
            for line in told(cluster):
                run.out.data(line)
        if cluster.health != SOUND:
            raise typer.Exit(Exit.DEGRADED)


def doctor(json_: AsJson = False, quiet: Quiet = False) -> None:
    """Name every problem of the cluster, what to do about it, and which files are damaged.

    The exit code is 6 when something should be done soon, 0 when all there is are notices. With --quiet
    it alone tells.

    With --json: {"health", "problems": [{"code", "severity", "detail", "advice", "outlook", "cause", "node",
    "facts", "files": [{"entry_id", "owner", "path", "version", "is_current"}]}]}.
    """
    with signed_in(as_json=json_, quiet=quiet) as run:
        cluster = run.client.cluster()
        if json_:
            document = as_json(cluster)
            run.out.document({key: document[key] for key in ("health", "problems")})
        elif not quiet:
            for line in _examined(cluster):
                run.out.data(line)
        if cluster.health != SOUND:
            raise typer.Exit(Exit.DEGRADED)


def confirm_restore(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json_: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Say that the database is the right one after a restore, so that removing goes on (for administrators).

    With --json: {"was_open"}.
    """
    with signed_in(as_json=json_, quiet=quiet) as run:
        if not yes:
            if not sys.stdin.isatty():
                raise LocalProblem("This asks before it acts; add --yes.")
            typer.confirm("Is this database the right one, and the latest there is?", abort=True, err=True)
        was_open = run.client.confirm_restore()
        if json_:
            run.out.document({"was_open": was_open})
        run.out.note("Removing goes on." if was_open else "There was nothing to confirm.")


def told(cluster: Cluster) -> list[str]:
    """The state of the cluster in lines for a person."""
    copies = (
        f"{counted(cluster.under_replicated, 'chunk')} short of copies"
        if cluster.under_replicated
        else "every chunk has all its copies"
    )
    if cluster.out_of_reach:
        copies += f", up to {counted(cluster.out_of_reach, 'chunk')} with a copy on a node that is away"
    lost = f", {counted(cluster.lost, 'chunk')} without any copy" if cluster.lost else ""
    online = f"{counted(cluster.nodes_online, 'node')} online"
    if cluster.nodes is not None:
        online = f"{cluster.nodes_online:,} of {counted(cluster.nodes, 'node')} online"
    return [
        f"The cluster is {cluster.health.replace('_', ' ')}.",
        f"{online}, {counted(cluster.chunks, 'chunk')}, {copies}{lost}.",
        f"{size(cluster.free_bytes)} of {size(cluster.capacity_bytes)} free.",
        *([_told_repair(cluster.repair)] if cluster.repair and cluster.repair.chunks_left else []),
        *(f"- {_told_problem(problem)}" for problem in cluster.problems),
    ]


def _told_repair(repair: Repair) -> str:
    words = f"Copies of {counted(repair.chunks_left, 'chunk')} to make, {size(repair.bytes_left)}"
    if repair.is_waiting:
        return f"{words}: they wait for nodes with room."
    if repair.bytes_per_second is None or repair.seconds_left is None:
        return f"{words}: how long that takes is not known yet."
    return f"{words}: about {span(repair.seconds_left)} at {size(int(repair.bytes_per_second))}/s."


def _examined(cluster: Cluster) -> Iterator[str]:
    """Each problem in a paragraph: its name, what was found, what to do, what is damaged."""
    notices = sum(problem.severity == NOTICE for problem in cluster.problems)
    grave = len(cluster.problems) - notices
    found = [counted(grave, "problem") if grave else "no problem"]
    found += [counted(notices, "notice")] if notices else []
    yield f"The cluster is {cluster.health}: {', '.join(found)}."
    for problem in cluster.problems:
        where = f", {problem.node}" if problem.node else ""
        yield ""
        yield f"{problem.code} ({problem.severity}{where})"
        yield f"  {_told_problem(problem)}"
        if problem.outlook:
            yield f"  Next: {problem.outlook}"
        if problem.advice:
            yield f"  To do: {problem.advice}"
        if problem.cause:
            yield f"  Met: {problem.cause}"
        for file in problem.files:
            older = "" if file.is_current else ", an older version"
            yield f"  Damaged: {file.owner}:{file.path} (version {file.version}{older})"


def _told_problem(problem: Problem) -> str:
    text = problem.detail or problem.code.replace("_", " ")
    figures = {} if problem.detail else problem.facts
    facts = ", ".join(f"{key} {value}" for key, value in figures.items())
    return f"{text} ({facts})" if facts else text
