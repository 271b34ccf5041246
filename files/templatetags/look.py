"""How things look on a page: icons, the three tablets of a file's copies, avatars. No words (see `words`)."""

import functools
import re
import zlib
from pathlib import Path

from django import template
from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from files import content_types, kinds, thumbnails
from files.details import EntryDetails

register = template.Library()

_ICONS = Path(settings.BASE_DIR) / "static/vendor/lucide"
_INNER = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)
_BETWEEN_TAGS = re.compile(r">\s+<")


@functools.cache
def _symbols() -> SafeString:
    symbols = []
    for path in sorted(_ICONS.glob("*.svg")):
        inner = _INNER.search(path.read_text())
        if inner is None:
            raise ValueError(f"{path} is not an icon")
        body = _BETWEEN_TAGS.sub("><", inner[1].strip())
        symbols.append(f'<symbol id="i-{path.stem}" viewBox="0 0 24 24">{body}</symbol>')
    return mark_safe("".join(symbols))  # pictures of our own  # nosec B308 B703


@register.simple_tag
def icon_symbols() -> SafeString:
    """Return every vendored icon as an SVG symbol, for `icon` and the scripts to point to."""
    return _symbols()


@register.simple_tag
def icon(name: str, size: int = 16) -> SafeString:
    """Return the named icon, `size` CSS pixels wide; it says nothing to a screen reader."""
    return format_html('<svg class="icon icon-{}" aria-hidden="true"><use href="#i-{}"/></svg>', size, name)


@register.simple_tag
def tablets(states: list[str], large: bool = False) -> SafeString:
    """Return a copies mark: one tablet for each state (full, half, off, bad, none)."""
    width, height, gap = (8, 20, 3) if large else (5, 12, 2)
    span = len(states) * (width + gap) - gap
    uses = "".join(
        f'<use href="#t-{state}" x="{place * (width + gap)}" width="{width}" height="{height}"/>'
        for place, state in enumerate(states)
    )
    return format_html(
        '<svg class="mark{}" viewBox="0 0 {} {}" aria-hidden="true">{}</svg>',
        " mark-large" if large else "",
        span,
        height,
        mark_safe(uses),  # nosec B308 B703
    )


@register.filter
def kind_icon(entry: EntryDetails) -> str:
    return _kind(entry).icon


@register.filter
def kind_class(entry: EntryDetails) -> str:
    return _kind(entry).css_class


@register.filter
def preview(entry: EntryDetails) -> str:
    """Return how a file can be looked at in a browser; empty when it cannot."""
    return "" if entry.is_folder else kinds.preview_of(entry.name, entry.content_type or "")


@register.filter
def is_viewable(entry: EntryDetails) -> bool:
    """Tell whether a browser shows the file's bytes in place when it is sent them."""
    return content_types.to_send(entry.content_type or "", inline=True)[1]


@register.filter
def has_thumbnail(entry: EntryDetails) -> bool:
    """Tell whether a small picture of the file can be asked for."""
    return thumbnails.is_drawable(entry.content_type or "", entry.size or 0)


def _kind(entry: EntryDetails) -> kinds.Look:
    return kinds.FOLDER if entry.is_folder else kinds.of_file(entry.name, entry.content_type or "")


@register.filter
def initials(name: str) -> str:
    """Return one or two capitals that stand for a person."""
    parts = re.split(r"[\s._-]+", name.strip()) or [name]
    letters = parts[0][:1] + parts[-1][:1] if len(parts) > 1 else name[:2]
    return letters.upper()


@register.filter
def avatar_class(name: str) -> str:
    """Return the same one of six hues for the same name every time."""
    return f"avatar-{zlib.crc32(name.encode()) % 6 + 1}"
