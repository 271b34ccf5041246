"""Writes replies that several doors share: an entry with its etag, a page with the next one's address."""

from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.utils.encoding import escape_uri_path
from rest_framework.request import Request
from rest_framework.response import Response

from files import conditions, json_replies
from files.details import EntryDetails, shown_etag
from files.listing import Page
from files.presenting import entry_out


def entry_response(entry: EntryDetails, *, status: int = 200) -> Response:
    return Response(entry_out(entry), status=status, headers={"ETag": f'"{entry.etag}"'})


def read_response(request: Request, entry: EntryDetails) -> Response:
    """Describe an entry to who reads it; 304 to who has it already, by If-None-Match. Raises BadHeader."""
    known = conditions.parse_etags(request.headers.get("If-None-Match"), weak=True)
    shown = entry_out(entry)
    etag = shown_etag(entry.etag, json_replies.dump(shown | {"copies": None}))
    headers = {"ETag": f'"{etag}"'}
    if conditions.is_unchanged(etag, entry.modified_at, known, None):
        return Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(shown, headers=headers)


def page_response(request: Request, page: Page) -> Response:
    results = [entry_out(entry) for entry in page.results]
    return Response({"results": results, "next": next_url(request, page.next_cursor)})


def next_url(request: Request, cursor: str | None) -> str | None:
    """Return the address of this request with another cursor; None when no page follows."""
    if cursor is None:
        return None
    query: dict[str, Any] = {**request.query_params.dict(), "cursor": cursor}
    return request.build_absolute_uri(f"{escape_uri_path(request.path)}?{urlencode(query)}")
