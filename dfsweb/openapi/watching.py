"""Describes the addresses for whoever looks after the server: plain views, which no generator looks into."""

from copy import deepcopy
from typing import Any

from dfsweb.openapi.errors import WATCHING

_READY = {"queue": "up", "database": "up", "write_quorum": "at hand"}
_MISSING = "1 of the 2 storage nodes that a write needs are online."
_EXAMPLE = {"ready": True, "checks": _READY, "problems": []}
_UNREADY = {"ready": False, "checks": {**_READY, "write_quorum": "missing"}, "problems": [_MISSING]}
_READINESS = {
    "type": "object",
    "properties": {
        "ready": {"type": "boolean"},
        "checks": {"type": "object", "additionalProperties": {"type": "string"}},
        "problems": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["ready", "checks", "problems"],
}
_SAMPLE = "# HELP dfs_chunks Chunks.\n# TYPE dfs_chunks gauge\ndfs_chunks 381204.0\n"
_FORMATS = ("text/plain", "application/openmetrics-text")
_ROUTES: dict[str, dict[str, Any]] = {
    "/healthz": {
        "description": "Answer as long as the process does; asks nothing of anybody.",
        "responses": {
            "200": {
                "description": "It lives.",
                "content": {"text/plain": {"schema": {"type": "string"}, "example": "ok\n"}},
            }
        },
    },
    "/readyz": {
        "description": "Say whether a file can be stored now, and if not, what is missing. The queue is told"
        " of and does not count.",
        "responses": {
            "200": {
                "description": "A file can be stored.",
                "content": {"application/json": {"schema": _READINESS, "example": _EXAMPLE}},
            },
            "503": {
                "description": "No file can be stored: the database or too many nodes are missing.",
                "headers": {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "string"}}},
                "content": {"application/json": {"schema": _READINESS, "example": _UNREADY}},
            },
        },
    },
    "/metrics": {
        "description": "Tell Prometheus what this gateway has counted, and the figures of the cluster.",
        "responses": {
            "200": {
                "description": "In the format that is accepted.",
                "content": {kind: {"schema": {"type": "string"}, "example": _SAMPLE} for kind in _FORMATS},
            }
        },
        "security": [{"scrape": []}],
        "x-problems": ["scrape_denied"],
    },
}


def describe_watching(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the routes to a generated schema; a hook of drf-spectacular."""
    result["components"]["securitySchemes"]["scrape"] = {
        "type": "http",
        "scheme": "bearer",
        "description": "METRICS_TOKEN; of Prometheus alone.",
    }
    for route, operation in deepcopy(_ROUTES).items():
        named = {"operationId": f"get_{route[1:]}", "tags": [WATCHING], "security": []}
        result["paths"][route] = {"get": {**named, **operation}}
    return result
