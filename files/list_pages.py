"""The pages of lists that are no folder: starred, recent, shared with one, in the trash. Thin doors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from files import access, browsing, page_parts, viewing


@dataclass(frozen=True, slots=True)
class Place:
    """A list that is no folder, in words."""

    name: str
    title: str | Promise
    icon: str
    lead: str | Promise
    empty: str | Promise
    hint: str | Promise
    columns: Mapping[str, str | Promise] = field(default_factory=lambda: viewing.COLUMNS)
    own_order: str = ""
    """The order that makes it this list, until another is asked for; empty: as its reader has folders."""


STARRED = Place(
    name="starred",
    title=gettext_lazy("Starred"),
    icon="star",
    lead=gettext_lazy("What has a star, wherever it lies."),
    empty=gettext_lazy("Nothing has a star yet"),
    hint=gettext_lazy("Give one to what you come back to: press s on it, or use its menu."),
)
SHARED = Place(
    name="shared",
    title=gettext_lazy("Shared with me"),
    icon="users",
    lead=gettext_lazy("What others let you see or change."),
    empty=gettext_lazy("Nobody has shared anything with you yet"),
    hint=gettext_lazy("What others share with you stands here. To share something of yours, use its menu."),
    columns=viewing.SHARED_COLUMNS,
)
RECENT = Place(
    name="recent",
    title=gettext_lazy("Recent"),
    icon="clock",
    lead=gettext_lazy("The files that changed last, wherever they lie."),
    empty=gettext_lazy("Nothing has changed yet"),
    hint=gettext_lazy("The files you change or bring stand here, the latest first."),
    own_order="-modified_at",
)


@require_safe
@login_required
def starred(request: HttpRequest) -> HttpResponse:
    return _found_anywhere(request, STARRED, browsing.starred_rows)


@require_safe
@login_required
def shared(request: HttpRequest) -> HttpResponse:
    return _found_anywhere(request, SHARED, browsing.shared_rows)


@require_safe
@login_required
def recent(request: HttpRequest) -> HttpResponse:
    return _found_anywhere(request, RECENT, browsing.recent_rows)


@require_safe
@login_required
def trash(request: HttpRequest) -> HttpResponse:
    user = access.signed_in(request)
    view = viewing.chosen(request.GET, {}, viewing.TRASH_COLUMNS, own_order="-trashed_at")
    page = browsing.trash_rows(user, request.GET.get("cursor"), view.order, limit=page_parts.limit(request))
    shown = {"place": "trash", "page": page, "view": view, "in_trash": True}
    if "part" in request.GET:
        return page_parts.part(request, shown)
    shown |= {"days_kept": browsing.trash_days(), "owner_head": gettext_lazy("Was in")}
    shown |= {"copies_head": gettext_lazy("Kept")}
    return render(request, "files/trash.html", shown | page_parts.frame(user))


def _found_anywhere(
    request: HttpRequest, place: Place, list_rows: Callable[..., browsing.RowPage]
) -> HttpResponse:
    """Show a list of what lies in different folders, in the order that its reader chose."""
    user = access.signed_in(request)
    view = viewing.chosen(request.GET, request.COOKIES, place.columns, own_order=place.own_order)
    page = list_rows(user, request.GET.get("cursor"), view.order, limit=page_parts.limit(request))
    shown = {"page": page, "view": view, "is_anywhere": True}
    if "part" in request.GET:
        return page_parts.part(request, shown)
    shown |= {"place": place.name, "words": place, "owner_head": gettext_lazy("In")}
    reply = render(request, "files/anywhere.html", shown | page_parts.frame(user))
    return page_parts.remember(request, reply, view)
