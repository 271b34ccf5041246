"""The pages a signed-in person browses, and the parts of them that the scripts ask for. Thin doors."""

import json
from dataclasses import asdict
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from files import (
    access,
    archives,
    browsing,
    changes,
    content_types,
    form_upload,
    kinds,
    listing,
    page_parts,
    panel,
    sending,
    tasks,
    thumbnails,
    versions,
    viewing,
)
from files.errors import Invalid
from nodes import contents, wake

KEPT_FOR_EVER = "private, max-age=31536000, immutable"  # its address names the version
VERSIONS_SHOWN = 50
CHANGES_AT_ONCE = 1000  # of a whole tree, looked through for those in one folder
MOST_DIGITS_OF_SKIP = 9  # no folder has so many entries, and the database takes the number


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
    is_part = "part" in request.GET
    news = None if found.is_own or is_part else changes.now(user)  # before what is shown is read
    cursor, skip = request.GET.get("cursor"), _skip(request) if is_part else 0
    page = browsing.folder_rows(found, cursor, view.order, limit=page_parts.limit(request), skip=skip)
    if is_part:
        return page_parts.part(request, {"page": page, "view": view})
    shown = {
        "place": "files" if found.is_own else "shared",
        "page": page,
        "view": view,
        "folder": found,
        "news": news,
        "crumbs": browsing.crumbs(found),
    }
    reply = render(
        request, "files/folder.html", shown | page_parts.frame(user) | {"totals": browsing.totals(found)}
    )
    return page_parts.remember(request, reply, view)


@require_safe
@login_required
def place(request: HttpRequest, folder_id: UUID) -> HttpResponse:
    """Tell the place in a folder's list of the first entry whose name begins with `?name=`, or null."""
    user, view = access.signed_in(request), viewing.chosen(request.GET, request.COOKIES)
    found = access.find_folder(user, folder_id)
    return JsonResponse({"place": listing.place_of(found, request.GET.get("name", ""), view.order)})


@require_safe
@login_required
def now(request: HttpRequest) -> HttpResponse:
    """Give the cursor of this moment, from which on a page asks what has changed."""
    return JsonResponse({"cursor": changes.now(access.signed_in(request))})


@require_safe
@login_required
def folder_news(request: HttpRequest, folder_id: UUID) -> HttpResponse:
    """Tell what changed in a folder since `?cursor=`: so its page follows what others do in it."""
    user = access.signed_in(request)
    found = access.find_folder(user, folder_id)
    news = changes.folder_news(user, found, request.GET.get("cursor", ""), limit=CHANGES_AT_ONCE)
    changed = [{"id": entry_id, "revision": etag} for entry_id, etag in news.revisions.items()]
    told = {"changed": changed, "count": news.count, "may_edit": found.may_edit}
    return JsonResponse(told | {"cursor": news.cursor, "is_more": news.is_more})


@require_safe
@login_required
def file_versions(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """Show what the details panel says of a file's versions."""
    page = versions.page(access.signed_in(request), entry_id, limit=VERSIONS_SHOWN)
    return render(request, "files/versions.html", {"page": page, "entry_id": entry_id})


def _skip(request: HttpRequest) -> int:
    skip = request.GET.get("skip", "0")
    if not (skip.isascii() and skip.isdecimal()) or len(skip) > MOST_DIGITS_OF_SKIP:
        raise Invalid("It is a number of entries.", field="skip")
    return int(skip)


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
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Invalid(f"The body is {{“{field}”: […]}}.") from error
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise Invalid(f"“{field}” holds strings.", field=field)
    return listed
