"""Sends a file's bytes as the reply to a request: to whoever was found to be allowed to have them."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from files import conditions, content_types, downloads, flags
from files.archives import Archive
from files.details import EntryDetails
from files.downloads import Wish
from nodes import contents

INLINE_BYTES = 2**20  # up to here a reply is one piece, and its transfer is over before the first byte leaves
DESTINATION = "HTTP_SEC_FETCH_DEST"


def send(
    request: HttpRequest, file: EntryDetails, *, only: contents.ExtentView | None = None
) -> HttpResponseBase:
    """Reply with the file, ranges of it, or that it has not changed. Raises what planning and reading do."""
    meta = request.META  # request.headers would be made of all of them first
    wish = Wish(
        if_match=conditions.parse_etags(meta.get("HTTP_IF_MATCH")),
        if_none_match=conditions.parse_etags(meta.get("HTTP_IF_NONE_MATCH"), weak=True),
        if_modified_since=meta.get("HTTP_IF_MODIFIED_SINCE"),
        if_unmodified_since=meta.get("HTTP_IF_UNMODIFIED_SINCE"),
        if_range=meta.get("HTTP_IF_RANGE"),
        range_header=meta.get("HTTP_RANGE") if request.method == "GET" else None,  # RFC 9110, 14.2
        inline=flags.is_set(request.GET, "inline"),
        destination=meta.get(DESTINATION, ""),
    )
    return _reply(request, downloads.plan(file, wish), only)


def send_counted(
    request: HttpRequest, file: EntryDetails, count: Callable[[], None], *, inline: bool
) -> HttpResponseBase:
    """Reply with the whole file, whatever range is asked for, and count it once its bytes are at hand.

    `count` may raise: then nothing is sent. Asking for headers alone does not count.
    """
    plan = downloads.plan(file, Wish(inline=inline, destination=request.META.get(DESTINATION, "")))
    plan.headers["Accept-Ranges"] = "none"
    return _reply(request, plan, None, before=count)


def send_archive(
    request: HttpRequest, zipped: Archive, name: str, *, count: Callable[[], None] | None = None
) -> HttpResponseBase:
    """Reply with an archive, or with its headers alone; it is closed in the end. Of `count` as above."""
    headers = {
        "Content-Type": "application/zip",
        "Content-Length": str(zipped.length),
        "Content-Disposition": content_types.disposition(f"{name}.zip", inline=False),
        **content_types.ISOLATION,
    }
    try:
        if request.method == "HEAD":
            zipped.close()
            return HttpResponse(headers=headers)
        if count is not None:
            count()
    except BaseException:
        zipped.close()
        raise
    return StreamingHttpResponse(zipped, headers=headers)


def _reply(
    request: HttpRequest,
    plan: downloads.Plan,
    only: contents.ExtentView | None,
    before: Callable[[], None] | None = None,
) -> HttpResponseBase:
    if request.method == "HEAD":
        plan.headers.pop("Content-Digest", None)  # of what is sent: nothing is
    if request.method == "HEAD" or not plan.parts:
        return HttpResponse(status=plan.status, headers=plan.headers)
    stream = downloads.open_stream(plan, only=only)
    try:
        if before is not None:
            before()
        if int(plan.headers["Content-Length"]) <= INLINE_BYTES:
            whole = b"".join(stream)
            stream.close()
            return HttpResponse(whole, status=plan.status, headers=plan.headers)
    except BaseException:
        stream.close()
        raise
    return StreamingHttpResponse(stream, status=plan.status, headers=plan.headers)
