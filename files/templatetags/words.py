"""How figures and times are said on a page: 4.2 GB, yesterday, 14 Aug.

The scripts say them alike (`static/js/words.js`).
"""

from datetime import datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

register = template.Library()

SPACE = "\u00a0"  # Geist's narrow one is hardly seen
_UNITS = ("kB", "MB", "GB", "TB", "PB")


@register.filter
def size(value: int | None) -> str:
    """Say a number of bytes in decimal units with two or three figures; nothing for None."""
    if value is None:
        return ""
    if value < 1000:
        return f"{value}{SPACE}B"
    power = 1
    while power < len(_UNITS) and value / 1000**power >= 999.5:
        power += 1
    amount, unit = value / 1000**power, _UNITS[power - 1]
    figure = f"{amount:.0f}" if unit == "kB" or amount >= 99.95 else f"{amount:.1f}"
    return f"{figure}{SPACE}{unit}"


@register.filter
def when(value: datetime) -> str:
    """Say when something was: a time today, yesterday, then the day, then the year too."""
    local, now = timezone.localtime(value), timezone.localtime()
    if local.date() == now.date():
        return _("Today, %(time)s") % {"time": f"{local:%H:%M}"}
    if local.date() == (now - timedelta(days=1)).date():
        return _("Yesterday")
    return date_format(local, "j M" if local.year == now.year else "j M Y")
