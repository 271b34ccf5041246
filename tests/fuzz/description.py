"""The description of the API, read once."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).parents[2] / "docs/openapi.yaml"


@cache
def document() -> dict[str, Any]:
    """Return the description of the API; to read it takes seconds."""
    read: dict[str, Any] = yaml.load(FILE.read_text(), yaml.CSafeLoader)
    return read


def codes(label: str) -> set[str]:
    """Return the codes of the errors that the description names; of a HEAD or a page they stand in words."""
    method, path = label.split(" ", 1)
    return {
        code
        for status, reply in document()["paths"][path][method.lower()]["responses"].items()
        if int(status) >= 400
        for code in [
            *reply.get("$ref", "").split(".")[1:],
            *re.findall("`(.+?)`", reply.get("description", "")),
        ]
    }


def headers(label: str, status: int) -> set[str]:
    """Return the headers, in small letters, that the description tells of."""
    method, path = label.split(" ", 1)
    reply = document()["paths"][path][method.lower()]["responses"].get(str(status), {})
    if "$ref" in reply:
        reply = document()["components"]["responses"][reply["$ref"].rpartition("/")[2]]
    return {name.lower() for name in reply.get("headers", {})}
