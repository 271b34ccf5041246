"""Everything that can go wrong, as one tree; holds no policy.

DfsError
├── Unreachable           no whole answer came back: refused, timed out, cut
├── BadReply              an answer came back, but not one the interface promises
├── Rejected              the server said no (RFC 9457 problem)
│   ├── NotSignedIn       401
│   ├── Forbidden         403
│   ├── NotFound          404
│   ├── Gone              410
│   ├── Conflict          409
│   ├── PreconditionFailed 412
│   ├── Invalid           any other 4xx
│   ├── NoSpace           507
│   └── Unavailable       423, 429, 5xx
├── ContentChanged        the file got a new version while it was being read
├── DigestMismatch        the bytes that arrived are not the bytes that are kept
└── LocalProblem          this machine's side
    ├── SourceChanged     a local file changed while it was being sent
    ├── TargetIsFolder    a file would replace a local folder
    ├── NoSuchNode        no node has the name that was typed
    └── Busy              another process is working on the same local file
"""

from __future__ import annotations


class DfsError(Exception):
    """Something went wrong; `str()` is one sentence for a person."""

    code = "error"
    retryable = False

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Unreachable(DfsError):
    """No whole answer came back; whether the request took effect is not known."""

    code = "unreachable"
    retryable = True


class BadReply(DfsError):
    """The answer is not what the interface promises: another service, or another version of it."""

    code = "bad_reply"


class Rejected(DfsError):
    """The server refused the request; `code` is the server's own stable word where it gave one."""

    code = "rejected"

    def __init__(
        self,
        detail: str,
        *,
        status: int,
        code: str | None = None,
        request_id: str | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code or type(self).code
        self.request_id = request_id
        self.retry_after_seconds = retry_after_seconds


class NotSignedIn(Rejected):
    """No token, or one that is wrong, expired or revoked."""

    code = "not_signed_in"


class Forbidden(Rejected):
    """Known, but not allowed to do this."""

    code = "forbidden"


class NotFound(Rejected):
    """Absent, or not visible to this account."""

    code = "not_found"


class Gone(Rejected):
    """It was there and has ended: an expired upload or link."""

    code = "gone"


class Conflict(Rejected):
    """The name is taken, or the state does not allow it."""

    code = "conflict"


class PreconditionFailed(Rejected):
    """Somebody changed it first, or it exists although it must not."""

    code = "precondition_failed"


class Invalid(Rejected):
    """The request itself is wrong."""

    code = "invalid"


class NoSpace(Rejected):
    """The quota or the cluster is full."""

    code = "no_space"


class Unavailable(Rejected):
    """Not now: too many requests, too few nodes, a failing server, or an upload that another client sends."""

    code = "unavailable"
    retryable = True


class ContentChanged(DfsError):
    """The file got a new version while it was being read."""

    code = "content_changed"


class DigestMismatch(DfsError):
    """The bytes that arrived do not have the digest the server keeps for them."""

    code = "digest_mismatch"


class NoSignIn(DfsError):
    """No server or no token is known on this machine."""

    code = "not_signed_in"


class LocalProblem(DfsError):
    """A local file or folder cannot be used as asked."""

    code = "local_problem"


class SourceChanged(LocalProblem):
    """A local file changed while it was being sent; nothing of it became visible."""

    code = "source_changed"


class TargetIsFolder(LocalProblem):
    """A file would replace a local folder."""

    code = "target_is_folder"


class NoSuchNode(LocalProblem):
    """No node has the name that was typed."""

    code = "not_found"


class Busy(LocalProblem):
    """Another process is working on the same local file."""

    code = "busy"


def for_status(status: int) -> type[Rejected]:
    """Choose the class for an HTTP status of 400 or more."""
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return Invalid if status < 500 else Unavailable


_BY_STATUS: dict[int, type[Rejected]] = {
    401: NotSignedIn,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    412: PreconditionFailed,
    423: Unavailable,
    429: Unavailable,
    507: NoSpace,
}
