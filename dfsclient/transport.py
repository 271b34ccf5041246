"""One HTTP exchange with the service: addresses, the token, problems as errors, safe retries.

The token goes to the one origin it was made for: links in replies lend only their path and query, redirects
are not followed. Bodies stream in both directions.
"""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from dfsclient.errors import BadReply, DfsError, LocalProblem, Rejected, Unreachable, for_status
from dfsclient.retry import Retries
from dfsclient.version import __version__

API = "/api/v1"
CONNECT_TIMEOUT_SECONDS = 30.0  # also how long one write may be held up by back-pressure
READ_TIMEOUT_SECONDS = 120.0  # a PATCH is answered only when its bytes are durable on a quorum
IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE"})
KEY_FIELD = "Idempotency-Key"
LONGEST_REASON = 300
LARGEST_JSON_BYTES = 128 * 1024 * 1024  # many times what the longest page of a listing or manifest has
JSON_PIECE_BYTES = 64 * 1024
_TOKEN = re.compile(r"[\x21-\x7e]+")  # what a header can hold


@dataclass(frozen=True)
class Call:
    """One request. `route` is under the API's base, or a path and query that came with a reply (`/api/…`)."""

    method: str
    route: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    body: bytes | Iterable[bytes] | None = None

    @property
    def is_repeatable(self) -> bool:
        """Whether sending it twice does what sending it once does."""
        return self.method in IDEMPOTENT or KEY_FIELD in self.headers


def post_once(route: str, body: Any = None) -> Call:
    """A POST that makes something, under a key of its own: sent again, it gets the first answer again."""
    return Call("POST", route, headers=new_key(), json=body)


def new_key() -> dict[str, str]:
    """The header that makes a request, however often it is sent, one request."""
    return {KEY_FIELD: str(uuid.uuid4())}


class Transport:
    """Connections to one service with one token; safe to share between threads."""

    def __init__(self, url: str, token: str | None, retries: Retries) -> None:
        if token and not _TOKEN.fullmatch(token):
            raise LocalProblem("This token holds what no token has; sign in again with `dfs login URL`.")
        self.url = clean_url(url)
        self.token = token
        self.retries = retries
        self._local = threading.local()
        self._sessions: list[requests.Session] = []

    def close(self) -> None:
        """Close every kept connection."""
        while self._sessions:
            self._sessions.pop().close()

    def close_own(self) -> None:
        """Close what this thread has kept open, before it ends."""
        session: requests.Session | None = self._local.__dict__.pop("session", None)
        if session is not None:
            with suppress(ValueError):  # all were closed meanwhile
                self._sessions.remove(session)
            session.close()

    def json(self, call: Call) -> Any:
        """Send a call, trying again where that is safe, and return its JSON body (None for 204)."""
        failures = 0
        while True:
            try:
                with self.send(call) as reply:
                    return None if reply.status_code == 204 else read_json(reply)
            except DfsError as error:
                if not call.is_repeatable and not _was_refused(error):
                    raise
                failures += 1
                self.retries.wait(failures, error, limit=self.retries.calls)

    def send(self, call: Call) -> requests.Response:
        """Send a call once; the reply's body is not read yet. Raises `Rejected` or `Unreachable`."""
        try:
            with _translated(self.url):
                reply = self._session().request(
                    call.method,
                    self.address(call.route),
                    params=dict(call.params),
                    headers=dict(call.headers),
                    json=call.json,
                    data=call.body,
                    timeout=(CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS),
                    stream=True,
                    allow_redirects=False,
                )
        except requests.RequestException as error:
            raise BadReply(f"The request to {self.url} could not be made: {_reason(error)}.") from error
        if 200 <= reply.status_code < 300:
            return reply
        with reply:
            raise self._refusal(reply)

    def address(self, route: str) -> str:
        """The full URL of a route or of a path and query that a reply named."""
        origin = urlsplit(self.url)
        if route.startswith(f"{origin.path}/api/"):
            return f"{origin.scheme}://{origin.netloc}{route}"
        if route.startswith("/api/"):  # from a server that does not know of the prefix a proxy gave it
            return f"{self.url}{route}"
        return f"{self.url}{API}{route}"

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            session.auth = _Bearer(self.token)  # set even without a token: else requests looks into ~/.netrc
            session.headers["User-Agent"] = f"dfsclient/{__version__}"
            session.headers["Accept-Encoding"] = (
                "identity"  # bytes are counted, resumed and hashed as they are
            )
            adapter = HTTPAdapter(pool_connections=1, pool_maxsize=2)
            session.mount("http://", adapter)
            session.mount("https://", adapter)
            if is_loopback(self.url):
                session.trust_env = False  # a proxy meant for the world cannot reach this machine
            self._local.session = session
            self._sessions.append(session)
        return session

    def _refusal(self, reply: requests.Response) -> DfsError:
        status = reply.status_code
        if status < 400:
            place = reply.headers.get("Location", "another address")
            return BadReply(f"{self.url} answers with a redirect to {place}; use that address instead.")
        try:
            problem = read_json(reply)
        except (BadReply, Unreachable):
            problem = None
        if not isinstance(problem, dict):
            problem = {}
        return for_status(status)(
            _sentence(problem) or f"The server answered {status} {reply.reason}",
            status=status,
            code=problem.get("code") if isinstance(problem.get("code"), str) else None,
            request_id=str(problem.get("request_id") or reply.headers.get("X-Request-Id") or "") or None,
            retry_after_seconds=_retry_after(reply.headers.get("Retry-After")),
        )


class _Bearer(AuthBase):
    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


@contextmanager
def _translated(url: str) -> Iterator[None]:
    """Turn every way in which a connection fails into `Unreachable`."""
    try:
        yield
    except requests.exceptions.SSLError as error:
        raise BadReply(f"No safe connection to {url}: {_reason(error)}.") from error
    except requests.exceptions.ContentDecodingError as error:
        raise BadReply(f"{url} sends what cannot be unpacked ({_reason(error)}).") from error
    except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
        raise Unreachable(f"{url} does not answer ({_reason(error)})") from error
    except requests.Timeout as error:
        raise Unreachable(f"{url} does not answer in time") from error


def blocks(reply: requests.Response, size_bytes: int) -> Iterator[bytes]:
    """Yield the body of a streamed reply; a connection that ends early raises `Unreachable`."""
    with _translated(urlsplit(reply.url).netloc):
        yield from reply.iter_content(size_bytes)


def read_json(reply: requests.Response) -> Any:
    """Read the whole body of a reply. Raises `BadReply` for one that is no JSON or far too long."""
    body = bytearray()
    for block in blocks(reply, JSON_PIECE_BYTES):
        body += block
        if len(body) > LARGEST_JSON_BYTES:
            raise BadReply(f"{reply.url} answers with more than {LARGEST_JSON_BYTES} bytes of JSON.")
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        place = urlsplit(reply.url).netloc
        raise BadReply(f"{place} does not answer in JSON; is this address really a dfsweb server?") from None


def clean_url(url: str) -> str:
    """Bring a typed address into its one form: scheme, host and an optional prefix, nothing after it."""
    url = url.strip()
    try:
        if "://" not in url:
            url = f"http://{url}" if is_loopback(f"http://{url}") else f"https://{url}"
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    is_plain = url.isprintable() and " " not in url and "@" not in parts.netloc
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or not is_plain:
        raise LocalProblem(f"{url!r} is no address of a server; write it like https://drive.example.org.")
    path = parts.path.rstrip("/")
    while path.endswith(API):
        path = path.removesuffix(API).rstrip("/")
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def is_loopback(url: str) -> bool:
    """Whether the address is this machine itself."""
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def link(url: str) -> str:
    """Keep only path and query of a link in a reply, so that it cannot lead the token elsewhere.

    Raises `BadReply` for one without a path.
    """
    try:
        url.encode()
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if not parts.path.startswith("/"):
        raise BadReply(f"The server's answer names {url[:LONGEST_REASON]!r}, which leads nowhere.")
    return urlunsplit(("", "", parts.path, parts.query, ""))


def _was_refused(error: DfsError) -> bool:
    return isinstance(error, Rejected) and error.status in (429, 503)


def _sentence(problem: dict[str, Any]) -> str:
    text = str(problem.get("detail") or problem.get("title") or "")
    fields = problem.get("errors")
    if isinstance(fields, list):
        named = [
            f"{item.get('field', '')}: {item.get('detail', '')}" for item in fields if isinstance(item, dict)
        ]
        text = " ".join([text, *named])
    return " ".join(text.split())[:LONGEST_REASON]


def _retry_after(value: str | None) -> float | None:
    """Read a `Retry-After`: seconds or an HTTP date (RFC 9110, 10.2.3)."""
    if value is None:
        return None
    if (seconds := whole_number(value.strip())) is not None:
        return float(seconds)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):  # a zone beyond all days
        return None
    if moment.tzinfo is None:  # a zone of -0000
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def whole_number(text: str) -> int | None:
    """Read a number of at most 19 digits, as HTTP writes it; None for anything else."""
    return int(text) if re.fullmatch(r"[0-9]{1,19}", text) else None


def _reason(error: BaseException) -> str:
    """The innermost cause of a network error, in few words."""
    cause: BaseException = error
    while inner := (cause.__cause__ or cause.__context__):
        cause = inner
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror.lower()
    text = " ".join(str(cause).split())
    return text[:LONGEST_REASON] or type(cause).__name__
