"""What the person at the terminal reads."""

import sys
import time
from pathlib import Path


def say(line: str) -> None:
    """Print one line; neither a terminal that is gone nor one that shows ASCII alone is a reason to fail."""
    encoding = sys.stdout.encoding or "utf-8"
    try:
        print(line.encode(encoding, "replace").decode(encoding), flush=True)
    except OSError:
        return


def done(what: str, since: float) -> None:
    """Say that a step of starting is done, and how long it took since `since` (monotonic)."""
    say(f"  {what:<12} ready ({time.monotonic() - since:.1f} s)")


def summary(*, url: str, data: Path, nodes: int, password_file: Path, password: str | None) -> str:
    """The lines shown when everything is up; `password` is shown only when it was just made."""
    secret = f"{password}  (also in {password_file})" if password else f"in {password_file}"
    lines = [
        "",
        "dfsweb is ready",
        f"  Address      {url}/",
        "  Sign in as   admin",
        f"  Password     {secret}",
        f"  Data         {data}",
        f"  Nodes        {nodes}",
        "  Stop         Ctrl-C",
        "",
        "Ready",
    ]
    return "\n".join(lines)
