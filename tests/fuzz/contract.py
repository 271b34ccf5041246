"""Runs schemathesis over the whole API, in this process or over a socket: what it finds, as lines to read.

Each operation is sent what its description allows and what it does not, from examples, from each limit, by
chance, and in stories in which one reply's ids become the next request's.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from django.db import connections
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.generation import GenerationMode
from schemathesis.transport.wsgi import WSGI_TRANSPORT, WSGITransport

from dfsweb.api_errors import status_of
from tests.fuzz import description, refusals

LONGEST_SECONDS = 120
"""For an answer over a socket; on a busy machine a moment means nothing."""


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

REJECTED = ["400", "401", "403", "404", "405", "406", "409", "412", "415", "422", "429"]
TOLD = re.compile(
    "etag|location|last-modified|accept-ranges|content-(range|disposition)|repr-digest|retry-after"
    "|www-authenticate|idempotent-replayed|dfs-.*|upload-.*"
)
"""Headers that a client goes by; the others are every reply's."""
UNAVAILABLE = ["503", "507"]
"""Answers of a system that is short of nodes or room: no errors of the server."""
TOO_LONG = 414
"""Answers an address that is longer than the server reads, before anybody looks what it is for."""


@dataclass
class Findings:
    """What a run came across."""

    failures: dict[tuple[str, str, str], str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    phases: set[str] = field(default_factory=set)
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    undescribed: set[tuple[str, int, str]] = field(default_factory=set)
    """Headers of answers that the description does not tell of."""
    unexplained: set[tuple[str, str]] = field(default_factory=set)
    """Codes by which an operation refused what is allowed, and for which `refusals` has no reason."""

    def __str__(self) -> str:
        return "\n\n".join([*self.failures.values(), *self.errors])


@dataclass(frozen=True)
class Visitor:
    """Whoever asks, by a token."""

    token: str
    token_id: str
    is_staff: bool = False


@dataclass(frozen=True)
class Scope:
    """How much is asked: examples of each operation by chance, in which phases."""

    examples: int
    phases: tuple[str, ...]
    seed: int


def run(
    application: Callable[..., Any],
    visitor: Visitor,
    scope: Scope,
    *,
    ids: Mapping[str, str] | None = None,
) -> Findings:
    """Let schemathesis speak to the application in this process, with all its checks.

    With `ids` it asks only for what has one of them in its path, and always for these.
    """
    config = _config(visitor, scope, ids)
    return _explore(
        schemathesis.openapi.from_wsgi("/api/schema", _closing(application), config=config), visitor, ids
    )


def run_over_a_socket(url: str, visitor: Visitor, scope: Scope) -> Findings:
    """Let schemathesis speak to a whole system at an address, with all its checks."""
    config = _config(visitor, scope, None)
    schema = schemathesis.openapi.from_url(f"{url}/api/schema", config=config, timeout=LONGEST_SECONDS)
    return _explore(schema, visitor, None)


def _explore(schema: Any, visitor: Visitor, ids: Mapping[str, str] | None) -> Findings:
    @schemathesis.hook("before_call")
    def keep_going(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
        """Put the ids in, and spare our own token."""
        case.path_parameters.update({name: ids[name] for name in case.path_parameters if ids and name in ids})
        if case.path_parameters.get("token_id") == visitor.token_id:
            case.path_parameters["token_id"] = "00000000-0000-4000-8000-000000000000"

    found = Findings()
    try:
        for event in from_schema(schema).execute():
            if isinstance(event, events.ScenarioFinished):
                _note(event, found, visitor)
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


def _config(visitor: Visitor, scope: Scope, ids: Mapping[str, str] | None) -> SchemathesisConfig:
    general = {
        "not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", *UNAVAILABLE]},
        "negative_data_rejection": {
            "expected-statuses": [*REJECTED, "410", "413", "416", "460", *UNAVAILABLE]
        },
        "missing_required_header": {"expected-statuses": REJECTED},
    }
    operations = []
    for path, item in description.document()["paths"].items():
        if ids and not any(f"{{{name}}}" in path for name in ids):
            operations.append({"include-path": path, "enabled": False})
            continue
        for method in map(str.upper, item):
            expected = ["2xx", "3xx", *refusals.statuses(f"{method} {path}"), *UNAVAILABLE]
            if not visitor.is_staff and refusals.named(f"{method} {path}") in refusals.FOR_STAFF:
                expected.append("403")
            checks: dict[str, Any] = {"positive_data_acceptance": {"expected-statuses": expected}}
            if method == "GET" and path.endswith(("/content", "/content/{path}")):
                # A file's bytes have the type that was sent with them and need not be of it.
                checks["response_schema_conformance"] = {"enabled": False}
            operations.append({"include-name": f"{method} {path}", "checks": checks})
    return SchemathesisConfig.from_dict(
        {
            "seed": scope.seed,
            "headers": {"Authorization": f"Token {visitor.token}"},
            "request-timeout": LONGEST_SECONDS,
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


def _note(event: events.ScenarioFinished, found: Findings, visitor: Visitor) -> None:
    recorder = event.recorder
    found.phases.add(event.phase.value)
    for case_id, interaction in recorder.interactions.items():
        if interaction.response is not None:
            case = recorder.cases[case_id].value
            label, status = case.operation.label, interaction.response.status_code
            found.answers[label, status] += 1
            if _is_allowed(case):
                found.unexplained |= _unexplained(label, interaction.response, visitor)
            told = {name for name in interaction.response.headers if TOLD.fullmatch(name)}
            found.undescribed |= {(label, status, name) for name in told - description.headers(label, status)}
    for case_id, checks in recorder.checks.items():
        for check in checks:
            if check.failure_info is not None and not _is_too_long(recorder, case_id):
                failure = check.failure_info.failure
                key = (recorder.cases[case_id].value.operation.label, check.name, failure.title)
                words = "\n".join(_told(recorder, case_id, key, str(failure.message)))
                found.failures.setdefault(key, words)


def _is_allowed(case: Any) -> bool:
    """Whether the description allows what was sent."""
    return case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE


def _is_too_long(recorder: Any, case_id: str) -> bool:
    """Whether it was refused for its length alone, and the description does not allow it."""
    response = recorder.interactions[case_id].response
    if response is None or response.status_code != TOO_LONG:
        return False
    return not _is_allowed(recorder.cases[case_id].value)


def _unexplained(label: str, response: Any, visitor: Visitor) -> set[tuple[str, str]]:
    """Return the code of a refusal without a reason; of one that is no problem but a page, its status."""
    status = response.status_code
    if status < 400 or str(status) in UNAVAILABLE:
        return set()
    allowed = set(refusals.codes(label))
    if not visitor.is_staff and refusals.named(label) in refusals.FOR_STAFF:
        allowed |= {"scope_missing", "staff_only"}
    if "json" not in response.headers.get("content-type", ""):
        return set() if status in map(status_of, allowed) else {(label, str(status))}
    return {(label, code) for code in (json.loads(response.content)["code"],) if code not in allowed}


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
