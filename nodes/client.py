"""What a storage node can be asked, and what its answers mean; with `nodes.exchange` the only one who asks.

A node's word is never taken for more than it is: an error or a time-out is NodeUnreachable (outcome unknown),
a clear no is NodeRefused, bytes that do not match their digest are ReplicaCorrupt.
"""

import json
import time
from dataclasses import dataclass
from typing import Any

from blake3 import blake3

from nodes import listing, roster
from nodes.errors import NodeError
from nodes.exchange import FIRST_BYTE_SECONDS, Exchange
from nodes.roster import NodeView

MOST_LETTERS = 63
"""Of a text that a node tells of itself."""
LATEST_SECONDS = 2**40
"""Of Unix time: tens of thousands of years from now."""
LISTING_SECONDS = 60.0
"""A page of a listing with sizes is a seek for each file on a cold disk."""


@dataclass(frozen=True, slots=True)
class Status:
    """What a node says of itself; sizes in bytes."""

    store_id: str
    filesystem_id: str
    capacity_bytes: int
    free_bytes: int
    quarantined: int
    received_bytes: int
    sent_bytes: int
    version: str
    clock: float
    """What its clock said, in seconds of Unix time, when this monotonic clock said `heard_at`."""
    heard_at: float
    latency_ms: float
    watermark: int
    """The highest it has been told; 0 in a status that was no probe."""
    watermark_before: int
    """The same before this probe told it one."""


def begin_put(
    view: NodeView,
    name: str,
    *body: memoryview | bytes,
    lane_seconds: float = FIRST_BYTE_SECONDS,
) -> Exchange:
    """Send a chunk file, whole or in pieces, named by its digest; `finish_put` waits for the answer."""
    path = f"/v1/chunks/{name}"
    return Exchange(view, "PUT", path, body=body, body_digest=name[:64], lane_seconds=lane_seconds)


def finish_put(exchange: Exchange) -> None:
    """Return when the node says that the chunk is durable; raises a NodeError otherwise."""
    exchange.finish(exchange.answer(), good=(200, 201))


def delete_chunk(view: NodeView, name: str) -> None:
    """Have one replica's file removed; an absent one is fine. Raises a NodeError."""
    exchange = Exchange(view, "DELETE", f"/v1/chunks/{name}")
    exchange.finish(exchange.answer(), good=(200, 204, 404))


def verify_chunks(view: NodeView, names: list[str]) -> dict[str, str]:
    """Have the node re-hash files; returns `good`, `bad`, `missing` or `error` by name."""
    return _results(view, _post(view, "/v1/verify", {"names": names}, timeout_seconds=60.0))


def quarantine_chunks(view: NodeView, names: list[str], reason: str) -> dict[str, str]:
    """Have the node put bad files aside; returns the outcome by name. Raises a NodeError."""
    return _results(view, _post(view, "/v1/quarantine", {"names": names, "reason": reason}))


def list_chunks(view: NodeView, *, after: str, limit: int) -> listing.Page:
    """List files beyond a name, with sizes. Raises a NodeError for anything but a page as it should be."""
    path = f"/v1/chunks?after={after}&limit={limit}&sizes=1"
    exchange = Exchange(view, "GET", path, timeout_seconds=LISTING_SECONDS)
    payload = _parse(view, exchange.finish(exchange.answer(), good=(200,)))
    return listing.parse(payload, store_id=view.store_id, after=after, limit=limit)


def probe(view: NodeView, *, watermark: int) -> Status:
    """Have the node write, fsync and read a small file, keep the watermark, and say how it is.

    Raises a NodeError.
    """
    return _ask_status(view, "POST", "/v1/probe", body=json.dumps({"watermark": watermark}).encode())


def fetch_status(view: NodeView) -> Status:
    """Ask the node how it is, without touching its disk. Raises a NodeError."""
    return _ask_status(view, "GET", "/v1/status")


def _ask_status(view: NodeView, method: str, path: str, *, body: bytes = b"") -> Status:
    started = time.monotonic()
    exchange = Exchange(
        view,
        method,
        path,
        body=[body] if body else [],
        body_digest=blake3(body).hexdigest(),
        timeout_seconds=roster.PROBE_TIMEOUT_SECONDS,
    )
    payload = _parse(view, exchange.finish(exchange.answer(), good=(200,)))
    return read_status(view, payload, started, time.monotonic())


def read_status(view: NodeView, payload: dict[str, Any], started: float, heard_at: float) -> Status:
    """Read what a node that was asked at one monotonic time said by another. Raises a NodeError."""
    try:
        return Status(
            store_id=_text(payload["store_id"]),
            filesystem_id=_text(payload["filesystem_id"]),
            capacity_bytes=_count(payload["capacity_bytes"]),
            free_bytes=_count(payload["free_bytes"]),
            quarantined=_count(payload["quarantined"], most=2**31 - 1),
            received_bytes=_count(payload["received_bytes"]),
            sent_bytes=_count(payload["sent_bytes"]),
            version=_text(payload["version"])[:31],
            clock=_seconds(payload["time"]),
            heard_at=heard_at,
            latency_ms=(heard_at - started) * 1000,
            watermark=_count(payload.get("watermark", 0)),
            # An older node does not tell it, and is believed.
            watermark_before=_count(payload.get("watermark_before", payload.get("watermark", 0))),
        )
    except (KeyError, ValueError) as error:
        raise NodeError(f"{view.name} says something that is no status: {error!r}") from error


def _count(told: Any, *, most: int = 2**63 - 1) -> int:
    """Read a figure that has room in a row: what has none would keep all nodes' health from being noted."""
    if type(told) is not int or not 0 <= told <= most:
        raise ValueError("a figure that is no count")
    return told


def _seconds(told: Any) -> float:
    if type(told) not in (int, float) or not 0 <= told < LATEST_SECONDS:
        raise ValueError("a time that no clock tells")
    return float(told)


def _text(told: Any) -> str:
    if not isinstance(told, str) or "\0" in told or len(told) > MOST_LETTERS:
        raise ValueError("a text that no row takes")
    return told.encode().decode()  # half of a pair of surrogates raises, too


def _post(
    view: NodeView, path: str, message: dict[str, Any], *, timeout_seconds: float | None = None
) -> dict[str, Any]:
    body = json.dumps(message).encode()
    exchange = Exchange(
        view,
        "POST",
        path,
        body=[body],
        body_digest=blake3(body).hexdigest(),
        timeout_seconds=timeout_seconds,
    )
    return _parse(view, exchange.finish(exchange.answer(), good=(200,)))


def _results(view: NodeView, payload: dict[str, Any]) -> dict[str, str]:
    results = payload.get("results")
    if not isinstance(results, dict) or not all(isinstance(one, str) for one in results.values()):
        raise NodeError(f"{view.name} answers without results")
    return results


def _parse(view: NodeView, payload: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise NodeError(f"{view.name} answers with something that is no JSON") from error
    if not isinstance(parsed, dict):
        raise NodeError(f"{view.name} answers with something that is no object")
    return parsed
