"""How figures and times are said on a page: 4.2 GB, yesterday, 14 Aug.

The scripts say them alike (`static/js/words.js`).
"""

from datetime import datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts import sizes

register = template.Library()


@register.filter
def size(value: int | None) -> str:
    """Say a number of bytes in decimal units with two or three figures; nothing for None."""
    return "" if value is None else sizes.in_words(value)


@register.filter
def when(value: datetime) -> str:
    """Say when something was: a time today, yesterday, then the day, then the year too."""
    return when_seen(timezone.localtime(value), timezone.localtime())


def when_seen(local: datetime, now: datetime) -> str:
    """Say the same of two times of the reader's zone."""
    if local.date() == now.date():
        return _("Today, %(time)s") % {"time": f"{local:%H:%M}"}
    if local.date() == (now - timedelta(days=1)).date():
        return _("Yesterday")
    return date_format(local, "j M" if local.year == now.year else "j M Y")
