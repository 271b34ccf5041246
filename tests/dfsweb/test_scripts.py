"""What a page's scripts weigh on the way: all that it loads by itself, compressed as it is sent."""

import gzip
import re
from pathlib import Path

import pytest
from django.conf import settings

STATIC = Path(settings.BASE_DIR) / "static"
TEMPLATES = Path(settings.BASE_DIR) / "templates"
MOST_BYTES = 200_000
_SCRIPT = re.compile(r"<script[^>]* src=\"{% static '([^']+)' %}\"")
_IMPORT = re.compile(r"""^(?:import|export) (?:[^'"();=]* from )?["'](\.[^"']+)["']""", re.MULTILINE)
PAGES = sorted(page for page in TEMPLATES.rglob("*.html") if _SCRIPT.search(page.read_text()))


def loaded_by(page: Path) -> set[Path]:
    """The scripts of a page and all they import; not what one kind of file alone needs."""
    found: set[Path] = set()
    waiting = [STATIC / name for name in _SCRIPT.findall(page.read_text())]
    while waiting:
        script = waiting.pop()
        if script not in found:
            found.add(script)
            waiting += [(script.parent / name).resolve() for name in _IMPORT.findall(script.read_text())]
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TEMPLATES)))
def test_no_page_ships_more_than_200_kilobytes_of_javascript(page):
    scripts = loaded_by(page)
    assert sum(len(gzip.compress(script.read_bytes())) for script in scripts) <= MOST_BYTES


def test_the_pages_are_found_with_what_they_import():
    frame = {str(script.relative_to(STATIC)) for script in loaded_by(TEMPLATES / "frame.html")}
    assert {"js/main.js", "js/viewport.js", "js/upload/tray.js", "vendor/tus-js-client/tus.min.js"} <= frame
