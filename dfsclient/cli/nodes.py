"""`dfs nodes`: the storage nodes, and what is wanted of each (for administrators)."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from dfsclient.cli.output import console, printable, size, span
from dfsclient.cli.running import AsJson, DryRun, Quiet, Run, signed_in
from dfsclient.client import Duty
from dfsclient.errors import LocalProblem, NoSuchNode
from dfsclient.models import Drain, Node, Rebalance, Scrub, as_json

WIDTH = 200  # nothing is cut: a pipe has no width, and a terminal breaks lines by itself

Name = Annotated[str, typer.Argument(help="The node's name.", metavar="NODE")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Progress = Annotated[bool, typer.Option("--progress", help="Tell how far it is; order nothing.")]

app = typer.Typer(help="List the storage nodes, or change what is wanted of one (for administrators).")


@app.callback(invoke_without_command=True)
def nodes(context: typer.Context, json_: AsJson = False, quiet: Quiet = False) -> None:
    """List the storage nodes, or change what is wanted of one (for administrators).

    With --json: an array of nodes as the server describes them.
    """
    if context.invoked_subcommand:
        return
    with signed_in(as_json=json_, quiet=quiet) as run:
        found = list(run.client.nodes())
        if json_:
            run.out.document([as_json(node) for node in found])
            return
        console(sys.stdout, width=WIDTH).print(_table(found))


@app.command()
def drain(
    name: Name, yes: Yes = False, dry_run: DryRun = False, json_: AsJson = False, quiet: Quiet = False
) -> None:
    """Move everything a node holds to others; `dfs nodes` tells how far it has come.

    With --json: the node as the server describes it.
    """
    _change(
        name,
        "drain",
        asks="" if yes else f"Move everything off {name}? It takes nothing new from now on.",
        dry_run=dry_run,
        json_=json_,
        quiet=quiet,
    )


@app.command()
def activate(name: Name, dry_run: DryRun = False, json_: AsJson = False, quiet: Quiet = False) -> None:
    """Have a node take new copies: one that has joined, or one whose drain is called off.

    With --json: the node as the server describes it.
    """
    _change(name, "activate", asks="", dry_run=dry_run, json_=json_, quiet=quiet)


@app.command()
def retire(
    name: Name, yes: Yes = False, dry_run: DryRun = False, json_: AsJson = False, quiet: Quiet = False
) -> None:
    """Take a drained node out for good; refused while somebody needs what it holds.

    With --json: the node as the server describes it.
    """
    _change(
        name,
        "retire",
        asks="" if yes else f"Take {name} out for good? It is asked for nothing any more.",
        dry_run=dry_run,
        json_=json_,
        quiet=quiet,
    )


@app.command()
def rebalance(progress: Progress = False, json_: AsJson = False, quiet: Quiet = False) -> None:
    """Have the nodes evened out now, as far as all is well; the service does so by itself, too.

    With --json: {"difference", "threshold", "moved_bytes", "bytes_left", "bytes_per_second",
    "seconds_left", "waits_for"}.
    """
    with signed_in(as_json=json_, quiet=quiet) as run:
        told = run.client.rebalance_progress() if progress else run.client.rebalance()
        if json_:
            run.out.document(as_json(told))
            return
        (run.out.data if progress else run.out.note)(_told_rebalance(told))


@app.command()
def scrub(
    name: Name,
    progress: Progress = False,
    yes: Yes = False,
    json_: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Have everything on a node read again and compared with its digest, at the usual pace.

    With --json: {"copies", "verified_copies", "copies_left", "bytes_left", "ordered_at"}.
    """
    with signed_in(as_json=json_, quiet=quiet, about=name) as run:
        node = _find(run, name)
        if not progress:
            _ask("" if yes else f"Read everything on {name} again? It takes a share of its disk until done.")
        told = run.client.scrub_progress(node.id) if progress else run.client.scrub(node.id)
        if json_:
            run.out.document(as_json(told))
            return
        lately = f"{told.verified_copies:,} of {told.copies:,} copies were read lately"
        (run.out.data if progress else run.out.note)(f"{name}: {_told_scrub(told)}; {lately}.")


def _ask(question: str) -> None:
    if question:
        if not sys.stdin.isatty():
            raise LocalProblem("This asks before it acts; add --yes.")
        typer.confirm(question, abort=True, err=True)


def _change(name: str, duty: Duty, *, asks: str, dry_run: bool, json_: bool, quiet: bool) -> None:
    with signed_in(as_json=json_, quiet=quiet, about=name) as run:
        node = _find(run, name)
        if not dry_run:
            _ask(asks)
            node = run.client.change_duty(node.id, duty)
        if json_:
            run.out.document(as_json(node))
        run.out.note(f"would {duty} {node.name}" if dry_run else f"{node.name} is {_told_duty(node)}.")


def _find(run: Run, name: str) -> Node:
    found = [node for node in run.client.nodes() if node.name == name]
    if not found:
        raise NoSuchNode("There is no such node; `dfs nodes` lists them.")
    return found[0]


def _table(found: list[Node]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("NAME", "HEALTH", "DUTY", "ZONE"):
        table.add_column(heading, no_wrap=True)
    for heading in ("USED", "CAPACITY", "REPLICAS", "SEEN"):
        table.add_column(heading, no_wrap=True, justify="right")
    table.add_column("URL", no_wrap=True)
    for node in found:
        cells = (
            node.name,
            node.health,
            _told_duty(node),
            node.zone,
            _used(node),
            "–" if node.capacity_bytes is None else size(node.capacity_bytes),
            f"{node.replicas:,}",
            _ago(node.last_seen_at),
            node.url,
        )
        table.add_row(*(Text(printable(cell)) for cell in cells))
    return table


def _told_duty(node: Node) -> str:
    return node.duty if node.drain is None else f"{node.duty}: {_told_drain(node.drain)}"


def _told_drain(left: Drain) -> str:
    if not left.copies_left:
        return "empty, can be retired"
    copies = "1 copy" if left.copies_left == 1 else f"{left.copies_left:,} copies"
    time_left = "" if left.seconds_left is None else f", about {span(left.seconds_left)}"
    return f"{copies} ({size(left.bytes_left)}) left{time_left}"


def _told_rebalance(told: Rebalance) -> str:
    words = f"The used shares differ by {told.difference:.0%}"
    if told.bytes_left:
        moved = f"{size(told.moved_bytes)} are moved, " if told.moved_bytes else ""
        time_left = "" if told.seconds_left is None else f", at most about {span(told.seconds_left)}"
        words += f"; {moved}{size(told.bytes_left)} are to move{time_left}"
    return f"{words}. Nothing moves now: {told.waits_for}." if told.waits_for else f"{words}."


def _told_scrub(told: Scrub) -> str:
    if told.ordered_at is None:
        return "nothing is ordered"
    if not told.copies_left:
        return "all were read"
    return f"{told.copies_left:,} copies ({size(told.bytes_left)}) are still to be read"


def _used(node: Node) -> str:
    if not node.capacity_bytes or node.free_bytes is None:
        return "–"
    return f"{100 * (node.capacity_bytes - node.free_bytes) / node.capacity_bytes:.0f} %"


def _ago(moment: datetime | None) -> str:
    if moment is None:
        return "never"
    return f"{span((datetime.now(UTC) - moment).total_seconds())} ago"
