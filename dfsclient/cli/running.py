"""What every command shares: its common options, a client that is signed in, and errors as sentences."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

import typer

from dfsclient.cli import credentials
from dfsclient.cli.exits import Exit, code_of
from dfsclient.cli.output import Output
from dfsclient.client import Client
from dfsclient.errors import DfsError, NoSignIn

AsJson = Annotated[
    bool, typer.Option("--json", help="One JSON document on standard output; its form is stable.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Nothing but what was asked for, and errors.")]
DryRun = Annotated[bool, typer.Option("--dry-run", "-n", help="Say what would be done, change nothing.")]
Recursive = Annotated[bool, typer.Option("--recursive", "-r", help="Folders with all that is in them.")]


@dataclass(frozen=True)
class Run:
    """One run of one command."""

    client: Client
    out: Output


@contextmanager
def signed_in(*, as_json: bool = False, quiet: bool = False, about: str | None = None) -> Iterator[Run]:
    """Run a command's body with a client; `about` names what an error is about."""
    with reporting(as_json=as_json, quiet=quiet, about=about) as out:
        used = credentials.current()
        with Client(used.url, used.token) as client:
            yield Run(client, out)


@contextmanager
def reporting(*, as_json: bool = False, quiet: bool = False, about: str | None = None) -> Iterator[Output]:
    """Run a command's body; what goes wrong becomes one sentence and an exit code."""
    out = Output(as_json=as_json, quiet=quiet)
    try:
        yield out
        sys.stdout.flush()
    except BrokenPipeError:
        leave(Exit.PIPE_CLOSED)  # the reader has seen enough, as `head` does
    except KeyboardInterrupt:
        out.warn("Stopped; the same command goes on where this one ended.")
        leave(Exit.INTERRUPTED)
    except (DfsError, OSError) as error:
        out.problem(error, None if isinstance(error, NoSignIn) else about)
        raise typer.Exit(code_of(error)) from None


def leave(code: Exit) -> None:
    """End at once, without waiting for transfers: all of them can be gone on with, as after a kill."""
    sys.stderr.flush()
    os._exit(code)
