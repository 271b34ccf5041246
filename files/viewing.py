"""How a person wants a list shown: in which order, and as lines or as cards. Pure.

An address may say it (`?order=-size&view=grid`); it is remembered in cookies, so it needs no script.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

COLUMNS = {
    "name": gettext_lazy("Name"),
    "modified_at": gettext_lazy("Modified"),
    "size": gettext_lazy("Size"),
}
SHARED_COLUMNS = {
    "name": COLUMNS["name"],
    "owner": gettext_lazy("Owner"),
    "modified_at": COLUMNS["modified_at"],
    "size": COLUMNS["size"],
}
"""Where the entries are of different people."""
TRASH_COLUMNS = {
    "name": COLUMNS["name"],
    "trashed_at": gettext_lazy("Deleted"),
    "size": COLUMNS["size"],
}
VIEWS = ("list", "grid")
KEPT_SECONDS = 365 * 24 * 3600
_FIRST_DIRECTION = {
    "modified_at": "-",
    "trashed_at": "-",
    "size": "-",
}  # the newest and the largest are looked for


@dataclass(frozen=True, slots=True)
class Head:
    """A column's head: what pressing it orders by, and how the list is ordered by it now."""

    column: str
    words: str | Promise
    leads_to: str
    direction: str
    """Empty, `ascending` or `descending`."""

    @property
    def css_class(self) -> str:
        return "c-modified" if self.column.endswith("_at") else f"c-{self.column}"


@dataclass(frozen=True, slots=True)
class View:
    order: str = "name"
    shape: str = "list"
    columns: Mapping[str, str | Promise] = field(default_factory=lambda: COLUMNS)
    has_own_order: bool = False
    """The list is what it is by its order: another one is for this look at it alone, and not remembered."""
    keeps: str = ""
    """What else the address says, and goes on saying with another order or shape."""

    @property
    def address(self) -> str:
        """What an address says for the list to go on as it began."""
        return f"{self.keeps}&order={self.order}" if self.keeps else f"order={self.order}"

    @property
    def heads(self) -> Sequence[Head]:
        return [self._head(column, words) for column, words in self.columns.items()]

    def _head(self, column: str, words: str | Promise) -> Head:
        if self.order.removeprefix("-") != column:
            return Head(column, words, _FIRST_DIRECTION.get(column, "") + column, "")
        if self.order.startswith("-"):
            return Head(column, words, column, "descending")
        return Head(column, words, "-" + column, "ascending")


def chosen(
    asked: Mapping[str, str],
    kept: Mapping[str, str],
    columns: Mapping[str, str | Promise] = COLUMNS,
    *,
    own_order: str = "",
) -> View:
    """Read the view from an address and, where that says nothing we know, from cookies.

    A list with an order of its own has that one instead of the one that is kept for folders.
    """
    order = _pick("order", _orders(columns), asked, {"order": own_order} if own_order else kept)
    shape = _pick("view", VIEWS, asked, kept)
    return View(order=order, shape=shape, columns=columns, has_own_order=bool(own_order))


def news(asked: Mapping[str, str], view: View) -> dict[str, str]:
    """Return what of an address is to be remembered."""
    known = {"view": VIEWS} if view.has_own_order else {"order": _orders(SHARED_COLUMNS), "view": VIEWS}
    return {name: asked[name] for name, choices in known.items() if asked.get(name) in choices}


def _orders(columns: Mapping[str, str | Promise]) -> list[str]:
    return [sign + column for column in columns for sign in ("", "-")]


def _pick(name: str, choices: Sequence[str], *sources: Mapping[str, str]) -> str:
    wanted = (source.get(name, "") for source in sources)
    return next((one for one in wanted if one in choices), choices[0])
