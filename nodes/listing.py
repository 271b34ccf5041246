"""One page of a node's listing, taken for what it is only when nothing about it is odd.

A short page that passes for a whole one would read as a loss of all that it leaves out.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from nodes.errors import NodeError
from storagenode.protocol.names import BadName, parse_name

LARGEST_SIZE = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Page:
    """Files by name in order, each with its size in bytes; nothing comes after a complete page."""

    sizes: dict[str, int]
    is_complete: bool


def parse(payload: dict[str, Any], *, store_id: str, after: str, limit: int) -> Page:
    """Read the page of this store beyond a name. Raises NodeError for anything that cannot be right."""
    names, sizes = payload.get("names"), payload.get("sizes")
    is_complete = payload.get("complete")
    if payload.get("store") != store_id:
        raise NodeError(f"the listing is that of store {payload.get('store')}")
    if not isinstance(names, list) or not isinstance(sizes, list) or len(names) != len(sizes):
        raise NodeError("the listing has not one size for each name")
    if not all(type(size) is int and 0 <= size <= LARGEST_SIZE for size in sizes):
        raise NodeError("a size in the listing is none that a file can have")
    try:
        for name in names:
            parse_name(name)
    except (BadName, TypeError) as error:
        raise NodeError(f"the listing holds something that is no name: {error}") from error
    if any(first >= second for first, second in pairwise([after, *names])):
        raise NodeError("the listing is not in order")
    if not isinstance(is_complete, bool) or len(names) > limit:
        raise NodeError("the listing does not say whether it is complete, or is too long")
    if not is_complete and (len(names) != limit or payload.get("next") != names[-1]):
        raise NodeError("the listing ends short of its end")
    if is_complete and payload.get("next") is not None:
        raise NodeError("the listing is complete and goes on")
    return Page(dict(zip(names, sizes, strict=True)), is_complete)
