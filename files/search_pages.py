"""The page of what is found by words, and the ways to narrow it, each of which its address says."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from files import access, browsing, page_parts, viewing
from files.file_types import FileType
from files.list_pages import Place
from files.models import Entry
from files.searching import Sought, Whose

FOUND = Place(
    name="search",
    title=gettext_lazy("Search"),
    icon="search",
    lead="",
    empty=gettext_lazy("Look for a file or a folder"),
    hint=gettext_lazy("Type the beginning of a word of its name, wherever it lies."),
    own_order="-modified_at",
)
NOTHING_FOUND = gettext_lazy(
    "Words are looked for from their beginning, in the names of all your files and folders, "
    "and of what others share with you."
)
NOTHING_SO = gettext_lazy("Nothing is so in all that was asked for. There may be more without the filters.")
FOLDER = "folder"
CHOICES: Mapping[str, Mapping[str, str | Promise]] = {
    "type": {
        "": gettext_lazy("Any type"),
        FOLDER: gettext_lazy("Folders"),
        FileType.PICTURE: gettext_lazy("Pictures"),
        FileType.VIDEO: gettext_lazy("Videos"),
        FileType.AUDIO: gettext_lazy("Sound"),
        FileType.PDF: gettext_lazy("PDF"),
        FileType.DOCUMENT: gettext_lazy("Documents and text"),
        FileType.ARCHIVE: gettext_lazy("Archives"),
    },
    "owner": {
        "": gettext_lazy("Anyone"),
        Whose.ME: gettext_lazy("Me"),
        Whose.OTHERS: gettext_lazy("Others, shared with me"),
    },
    "modified": {
        "": gettext_lazy("Any time"),
        "day": gettext_lazy("Last 24 hours"),
        "week": gettext_lazy("Last 7 days"),
        "month": gettext_lazy("Last 30 days"),
        "year": gettext_lazy("This year"),
    },
    "size": {
        "": gettext_lazy("Any size"),
        "small": gettext_lazy("Under 1 MB"),
        "medium": gettext_lazy("1 to 100 MB"),
        "large": gettext_lazy("100 MB to 1 GB"),
        "huge": gettext_lazy("Over 1 GB"),
    },
    "starred": {"": gettext_lazy("All"), "1": gettext_lazy("Starred")},
}
"""Of each filter its choices, by how the address says them; first the one that narrows nothing."""
TITLES = {
    "type": gettext_lazy("Type"),
    "owner": gettext_lazy("Owner"),
    "modified": gettext_lazy("Modified"),
    "size": gettext_lazy("Size"),
}
_MB, _GB = 10**6, 10**9
_SIZES = {
    "small": range(_MB),
    "medium": range(_MB, 100 * _MB),
    "large": range(100 * _MB, _GB),
    "huge": range(_GB, 2**63),
}
_DAYS = {"day": 1, "week": 7, "month": 30}


@dataclass(frozen=True, slots=True)
class Choice:
    """A way to narrow what is found: its words, where it leads, and whether it is on."""

    words: str | Promise
    query: str
    is_on: bool


@dataclass(frozen=True, slots=True)
class Filter:
    """Choices of which one is on, and the words for it where it narrows something."""

    name: str
    title: str | Promise
    choices: list[Choice]
    chosen: str | Promise


@require_safe
@login_required
def search(request: HttpRequest) -> HttpResponse:
    """Show what is found by `?q=`, narrowed by `type`, `owner`, `modified`, `size` and `starred`."""
    user, query = access.signed_in(request), request.GET.get("q", "").strip()
    asked = {name: request.GET.get(name, "") for name in CHOICES}
    on = {name: value for name, value in asked.items() if value and value in CHOICES[name]}
    view = viewing.chosen(request.GET, request.COOKIES, viewing.COLUMNS, own_order=FOUND.own_order)
    view = replace(view, keeps=urlencode({"q": query, **on}))
    page = browsing.found_rows(
        user,
        _sought(query, on),
        request.GET.get("cursor"),
        view.order,
        kind=Entry.Kind.FOLDER if on.get("type") == FOLDER else None,
        limit=page_parts.limit(request),
    )
    shown = {"page": page, "view": view, "is_anywhere": True}
    if "part" in request.GET:
        return page_parts.part(request, shown)
    ordered = {"order": view.order} if view.order != FOUND.own_order else {}
    shown |= {"query": query, "place": "search", "words": _words(query, on), "owner_head": gettext_lazy("In")}
    shown |= {"filters": list(_filters(query, on, ordered)), "is_narrowed": bool(on)}
    shown["star"] = _choice(query, on, ordered, "starred", "" if "starred" in on else "1")
    shown["is_starred"] = "starred" in on
    reply = render(request, "files/anywhere.html", shown | page_parts.frame(user))
    return page_parts.remember(request, reply, view)


def _sought(query: str, on: Mapping[str, str]) -> Sought:
    kind = on.get("type", FOLDER)
    return Sought(
        query,
        starred="starred" in on,
        type=None if kind == FOLDER else FileType(kind),
        since=_since(on["modified"], timezone.now()) if "modified" in on else None,
        sizes=_SIZES[on["size"]] if "size" in on else None,
        whose=Whose(on.get("owner", Whose.ANYONE)),
        whatever=bool(on) and not query,
    )


def _since(choice: str, now: datetime) -> datetime:
    if choice in _DAYS:
        return now - timedelta(days=_DAYS[choice])
    return timezone.localtime(now).replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)


def _words(query: str, on: Mapping[str, str]) -> Place:
    """Say what the page says where nothing is found."""
    if not query and not on:
        return FOUND
    empty = _("Nothing found for “%(words)s”") % {"words": query} if query else _("Nothing found")
    return replace(FOUND, empty=empty, hint=NOTHING_SO if on else NOTHING_FOUND)


def _filters(query: str, on: Mapping[str, str], ordered: Mapping[str, str]) -> Iterator[Filter]:
    for name, title in TITLES.items():
        choices = [_choice(query, on, ordered, name, value) for value in CHOICES[name]]
        yield Filter(name, title, choices, CHOICES[name][on[name]] if name in on else "")


def _choice(query: str, on: Mapping[str, str], ordered: Mapping[str, str], name: str, value: str) -> Choice:
    """Lead to what is found with this one choice made anew."""
    others = {key: kept for key, kept in on.items() if key != name}
    chosen = {name: value} if value else {}
    address = urlencode({"q": query, **others, **chosen, **ordered})
    return Choice(CHOICES[name][value or on.get(name, "")], address, on.get(name, "") == value)
