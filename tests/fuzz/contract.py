"""Runs schemathesis over the whole API in this process: what it finds, as lines to read.

Each operation is sent what its description allows and what it does not, from examples, from each limit, by
chance, and in stories in which one reply's ids become the next request's.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import schemathesis
import yaml
from django.db import connections
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.transport.wsgi import WSGI_TRANSPORT, WSGITransport

DESCRIPTION = Path(__file__).parents[2] / "docs/openapi.yaml"


class _InProcess(WSGITransport):
    """Leaves out what only connections take: probes without a session would fail on it.

    The thread's place in the pool is given back here.
    """

    def send(self, case: Any, *, session: Any = None, **kwargs: Any) -> Any:
        for name in ("max_redirects", "verify", "cert"):
            kwargs.pop(name, None)
        try:
            return super().send(case, session=session, **kwargs)
        finally:
            connections.close_all()


WSGI_TRANSPORT.__class__ = _InProcess
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")

REFUSED_BY_DESIGN: dict[str, tuple[str, set[str]]] = {
    "cursors are opaque": (
        r"(changes|shares|nodes|uploads|auth/(tokens|sessions|invitations)|entries|paths/.*"
        r"|entries/\{entry_id\}/(versions|shares))",
        {"400", "422"},
    ),
    "names, passwords and users have rules that no schema can say, and fields depend on each other": (
        r"(auth/.*|entries|entries/\{entry_id\}(/copy|/shares)?|shares/\{share_id\}|batch|paths/.*|content/.*)",
        {"422"},
    ),
    "conditions, ranges and digests are about the bytes that are there": (
        r"(content/.*|entries/\{entry_id\}.*)",
        {"400", "412", "416", "422"},
    ),
    "headers of tus depend on each other and on the offset": (
        r"uploads.*",
        {"400", "412", "413", "415", "422", "460"},
    ),
    "an invitation that is made up is gone": (r"auth/register", {"410"}),
}
"""Why what a description allows may be refused, and by which statuses."""

ACCEPTED = ["2xx", "3xx", "401", "403", "404", "409", "429"]
REJECTED = ["400", "401", "403", "404", "405", "406", "409", "412", "415", "422", "429"]
TOLD = re.compile(
    "etag|location|last-modified|accept-ranges|content-(range|disposition)|repr-digest|retry-after"
    "|www-authenticate|idempotent-replayed|dfs-.*|upload-.*"
)
"""Headers that a client goes by; the others are every reply's."""
UNAVAILABLE = ["503", "507"]
"""Answers of a system that is short of nodes or room: no errors of the server."""


@dataclass
class Findings:
    """What a run came across."""

    failures: dict[tuple[str, str, str], str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    phases: set[str] = field(default_factory=set)
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    undescribed: set[tuple[str, int, str]] = field(default_factory=set)
    """Headers of answers that the description does not tell of."""

    def __str__(self) -> str:
        return "\n\n".join([*self.failures.values(), *self.errors])


@dataclass(frozen=True)
class Scope:
    """How much is asked: examples of each operation by chance, in which phases."""

    examples: int
    phases: tuple[str, ...]
    seed: int


def run(
    application: Callable[..., Any],
    *,
    token: str,
    token_id: str,
    scope: Scope,
    ids: Mapping[str, str] | None = None,
) -> Findings:
    """Let schemathesis speak to the application, signed in by a token, with all its checks.

    With `ids` it asks only for what has one of them in its path, and always for these.
    """
    config = _config(token, scope, ids)
    schema = schemathesis.openapi.from_wsgi("/api/schema", _closing(application), config=config)

    @schemathesis.hook("before_call")
    def keep_going(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
        """Put the ids in, and spare our own token."""
        case.path_parameters.update({name: ids[name] for name in case.path_parameters if ids and name in ids})
        if case.path_parameters.get("token_id") == token_id:
            case.path_parameters["token_id"] = "00000000-0000-4000-8000-000000000000"

    found = Findings()
    try:
        for event in from_schema(schema).execute():
            if isinstance(event, events.ScenarioFinished):
                _note(event, found)
            elif isinstance(event, events.NonFatalError | events.FatalError):
                found.errors.append(_words_of(event))
    finally:
        schemathesis.hooks.unregister(keep_going)
    return found


def _closing(application: Callable[..., Any]) -> Callable[..., Any]:
    """Read and close each reply, as a server does: a transfer's place is given back by that."""

    def serve(environ: Any, start_response: Any) -> list[bytes]:
        reply = application(environ, start_response)
        try:
            return [b"".join(reply)]
        finally:
            if hasattr(reply, "close"):
                reply.close()

    return serve


def _config(token: str, scope: Scope, ids: Mapping[str, str] | None) -> SchemathesisConfig:
    general = {
        "not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", *UNAVAILABLE]},
        "negative_data_rejection": {
            "expected-statuses": [*REJECTED, "410", "413", "416", "460", *UNAVAILABLE]
        },
        "missing_required_header": {"expected-statuses": REJECTED},
        "positive_data_acceptance": {"expected-statuses": [*ACCEPTED, *UNAVAILABLE]},
    }
    operations = []
    for path in document()["paths"]:
        if ids and not any(f"{{{name}}}" in path for name in ids):
            operations.append({"include-path": path, "enabled": False})
            continue
        address = path.removeprefix("/api/v1/")
        refused = [codes for pattern, codes in REFUSED_BY_DESIGN.values() if re.fullmatch(pattern, address)]
        statuses = [*ACCEPTED, *UNAVAILABLE, *sorted(set().union(*refused))]
        checks = {"positive_data_acceptance": {"expected-statuses": statuses}}
        if address.endswith("/content") or address.startswith("content/"):
            # A file's bytes have the type that was sent with them and need not be of it.
            bytes_sent = {**checks, "response_schema_conformance": {"enabled": False}}
            operations.append({"include-path": path, "include-method": "GET", "checks": bytes_sent})
            operations.append({"include-path": path, "exclude-method": "GET", "checks": checks})
        else:
            operations.append({"include-path": path, "checks": checks})
    return SchemathesisConfig.from_dict(
        {
            "seed": scope.seed,
            "headers": {"Authorization": f"Token {token}"},
            "generation": {"max-examples": scope.examples, "database": "none", "no-shrink": True},
            "phases": {
                phase: {"enabled": phase in scope.phases}
                for phase in ("examples", "coverage", "fuzzing", "stateful")
            },
            "checks": general,
            "operations": operations,
            "continue-on-failure": True,
        }
    )


def _note(event: events.ScenarioFinished, found: Findings) -> None:
    recorder = event.recorder
    found.phases.add(event.phase.value)
    for case_id, interaction in recorder.interactions.items():
        if interaction.response is not None:
            case = recorder.cases[case_id].value
            label, status = case.operation.label, interaction.response.status_code
            found.answers[label, status] += 1
            told = {name for name in interaction.response.headers if TOLD.fullmatch(name)}
            found.undescribed |= {(label, status, name) for name in told - described(label, status)}
    for case_id, checks in recorder.checks.items():
        for check in checks:
            if check.failure_info is not None:
                failure = check.failure_info.failure
                key = (recorder.cases[case_id].value.operation.label, check.name, failure.title)
                words = "\n".join(_told(recorder, case_id, key, str(failure.message)))
                found.failures.setdefault(key, words)


@cache
def document() -> dict[str, Any]:
    """Return the description of the API; to read it takes seconds."""
    read: dict[str, Any] = yaml.safe_load(DESCRIPTION.read_text())
    return read


def described(label: str, status: int) -> set[str]:
    """Return the headers, in small letters, that the description tells of."""
    method, path = label.split(" ", 1)
    reply = document()["paths"][path][method.lower()]["responses"].get(str(status), {})
    if "$ref" in reply:
        reply = document()["components"]["responses"][reply["$ref"].rpartition("/")[2]]
    return {name.lower() for name in reply.get("headers", {})}


def _told(recorder: Any, case_id: str, key: tuple[str, str, str], message: str) -> Iterator[str]:
    case, response = recorder.cases[case_id].value, recorder.interactions[case_id].response
    headers = {name: value for name, value in (case.headers or {}).items() if name != "Authorization"}
    yield ": ".join(key)
    yield f"  {message[:600]}"
    yield f"  {case.method} {case.formatted_path} {dict(case.query or {})} {headers} {case.body!r:.300}"
    if response is not None:
        yield f"  → {response.status_code} {response.headers.get('content-type')} {response.content[:400]!r}"


def _words_of(event: Any) -> str:
    return f"{type(event).__name__}: {getattr(event, 'value', None) or getattr(event, 'info', event)}"
