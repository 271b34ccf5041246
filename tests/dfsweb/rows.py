"""A row of the walk over every route: what each visitor is answered to one request."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

VISITORS = ("anonymous", "stranger", "viewer", "editor", "owner", "admin")
STAFF = ("clerk", "looker")
"""Staff without any permission, and staff who may look at everything and change nothing."""
JSON = "application/json"


@dataclass(frozen=True)
class Row:
    """What each visitor is answered, in the order of VISITORS, to a request like this."""

    answers: tuple[int, ...]
    staff: tuple[int, ...] = ()
    """What STAFF is answered, where that is not what any administrator is."""
    body: Any = field(default_factory=dict)
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


def row(*answers: int, body: Any = None, content_type: str = JSON, **headers: str) -> Row:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Row(answers, (), {} if body is None else body, content_type, named)


def everybody(answer: int, **more: Any) -> Row:
    return row(*[answer] * 6, **more)


def signed_in(answer: int, *, anonymous: int = 401, **more: Any) -> Row:
    return row(anonymous, *[answer] * 5, **more)


def staff(answer: int, *, anonymous: int = 401, other: int = 403, **more: Any) -> Row:
    return row(anonymous, *[other] * 4, answer, **more)


def owner_alone(answer: int, *, shared: int = 404, **more: Any) -> Row:
    """Something of the owner's; those it is shared with are told `shared`."""
    return row(401, 404, shared, shared, answer, 404, **more)


def readers(answer: int, *, anonymous: int = 401, **more: Any) -> Row:
    return row(anonymous, 404, answer, answer, answer, 404, **more)


def editors(answer: int, *, anonymous: int = 401, **more: Any) -> Row:
    return row(anonymous, 404, 403, answer, answer, 404, **more)
