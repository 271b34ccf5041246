"""What the exit code of `dfs` says, and the way out of each error."""

from __future__ import annotations

from enum import IntEnum

from dfsclient import errors


class Exit(IntEnum):
    """The codes scripts may rely on."""

    OK = 0
    FAILED = 1
    USAGE = 2
    SIGN_IN = 3
    NOT_FOUND = 4
    CONFLICT = 5
    DEGRADED = 6
    PARTLY = 7
    INTERRUPTED = 130
    PIPE_CLOSED = 141


CODES_HELP = (
    "Exit codes: 0 done, 1 failed, 2 usage, 3 sign-in, 4 not found, 5 conflict, 6 degraded, 7 partly done."
)

# The first class that fits decides; a way out only where the server's own sentence does not hold one.
_TABLE: tuple[tuple[type[BaseException], Exit, str], ...] = (
    (errors.NoSignIn, Exit.SIGN_IN, ""),
    (errors.NotSignedIn, Exit.SIGN_IN, "sign in with `dfs login URL`"),
    (errors.Forbidden, Exit.SIGN_IN, "sign in with an account that may do this"),
    (errors.NotFound, Exit.NOT_FOUND, "see what is there with `dfs ls`"),
    (errors.Gone, Exit.NOT_FOUND, "run the command again to begin anew"),
    (errors.PreconditionFailed, Exit.CONFLICT, "somebody else was first, so look with `dfs ls` and decide"),
    (errors.Conflict, Exit.CONFLICT, ""),
    (errors.NoSpace, Exit.FAILED, "make room in the trash or ask for a larger quota"),
    (errors.Unavailable, Exit.DEGRADED, "try again in a moment, `dfs status` tells how the cluster is"),
    (
        errors.Unreachable,
        Exit.FAILED,
        "check the address and the network, then run the command again to go on",
    ),
    (errors.ContentChanged, Exit.CONFLICT, ""),
    (errors.SourceChanged, Exit.CONFLICT, ""),
    (errors.TargetIsFolder, Exit.CONFLICT, ""),
    (errors.Busy, Exit.CONFLICT, ""),
    (errors.NoSuchNode, Exit.NOT_FOUND, ""),
    (errors.LocalProblem, Exit.USAGE, ""),
    (errors.DfsError, Exit.FAILED, ""),
    (FileNotFoundError, Exit.NOT_FOUND, "check the spelling"),
    (OSError, Exit.FAILED, ""),
)


_HINTS = {
    "scope_missing": "sign in again for a token that may, with `dfs login --admin` to administer",
    "cluster_full": "",  # the server says who can help
}


def code_of(error: BaseException) -> Exit:
    """The exit code an error leads to."""
    return next(code for kind, code, _ in _TABLE if isinstance(error, kind))


def sentence(error: BaseException, subject: str | None) -> str:
    """One sentence: what it is about, the reason, the way out, and the request's id."""
    if isinstance(error, OSError):
        subject = str(error.filename) if error.filename else subject
        reason = error.strerror or str(error)
    else:
        reason = str(error)
    way_out = next(hint for kind, _, hint in _TABLE if isinstance(error, kind))
    if isinstance(error, errors.Rejected):
        way_out = _HINTS.get(error.code, way_out)
    request_id = error.request_id if isinstance(error, errors.Rejected) else None
    text = "; ".join(part for part in (reason.rstrip("."), way_out) if part)
    text += f" (request {request_id})" if request_id else ""
    return f"{subject}: {text}." if subject and subject not in text else f"{text}."
