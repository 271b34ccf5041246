"""Adds to each operation what all have: a summary, its errors, examples; a hook of drf-spectacular."""

import re
from typing import Any

from accounts import idempotency
from dfsweb.openapi import conventions, errors, examples

_SUCCESSES = {
    "200": "Done.",
    "201": "Made.",
    "202": "It is under way.",
    "204": "Done; there is no more to say.",
}
_ETAG = {"ETag": {"description": "Guards the next change, by If-Match.", "schema": {"type": "string"}}}
_REPLAYED = {
    name: {"description": "It was done before, under this key.", "schema": {"const": value}}
    for name, value in idempotency.REPLAYED.items()
}


def complete(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add to a generated schema; the last of its hooks."""
    result["info"]["description"] = conventions.TEXT
    components = result["components"]
    components["schemas"]["Problem"] = errors.PROBLEM
    components["examples"] = {name: {"value": value} for name, value in examples.EXAMPLES.items()}
    refusals: dict[str, Any] = {}
    for address, route in result["paths"].items():
        for method, operation in route.items():
            _drop_foreign_parameters(address, operation)
            _summarize(operation)
            _exemplify(operation)
            _add_errors(method, operation, refusals)
    components["responses"] = dict(sorted(refusals.items()))
    components["examples"] |= errors.examples({code for name in refusals for code in errors.codes_of(name)})
    return result


def _drop_foreign_parameters(address: str, operation: dict[str, Any]) -> None:
    """One view may serve an address with a parameter and one without."""
    operation["parameters"] = [
        one
        for one in operation.get("parameters", [])
        if one["in"] != "path" or f"{{{one['name']}}}" in address
    ]


def _summarize(operation: dict[str, Any]) -> None:
    """The first sentence of what is said is the summary, the rest the description."""
    summary, *more = re.split(r"(?<=\.)\s+", operation.pop("description"), maxsplit=1)
    operation["summary"] = " ".join(summary.split())
    if more:
        operation["description"] = more[0]


def _exemplify(operation: dict[str, Any]) -> None:
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            parameter["example"] = examples.PARAMETERS[parameter["name"]]
    _add_examples(operation.get("requestBody", {}), operation["operationId"])
    is_keyed = any(one["name"] == idempotency.HEADER for one in operation.get("parameters", []))
    for status, reply in operation["responses"].items():
        reply["description"] = reply["description"] or _SUCCESSES[status]
        _add_examples(reply, operation["operationId"])
        if status == "304":
            reply["headers"] = _ETAG | reply.get("headers", {})
        if is_keyed:
            reply["headers"] = reply.get("headers", {}) | _REPLAYED


def _add_examples(part: dict[str, Any], operation_id: str) -> None:
    for kind, media in part.get("content", {}).items():
        name = media["schema"].get("$ref", "").rpartition("/")[2]
        if media["schema"].get("format") == "binary" and "zip" not in kind:
            media["example"] = examples.BYTES
        if name:
            example = examples.name_for(name, operation_id)
            media["examples"] = {example: {"$ref": f"#/components/examples/{example}"}}
            if name in ("EntryOut", "EntryOrPageOut"):
                part["headers"] = _ETAG | part.get("headers", {})


def _add_errors(method: str, operation: dict[str, Any], refusals: dict[str, Any]) -> None:
    """Pages are refused as pages, a HEAD without words; what a view says itself of a status stays."""
    for status, codes in errors.of_operation(operation).items():
        if method == "head":
            refusal = errors.told(status, codes, "A GET tells which." if codes[1:] else "")
        elif operation["tags"] == ["links"]:
            refusal = errors.told(status, codes) | {"content": examples.PAGE}
        else:
            name = errors.name_of(status, codes)
            refusals[name] = errors.reply(status, codes)
            refusal = {"$ref": f"#/components/responses/{name}"}
        operation["responses"].setdefault(str(status), refusal)
    operation.pop("x-problems", None)
    operation["responses"] = dict(sorted(operation["responses"].items()))
