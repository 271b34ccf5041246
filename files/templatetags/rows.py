"""Draws the lines of a list.

By hand: a folder may hold twenty thousand of them, and a template of this size takes ten times as long.
What all lines have in common is looked up once a list: the words in the reader's language, his zone and day.
"""

import functools
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any
from uuid import UUID

from django import template
from django.template import Context
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from files import thumbnails
from files.browsing import Mark, Row
from files.details import EntryDetails
from files.kinds import FOLDER, of_file
from files.templatetags import look, words

register = template.Library()


@dataclass(frozen=True, slots=True)
class _List:
    """Which list the lines are of, and who reads it."""

    reader_id: int
    in_trash: bool
    is_anywhere: bool
    zone: tzinfo
    now: datetime
    folders: str
    files: str
    starred: str
    me: str
    menu: str


@register.simple_tag(takes_context=True)
def entry_rows(context: Context) -> SafeString:
    """Draw every line of the page; folders and files each begin with a heading where they are cards."""
    shown, lines, kind = _list(context), [], None
    for row in context["page"].rows:
        lines.append(_line(row, shown, begins=row.entry.kind != kind))
        kind = row.entry.kind
    return mark_safe("".join(lines))  # nosec B308 B703


def _list(context: Context) -> _List:
    zone = timezone.get_current_timezone()
    return _List(
        reader_id=context["request"].user.id,
        in_trash=bool(context.get("in_trash")),
        is_anywhere=bool(context.get("is_anywhere")),
        zone=zone,
        now=timezone.now().astimezone(zone),
        folders=_("Folders"),
        files=_("Files"),
        starred=_("Starred"),
        me=_("me"),
        menu=_("What to do with %(name)s"),
    )


def _line(row: Row, shown: _List, *, begins: bool) -> str:
    entry, name = row.entry, escape(row.entry.name)
    kind = FOLDER if entry.is_folder else of_file(entry.name, entry.content_type or "")
    drawing = (
        ""
        if entry.is_folder
        else f'<span class="sheet-drawing {kind.css_class}">{_icon(kind.icon, 20)}</span>'
    )
    heading = " begins" if begins else ""
    modified = entry.modified_at.astimezone(shown.zone)
    at = entry.trashed_at and entry.trashed_at.astimezone(shown.zone) if shown.in_trash else modified
    return f"""<div class="row{heading}" role="row" aria-selected="false"{_facts(row, name, modified, shown)}>
<span class="c-box" role="gridcell"><span class="tick" aria-hidden="true"></span></span>
<span class="c-icon {kind.css_class}" role="presentation">{_icon(kind.icon, 20)}</span>
<span class="c-thumb" role="presentation">{drawing}</span>
<span class="c-name" role="gridcell">{_name(entry, name, shown)}</span>
<span class="c-owner" role="gridcell">{_owner(row, shown)}</span>
<span class="c-modified" role="gridcell">{_time(at, shown.now)}</span>
<span class="c-size" role="gridcell">{words.size(entry.size)}</span>
{_kept(row) if shown.in_trash else _copies(row.mark)}
<span class="c-menu-cell" role="gridcell"><button class="c-menu icon-button" type="button" data-deed="menu" \
aria-label="{shown.menu % {"name": name}}" aria-haspopup="menu" tabindex="-1">\
{_icon("ellipsis-vertical", 16)}</button></span>
</div>"""


def _facts(row: Row, name: str, modified: datetime, shown: _List) -> str:
    """What the scripts read of a line."""
    entry = row.entry
    facts: dict[str, Any] = {
        "id": entry.id,
        "kind": entry.kind,
        "name": name,
        "size": "" if entry.size is None else entry.size,
        "key": escape(row.sort_key),
        "tone": row.mark.tone if row.mark else "",
        "modified": modified.isoformat(),
        "may": row.may,
        "parent": entry.shown_parent_id or "",
        "revision": entry.etag,
        "preview": look.preview(entry),
        "heading": shown.folders if entry.is_folder else shown.files,
    }
    if thumbnails.is_drawable(entry.content_type or "", entry.size or 0):
        facts["thumb"] = f"/files/{entry.id}/thumbnail?v={entry.content_etag}"
    if entry.starred:
        facts["starred"] = "yes"
    return "".join(f' data-{fact}="{value}"' for fact, value in facts.items())


def _name(entry: EntryDetails, name: str, shown: _List) -> str:
    if shown.in_trash:
        return f"<span>{name}</span>"
    if entry.is_folder:
        link = f'<a href="{_folder_base()}{entry.id}">{name}</a>'
    else:
        link = f'<a href="/api/v1/entries/{entry.id}/content" download="{name}">{name}</a>'
    if not entry.starred:
        return link
    return f'{link}<span class="star" role="img" aria-label="{shown.starred}">{_icon("star", 14)}</span>'


def _owner(row: Row, shown: _List) -> str:
    entry = row.entry
    if shown.in_trash or (shown.is_anywhere and entry.is_own):
        return escape(row.place)
    owner = shown.me if entry.owner_id == shown.reader_id else escape(entry.owner)
    return f"{_avatar(entry.owner)}<span>{owner}</span>"


def _time(local: datetime | None, now: datetime) -> str:
    return f'<time datetime="{local.isoformat()}">{words.when_seen(local, now)}</time>' if local else ""


def _kept(row: Row) -> str:
    kept = ngettext("%(days)s day more", "%(days)s days more", row.days_left) % {"days": row.days_left}
    return f'<span class="c-copies" role="gridcell">{kept}</span>'


def _copies(mark: Mark | None) -> str:
    if mark is None:
        return '<span class="c-copies copies" role="gridcell"></span>'
    quiet = " quiet-mark" if mark.tone == "full" else ""
    return (
        f'<span class="c-copies copies {mark.tone}{quiet}" role="gridcell">'
        f"{_tablets(tuple(mark.tablets))}<span>{escape(mark.words)}</span></span>"
    )


@functools.cache
def _icon(name: str, size: int) -> str:
    return look.icon(name, size)


@functools.lru_cache(100)
def _tablets(states: tuple[str, ...]) -> str:
    return look.tablets(list(states))


@functools.lru_cache(1000)
def _avatar(name: str) -> str:
    hue, letters = look.avatar_class(name), escape(look.initials(name))
    return f'<span class="avatar {hue}" aria-hidden="true">{letters}</span>'


@functools.cache
def _folder_base() -> str:
    return reverse("folder", args=[UUID(int=0)]).removesuffix(str(UUID(int=0)))
