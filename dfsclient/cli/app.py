"""The `dfs` command put together: which commands there are, in the order the help shows them."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from dfsclient.cli import cluster, names, nodes, sharing, signin, transfers, trees, verifying
from dfsclient.cli.exits import CODES_HELP, Exit
from dfsclient.cli.output import accept_any_name, is_plain
from dfsclient.version import __version__

COMMANDS = (
    signin.login,
    signin.logout,
    names.ls,
    trees.tree,
    trees.du,
    transfers.put,
    transfers.get,
    transfers.cat,
    names.rm,
    names.mv,
    names.cp,
    names.mkdir,
    sharing.share,
    sharing.versions,
    names.trash,
    names.restore,
    verifying.verify,
    cluster.status,
    cluster.doctor,
    cluster.confirm_restore,
)

app = typer.Typer(
    name="dfs",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None if is_plain() else "rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=f"{CODES_HELP} DFS_URL and DFS_TOKEN stand in for `dfs login`.",
)
for _command in COMMANDS:
    app.command()(_command)
app.add_typer(nodes.app, name="nodes")


def _show_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"dfs {__version__}\n")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Files and folders of a dfsweb server from the command line."""


def main() -> None:
    """Run the command; a mistake in this program is one sentence too (DFS_DEBUG=1 shows where it is)."""
    accept_any_name()
    try:
        app(prog_name="dfs")
    except Exception as error:  # here and not in sys.excepthook, which typer sets for itself
        if os.environ.get("DFS_DEBUG"):
            raise
        what = " ".join(f"{type(error).__name__}: {error}".split())
        sys.stderr.write(
            f"dfs: a mistake in this program: {what}; run it again with DFS_DEBUG=1 to see where.\n"
        )
        sys.exit(Exit.FAILED)
