"""The pages of a public link, for whoever has its address: a file, a folder's list, or a place for files.

Every address of a link goes through `opened`: the link is judged anew, its password asked for, and the reply
tells nobody the address.
"""

import base64
import binascii
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from accounts import sign_in
from accounts.errors import TooManyAttempts
from files import access, archives, browsing, content_types, flags, form_upload, links, sending
from files.details import EntryDetails
from files.errors import LinkPasswordRefused, NotFound
from files.links import OpenLink

P = ParamSpec("P")
_PRIVATE = {
    # The address is the key, so no other site is told it. Our own is: a browser that may tell nobody calls
    # the origin of its forms “null”, and they would be refused as forged.
    "Referrer-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "private, no-store",
}


def opened(
    view: Callable[Concatenate[HttpRequest, OpenLink, P], HttpResponseBase], *, is_for_programs: bool = False
) -> Callable[..., Any]:
    """Have a view called with a link that works now and whose password is known.

    Programs are asked for the password as HTTP does it: some send it only then.
    """

    @wraps(view)
    def checked(request: HttpRequest, /, token: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        link = links.open_link(token)
        if links.is_unlocked(link, _proof(request, link)):
            reply = view(request, link, *args, **kwargs)
        elif is_for_programs:
            reply = _ask_password(request, link, status=401)
            reply.headers["WWW-Authenticate"] = 'Basic realm="link", charset="UTF-8"'
        else:
            reply = _ask_password(request, link)
        for name, value in _PRIVATE.items():
            reply.headers[name] = value
        return reply

    return checked


@require_safe
@opened
def page(request: HttpRequest, link: OpenLink) -> HttpResponseBase:
    """Show what the link opens."""
    if link.may_upload:
        return _render(request, "upload", link, {"is_sent": flags.is_set(request.GET, "sent")})
    if link.top.is_folder:
        return _show_folder(request, link, link.top)
    is_shown = content_types.to_send(link.top.content_type or "", inline=True)[1]
    return _render(request, "file", link, {"is_shown": is_shown, "family": _family(link.top)})


@require_safe
@opened
def folder(request: HttpRequest, link: OpenLink, folder_id: UUID) -> HttpResponseBase:
    """List a folder below the one that the link opens."""
    return _show_folder(request, link, access.require_folder(links.find(link, folder_id)))


@require_safe
@opened
def content(request: HttpRequest, link: OpenLink, entry_id: UUID) -> HttpResponseBase:
    """Send a file's bytes; a link to view sends only what a browser shows in place."""
    return send(request, link, access.require_file(links.find(link, entry_id)))


def send(request: HttpRequest, link: OpenLink, file: EntryDetails) -> HttpResponseBase:
    """Send a file below what the link opens, if this link does. Raises Forbidden or LinkExhausted."""
    inline = flags.is_set(request.GET, "inline")
    if not (inline and content_types.to_send(file.content_type or "", inline=True)[1]):
        links.require_download(link)
    if link.is_counted:
        return sending.send_counted(request, file, lambda: links.count_download(link), inline=inline)
    return sending.send(request, file)


@require_safe
@opened
def archive(request: HttpRequest, link: OpenLink, entry_id: UUID) -> HttpResponseBase:
    """Send the folder that the link opens, or one below it, as one archive: one download."""
    found = access.require_folder(links.find(link, entry_id))
    links.require_download(link)
    zipped = archives.open_folder(found)
    return sending.send_archive(request, zipped, found.name, count=lambda: links.count_download(link))


@csrf_exempt  # `form_upload` checks the token itself, before it takes the file
@require_POST
@opened
def upload(request: HttpRequest, link: OpenLink) -> HttpResponseBase:
    """Take a file into the folder that the link opens, beside any of its name."""
    if not link.may_upload:
        raise NotFound
    try:
        form_upload.receive(
            request, link.share.created_by, link.top.id, guard=lambda: links.require_still_open(link)
        )
    except form_upload.CsrfFailed as failed:
        return failed.response
    return redirect(reverse("link", args=[links.token_of(link.share.id)]) + "?sent=1")


@require_POST
def unlock(request: HttpRequest, token: str) -> HttpResponse:
    """Take the link's password; a cookie that only this link's addresses are sent keeps it for an hour."""
    link = links.open_link(token)
    address = reverse("link", args=[token])
    try:
        proof = links.unlock(link, request.POST.get("password", ""), address=sign_in.address_of(request))
    except LinkPasswordRefused as refused:
        return _ask_password(request, link, str(refused))
    except TooManyAttempts as refused:
        reply = _ask_password(request, link, str(refused), status=429)
        reply.headers["Retry-After"] = str(refused.retry_after_seconds)
        return reply
    reply = redirect(address)
    reply.headers["Referrer-Policy"] = _PRIVATE["Referrer-Policy"]
    reply.set_cookie(
        _cookie_name(),
        proof,
        max_age=links.UNLOCKED_SECONDS,
        path=address,
        secure=settings.SECURE,
        httponly=True,
        samesite="Lax",
    )
    return reply


def _proof(request: HttpRequest, link: OpenLink) -> str | None:
    """Return what shows that the password is known: a browser's cookie, or what Basic credentials prove."""
    password = password_sent(request.META.get("HTTP_AUTHORIZATION", ""))
    if password is None or not link.has_password:
        return request.COOKIES.get(_cookie_name())
    try:
        return links.unlock_again(link, password, address=sign_in.address_of(request))
    except LinkPasswordRefused:
        return None


def password_sent(authorization: str) -> str | None:
    """Return the password of Basic credentials (RFC 7617), whatever the user's name; None without any."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(credentials.strip(), validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return None


def _show_folder(request: HttpRequest, link: OpenLink, found: EntryDetails) -> HttpResponse:
    listed = links.children(link, found.id, request.GET.get("cursor"))
    way = browsing.crumbs(found)
    top = next(place for place, crumb in enumerate(way) if crumb.id == link.top.id)  # nothing above is named
    return _render(request, "folder", link, {"folder": found, "page": listed, "crumbs": way[top:-1]})


def _ask_password(
    request: HttpRequest, link: OpenLink, refused: str = "", *, status: int = 403
) -> HttpResponse:
    reply = _render(request, "password", link, {"refused": refused}, status=status)
    for name, value in _PRIVATE.items():
        reply.headers[name] = value
    return reply


def _render(
    request: HttpRequest, name: str, link: OpenLink, shown: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    context = {"link": link, "token": links.token_of(link.share.id), **shown}
    return render(request, f"links/{name}.html", context, status=status)


def _family(file: EntryDetails) -> str:
    """Return image, video, audio, or what else stands before the slash of the file's type."""
    return (file.content_type or "").partition("/")[0]


def _cookie_name() -> str:
    return "__Secure-dfs_link" if settings.SECURE else "dfs_link"
