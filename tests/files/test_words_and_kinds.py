"""Figures, times and kinds as people read them."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from accounts import sizes
from files import kinds
from files.templatetags import look, words


@pytest.mark.parametrize(
    ("size_bytes", "said"),
    [
        (None, ""),
        (0, "0 B"),
        (999, "999 B"),
        (3_200, "3 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (18_400_000, "18.4 MB"),
        (211_000_000, "211 MB"),
        (30_000_000_000, "30.0 GB"),
        (10**19, "10000 PB"),
    ],
)
def test_sizes_are_said_in_two_or_three_figures(size_bytes, said):
    assert words.size(size_bytes) == said.replace(" ", sizes.SPACE)


def test_times_are_said_the_nearer_the_more_exactly():
    now = timezone.localtime()

    assert words.when(now) == f"Today, {now:%H:%M}"
    assert words.when(now - timedelta(days=1)) == "Yesterday"
    assert words.when(datetime(2001, 8, 14, tzinfo=now.tzinfo)) == "14 Aug 2001"


@pytest.mark.parametrize(
    ("name", "content_type", "icon"),
    [
        ("Budget.XLSX", "application/octet-stream", "file-spreadsheet"),
        ("walk.mp4", "", "file-play"),
        ("photo", "image/jpeg", "image"),
        ("README", "", "file"),
        (".pdf", "", "file-text"),
    ],
)
def test_a_file_looks_like_what_it_is(name, content_type, icon):
    assert kinds.of_file(name, content_type).icon == icon


def test_a_person_has_the_same_two_letters_and_hue_everywhere():
    assert look.initials("marie.keller") == "MK"
    assert look.initials("jo") == "JO"
    assert look.avatar_class("jo") == look.avatar_class("jo")


def test_every_icon_the_files_have_is_vendored():
    symbols = look.icon_symbols()
    for entry in [
        kinds.FOLDER,
        *map(kinds.of_file, ("a.pdf", "a.zip", "a.mp3", "a.png", "a.mp4", "a.md", "a")),
    ]:
        assert f'id="i-{entry.icon}"' in symbols
