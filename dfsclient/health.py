"""How a cluster is doing, as the service tells it: figures, what is to be copied, named problems."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dfsclient.models import Reading


@dataclass(frozen=True)
class DamagedFile:
    """One version of a file that has lost bytes; unless `is_current` the file itself may be whole."""

    entry_id: str
    owner: str
    path: str
    version: int
    is_current: bool


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with the cluster; `facts` are the figures that came with it.

    `severity` is critical, warning or notice; `advice` says what to do.
    """

    code: str
    detail: str
    facts: dict[str, Any]
    severity: str = "warning"
    advice: str = ""
    outlook: str = ""
    cause: str = ""
    node: str | None = None
    files: tuple[DamagedFile, ...] = ()


@dataclass(frozen=True)
class Repair:
    """Copies to be made; rate and time are None until they are known."""

    chunks_left: int
    bytes_left: int
    bytes_per_second: float | None
    seconds_left: float | None
    is_waiting: bool


@dataclass(frozen=True)
class Cluster:
    """How the whole is doing; `health` is healthy, degraded or failing."""

    health: str
    nodes: int | None
    nodes_online: int
    chunks: int
    under_replicated: int
    out_of_reach: int | None
    lost: int
    capacity_bytes: int
    free_bytes: int
    problems: tuple[Problem, ...]
    repair: Repair | None = None


def read_cluster(data: Any) -> Cluster:
    """Read the state of the cluster."""
    cluster = Reading(data, "cluster")
    return Cluster(
        health=cluster.text("health"),
        nodes=cluster.maybe_number("nodes"),
        nodes_online=cluster.number("nodes_online"),
        chunks=cluster.number("chunks"),
        under_replicated=cluster.number("under_replicated"),
        out_of_reach=cluster.maybe_number("out_of_reach"),
        lost=cluster.number("lost"),
        capacity_bytes=cluster.number("capacity_bytes"),
        free_bytes=cluster.number("free_bytes"),
        problems=tuple(_read_problem(problem) for problem in cluster.many("problems")),
        repair=_read_repair(cluster.data["repair"]) if cluster.data.get("repair") else None,
    )


def _read_repair(data: Any) -> Repair:
    repair = Reading(data, "repair")
    return Repair(
        chunks_left=repair.number("chunks_left"),
        bytes_left=repair.number("bytes_left"),
        bytes_per_second=repair.maybe_float("bytes_per_second"),
        seconds_left=repair.maybe_float("seconds_left"),
        is_waiting=bool(repair.data.get("is_waiting")),
    )


def _read_problem(data: Any) -> Problem:
    problem = Reading(data, "problem")
    known = ("code", "detail", "severity", "advice", "node", "files", "outlook", "cause")
    facts = {key: value for key, value in problem.data.items() if key not in known and value is not None}
    files = problem.many("files") if problem.data.get("files") else []
    return Problem(
        code=problem.text("code"),
        detail=problem.maybe_text("detail") or "",
        facts=facts,
        severity=problem.maybe_text("severity") or "warning",
        advice=problem.maybe_text("advice") or "",
        outlook=problem.maybe_text("outlook") or "",
        cause=problem.maybe_text("cause") or "",
        node=problem.maybe_text("node"),
        files=tuple(_read_damaged_file(file) for file in files),
    )


def _read_damaged_file(data: Any) -> DamagedFile:
    file = Reading(data, "damaged file")
    return DamagedFile(
        entry_id=file.text("entry_id"),
        owner=file.maybe_text("owner") or "",
        path=file.text("path"),
        version=file.number("version"),
        is_current=bool(file.data.get("is_current")),
    )
