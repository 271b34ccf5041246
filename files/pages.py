"""The pages a signed-in person browses, and the parts of them that the scripts ask for. Thin doors."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from files import (
    access,
    archives,
    browsing,
    changes,
    content_types,
    form_upload,
    kinds,
    listing,
    panel,
    sending,
    tasks,
    thumbnails,
    versions,
    viewing,
)
from files.errors import Invalid
from nodes import contents, wake


@dataclass(frozen=True, slots=True)
class Place:
    """A list that is no folder, in words."""

    name: str
    title: str | Promise
    icon: str
    lead: str | Promise
    empty: str | Promise
    hint: str | Promise
    columns: Mapping[str, str | Promise] = field(default_factory=dict)
    """What it may be ordered by; none: it has its own order."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A way to narrow what is found: its words, where it leads, and whether it is on."""

    words: str
    query: str
    is_on: bool


STARRED = Place(
    name="starred",
    title=gettext_lazy("Starred"),
    icon="star",
    lead=gettext_lazy("What has a star, wherever it lies."),
    empty=gettext_lazy("Nothing has a star yet"),
    hint=gettext_lazy("Give one to what you come back to: press s on it, or use its menu."),
    columns=viewing.COLUMNS,
)
FOUND = Place(
    name="search",
    title=gettext_lazy("Search"),
    icon="search",
    lead="",
    empty=gettext_lazy("Look for a file or a folder"),
    hint=gettext_lazy("Type the beginning of a word of its name, wherever it lies."),
)
NOTHING_FOUND = gettext_lazy(
    "Words are looked for from their beginning, in the names of all your files and folders."
)
KINDS = ("file", "folder")
KEPT_FOR_EVER = "private, max-age=31536000, immutable"  # its address names the version
VERSIONS_SHOWN = 50
FACTS = "facts"
MOST_DIGITS_OF_SKIP = 9  # no folder has so many entries, and the database takes the number
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
)


@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    return redirect("folder", access.root_folder(access.signed_in(request)).id)


@require_safe
@login_required
def folder(request: HttpRequest, folder_id: UUID) -> HttpResponse:
    """Show a folder, or with `?part=` what a list that grows asks for: see `_part`.

    With `?skip=` that begins after so many entries: for who jumps to the end of thousands.
    """
    user, view = access.signed_in(request), viewing.chosen(request.GET, request.COOKIES)
    found = access.find_folder(user, folder_id)
    cursor, skip = request.GET.get("cursor"), _skip(request) if "part" in request.GET else 0
    page = browsing.folder_rows(found, cursor, view.order, limit=_limit(request), skip=skip)
    if "part" in request.GET:
        return _part(request, {"page": page, "view": view})
    shown = {
        "place": "files" if found.is_own else "shared",
        "page": page,
        "view": view,
        "folder": found,
        "crumbs": browsing.crumbs(found),
    }
    reply = render(request, "files/folder.html", shown | frame(user) | {"totals": browsing.totals(found)})
    return _remember(request, reply)


@require_safe
@login_required
def place(request: HttpRequest, folder_id: UUID) -> HttpResponse:
    """Tell the place in a folder's list of the first entry whose name begins with `?name=`, or null."""
    user, view = access.signed_in(request), viewing.chosen(request.GET, request.COOKIES)
    found = access.find_folder(user, folder_id)
    return JsonResponse({"place": listing.place_of(found, request.GET.get("name", ""), view.order)})


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
def search(request: HttpRequest) -> HttpResponse:
    """Show what is found by `?q=`, of one kind with `kind`, of what has a star with `starred`."""
    user, view = access.signed_in(request), viewing.chosen(request.GET, request.COOKIES)
    query, kind = request.GET.get("q", "").strip(), request.GET.get("kind", "")
    kind = kind if kind in KINDS else ""
    is_starred = "starred" in request.GET
    page = browsing.found_rows(
        user,
        query,
        request.GET.get("cursor"),
        kind=kind or None,
        starred=is_starred,
        limit=_limit(request),
    )
    shown = {"page": page, "view": view, "is_anywhere": True, "query": query, "kind": kind}
    shown |= {"is_starred": is_starred, "filters": _filters(query, kind, is_starred)}
    if "part" in request.GET:
        return _part(request, shown)
    words = (
        FOUND
        if not query
        else replace(FOUND, empty=_("Nothing found for “%(words)s”") % {"words": query}, hint=NOTHING_FOUND)
    )
    shown |= {"place": "search", "words": words}
    return _remember(request, render(request, "files/anywhere.html", shown | frame(user)))


def _filters(query: str, kind: str, is_starred: bool) -> list[Filter]:
    """Each leads to what is found with it alone turned round."""
    ways = [
        (_("Everything"), {}, not kind and not is_starred),
        (_("Files"), {"kind": "file"}, kind == "file"),
        (_("Folders"), {"kind": "folder"}, kind == "folder"),
        (_("Starred"), {"starred": "1"}, is_starred),
    ]
    return [Filter(words, urlencode({"q": query, **more}), is_on) for words, more, is_on in ways]


@require_safe
@login_required
def now(request: HttpRequest) -> HttpResponse:
    """Give the cursor of this moment, from which on a page asks what has changed."""
    return JsonResponse({"cursor": changes.now(access.signed_in(request))})


@require_safe
@login_required
def file_versions(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """Show what the details panel says of a file's versions."""
    page = versions.page(access.signed_in(request), entry_id, limit=VERSIONS_SHOWN)
    return render(request, "files/versions.html", {"page": page, "entry_id": entry_id})


def _found_anywhere(
    request: HttpRequest, place: Place, list_rows: Callable[..., browsing.RowPage]
) -> HttpResponse:
    """Show a list of what lies in different folders, in the order that its reader chose if it has any."""
    user = access.signed_in(request)
    view = viewing.chosen(request.GET, request.COOKIES, place.columns or viewing.COLUMNS)
    order = {"order": view.order} if place.columns else {}
    page = list_rows(user, request.GET.get("cursor"), limit=_limit(request), **order)
    shown = {"page": page, "view": view, "is_anywhere": True}
    if "part" in request.GET:
        return _part(request, shown)
    shown |= {"place": place.name, "words": place, "is_ordered": bool(place.columns)}
    return _remember(request, render(request, "files/anywhere.html", shown | frame(user)))


def _part(request: HttpRequest, shown: dict[str, Any]) -> HttpResponse:
    """Give a page of a list: as rows, or with `?part=facts` what deeds need to know of each, more at once."""
    if request.GET["part"] == FACTS:
        page = shown["page"]
        return JsonResponse({"results": [_facts(row) for row in page.rows], "next": page.next_cursor})
    return render(request, "files/rows.html", shown)


def _limit(request: HttpRequest) -> int:
    return browsing.FACTS_A_PAGE if request.GET.get("part") == FACTS else browsing.ROWS_A_PAGE


def _skip(request: HttpRequest) -> int:
    skip = request.GET.get("skip", "0")
    if not (skip.isascii() and skip.isdecimal()) or len(skip) > MOST_DIGITS_OF_SKIP:
        raise Invalid("It is a number of entries.", field="skip")
    return int(skip)


def _facts(row: browsing.Row) -> dict[str, Any]:
    """Say what the scripts read of a line, too (`templatetags.rows`), as far as deeds need it."""
    entry = row.entry
    facts = {"id": entry.id, "kind": entry.kind, "name": entry.name, "size": entry.size, "may": row.may}
    return facts | {"parent": entry.shown_parent_id, "starred": entry.starred}


@csrf_exempt  # `form_upload` checks the token itself, before it takes the file
@require_POST
@login_required
def upload_form(request: HttpRequest, folder_id: UUID) -> HttpResponseBase:
    """Take a file from a form without scripts and show its folder."""
    try:
        form_upload.receive(request, access.signed_in(request), folder_id)
    except form_upload.CsrfFailed as failed:
        return failed.response
    return redirect("folder", folder_id)


@require_safe
@login_required
def row(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """Show one line of a list: what has come or changed is put into its place."""
    shown = {
        "row": browsing.row(access.signed_in(request), entry_id),
        "is_anywhere": "anywhere" in request.GET,
    }
    return render(request, "files/row.html", shown)


@require_POST
@login_required
def rows(request: HttpRequest) -> HttpResponse:
    """Show the lines of the entries `{"ids": […]}`; those that are not there are left out."""
    ids = _ids(_listed(request.body, "ids"))
    found = browsing.rows(access.signed_in(request), ids)
    shown = {"page": browsing.RowPage(found, None), "is_anywhere": "anywhere" in request.GET}
    return render(request, "files/rows.html", shown)


@require_POST
@login_required
def archive(request: HttpRequest) -> HttpResponseBase:
    """Send the entries of a form's `ids`, with blanks between them, as one archive of its `name`."""
    ids = set(_ids(request.POST.get("ids", "").split()))
    zipped = archives.open_several(access.signed_in(request), ids)
    return sending.send_archive(request, zipped, request.POST.get("name") or "dfsweb")


@require_safe
@login_required
def thumbnail(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """Send a file's small picture; 202 while it is being drawn, 204 when there will be none."""
    picture_id, is_coming = thumbnails.find_or_order(access.signed_in(request), entry_id)
    if picture_id is None:
        if is_coming:
            wake.soon(tasks.draw_thumbnails)
        return HttpResponse(status=202 if is_coming else 204, headers=content_types.ISOLATION)
    headers = content_types.ISOLATION | {
        "Content-Type": thumbnails.CONTENT_TYPE,
        "Cache-Control": KEPT_FOR_EVER,
    }
    return HttpResponse(b"".join(contents.read(picture_id)), headers=headers)


@require_safe
@login_required
def details(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """Show what the details panel says of one entry."""
    return render(request, "files/details.html", {"panel": panel.panel(access.signed_in(request), entry_id)})


@require_safe
@login_required
def activity(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """Show what was done with an entry, by whom and when."""
    return render(request, "files/activity.html", {"deeds": panel.deeds(access.signed_in(request), entry_id)})


@require_safe
@login_required
def trash(request: HttpRequest) -> HttpResponse:
    user = access.signed_in(request)
    page = browsing.trash_rows(user, request.GET.get("cursor"), limit=_limit(request))
    shown = {"place": "trash", "page": page, "in_trash": True, "days_kept": browsing.trash_days()}
    if "part" in request.GET:
        return _part(request, shown)
    return render(request, "files/trash.html", shown | frame(user))


@require_safe
@login_required
def room(request: HttpRequest) -> HttpResponse:
    return render(request, "parts/room.html", {"room": browsing.room(access.signed_in(request))})


@require_POST
@login_required
def taken(request: HttpRequest, folder_id: UUID) -> HttpResponse:
    """Say of the names `{"names": […]}`, before any byte is sent, which are taken and how each will look."""
    names = _listed(request.body, "names")
    found = browsing.taken(access.signed_in(request), folder_id, names)
    looks = {name: kinds.of_file(name) for name in names}
    return JsonResponse({"taken": [asdict(one) for one in found], "looks": looks})


def _ids(listed: list[str]) -> list[UUID]:
    try:
        return [UUID(one) for one in listed]
    except ValueError as error:
        raise Invalid("Each id is a UUID.", field="ids") from error


def _listed(body: bytes, field: str) -> list[str]:
    """Read the one list of strings that a script sends."""
    try:
        listed = json.loads(body)[field]
    except (ValueError, KeyError, TypeError) as error:
        raise Invalid(f"The body is {{“{field}”: […]}}.") from error
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise Invalid(f"“{field}” holds strings.", field=field)
    return listed


def frame(user: User) -> dict[str, Any]:
    """Return what the frame around every page shows."""
    return {"room": browsing.room(user), "root_id": access.root_folder(user).id}


def _remember(request: HttpRequest, reply: HttpResponse) -> HttpResponse:
    for name, value in viewing.news(request.GET).items():
        reply.set_cookie(name, value, max_age=viewing.KEPT_SECONDS, samesite="Lax")
    return reply
