"""What a person is told on a page in place of the one that was asked for: what is, and the way out. Pure.

The API's problems are for programs; here the few that people meet are said in their words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from django.utils.translation import gettext as _

LINKS = "/s/"
SAFE_METHODS = ("GET", "HEAD")
_NOBODYS_FAULT = ("none", "none", "none")


@dataclass(frozen=True, slots=True)
class Fault:
    title: str
    words: str
    tablets: Sequence[str] = _NOBODYS_FAULT
    """The sign above it: the three copies as they are in such a moment."""
    is_for_admin: bool = False
    """Somebody who looks after the place can find it by the request's id."""


@dataclass(frozen=True, slots=True)
class Way:
    words: str
    address: str


def explain(status: int, code: str, detail: str, *, path: str) -> Fault:
    """Say what a refusal or a failure means to who looks at the page at `path`."""
    if path.startswith(LINKS) and status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        return _of_a_link(code)
    if code == "csrf_refused":
        return Fault(_("This page was open too long"), _("Go back, load it anew, and send it once more."))
    if status == HTTPStatus.NOT_FOUND:
        return Fault(
            _("There is nothing here"),
            _("It was deleted or moved, its address is not complete, or it is not shared with you."),
        )
    if status == HTTPStatus.FORBIDDEN:
        return Fault(_("This is not open to you"), detail)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Fault(_("That was too often"), detail)
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        words = _("Something that is needed for it does not answer. It works again when that is back.")
        return Fault(_("Not at hand right now"), words, ("full", "half", "off"), is_for_admin=True)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.INSUFFICIENT_STORAGE:
        words = _("What happened is written down for the admin of this place.")
        return Fault(_("Something went wrong here"), words, ("full", "full", "bad"), is_for_admin=True)
    return Fault(_("This cannot be done"), detail)


def _of_a_link(code: str) -> Fault:
    if code == "link_expired":
        return Fault(_("This link has ended"), _("It was good for a time. Who sent it can make another one."))
    if code == "link_exhausted":
        words = _("It was good for a number of downloads. Who sent it can make another one.")
        return Fault(_("This link is used up"), words)
    words = _("It was taken back, or its address is not complete. Ask who sent it for another one.")
    return Fault(_("This link opens nothing"), words)


def ways_out(status: int, *, method: str, path: str, address: str) -> list[Way]:
    """Where to go from here, the likeliest first."""
    ways = []
    if status >= HTTPStatus.TOO_MANY_REQUESTS and method in SAFE_METHODS:
        ways.append(Way(_("Try again"), address))
    if not path.startswith(LINKS):
        ways.append(Way(_("Back to my files"), "/"))
    return ways
