"""What a public link opens, by names: plain lists and files, for programs such as rclone and wget."""

from collections.abc import Iterator
from functools import partial
from urllib.parse import quote

from django.db import connection
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.utils.html import format_html
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from files import links, listing
from files.details import EntryDetails
from files.errors import NotFound
from files.link_pages import opened, send
from files.links import OpenLink

_HEAD = '<!doctype html>\n<meta charset="utf-8">\n<title>{}</title>\n<ul>\n'
_LINE = '<li><a href="{}">{}</a> {} {}\n'


@csrf_exempt  # it changes nothing: another method is 405
@require_safe
@partial(opened, is_for_programs=True)
def by_name(request: HttpRequest, link: OpenLink, below: str = "") -> HttpResponseBase:
    """List a folder, whose address ends with a slash, or send a file; paths begin in the link's folder."""
    # RFC 3986, 3.3: a dot stands for no step; rclone writes it before a name with a colon
    names = [name for name in below.split("/") if name != "."]
    found = links.find_named(link, "/".join(names))
    is_list = request.path.endswith("/")
    if found.is_folder and not is_list:
        return HttpResponseRedirect(request.get_full_path(force_append_slash=True))
    if found.is_folder:
        links.require_download(link)
        return _list(found)
    if is_list:
        raise NotFound
    return send(request, link, found)


def _list(folder: EntryDetails) -> HttpResponseBase:
    """List a folder of any size; of a long one a page at a time is in memory."""
    first = listing.children_of(folder, listing.Paging(limit=listing.MAX_LIMIT))
    written = _write(folder, first)
    if first.next_cursor is None:
        return HttpResponse(written)
    connection.close()  # it does not wait for a slow reader
    return StreamingHttpResponse(written)


def _write(folder: EntryDetails, page: listing.Page) -> Iterator[str]:
    yield format_html(_HEAD, folder.name)
    yield "".join(map(_line, page.results))
    while page.next_cursor is not None:
        paging = listing.Paging(limit=listing.MAX_LIMIT, cursor=page.next_cursor)
        page = listing.children_of(folder, paging)
        connection.close()
        yield "".join(map(_line, page.results))
    yield "</ul>\n"


def _line(entry: EntryDetails) -> str:
    slash = "/" if entry.is_folder else ""
    when = f"{entry.modified_at:%Y-%m-%d %H:%M}"
    size = "-" if entry.size is None else entry.size
    return format_html(_LINE, quote(entry.name, safe="") + slash, entry.name + slash, when, size)
