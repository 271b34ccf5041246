"""What all pages with a list share: the parts that scripts ask for, the frame around, what is remembered."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from accounts.models import User
from files import access, browsing, viewing
from files.viewing import View

FACTS = "facts"


def part(request: HttpRequest, shown: dict[str, Any]) -> HttpResponse:
    """Give a page of a list: as rows, or with `?part=facts` what deeds need to know of each, more at once."""
    if request.GET["part"] == FACTS:
        page = shown["page"]
        return JsonResponse({"results": [_facts(row) for row in page.rows], "next": page.next_cursor})
    return render(request, "files/rows.html", shown)


def limit(request: HttpRequest) -> int:
    """Return how many entries to list: what a screen shows, more where a list goes on, most of facts."""
    if request.GET.get("part") == FACTS:
        return browsing.FACTS_A_PAGE
    goes_on = "part" in request.GET or "cursor" in request.GET
    return browsing.ROWS_A_PAGE if goes_on else browsing.ROWS_AT_FIRST


def frame(user: User) -> dict[str, Any]:
    """Return what the frame around every page shows."""
    return {"room": browsing.room(user), "root_id": access.root_folder(user).id}


def remember(request: HttpRequest, reply: HttpResponse, view: View) -> HttpResponse:
    """Have the browser keep how its reader wants lists shown."""
    for name, value in viewing.news(request.GET, view).items():
        reply.set_cookie(name, value, max_age=viewing.KEPT_SECONDS, samesite="Lax")
    return reply


def _facts(row: browsing.Row) -> dict[str, Any]:
    """Say what the scripts read of a line, too (`templatetags.rows`), as far as deeds need it."""
    entry = row.entry
    facts = {"id": entry.id, "kind": entry.kind, "name": entry.name, "size": entry.size, "may": row.may}
    return facts | {"parent": entry.shown_parent_id, "starred": entry.starred}
