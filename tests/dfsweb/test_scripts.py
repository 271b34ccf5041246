"""What scripts weigh on the way, compressed: what a page loads by itself, and what a file needs.

What is loaded only when a file of one kind is looked at has a budget of its own (docs/decisions/0023).
"""

import gzip
import re
from pathlib import Path

import pytest
from django.conf import settings

STATIC = Path(settings.BASE_DIR) / "static"
TEMPLATES = Path(settings.BASE_DIR) / "templates"
MOST_BYTES = 200_000
BUDGETS = {
    "a PDF": (500_000, {"vendor/pdfjs/pdf.min.mjs", "vendor/pdfjs/pdf.worker.min.mjs"}),
    "code": (50_000, {"vendor/highlight/highlight.min.js"}),
    "Markdown": (50_000, {"vendor/markdown-it/markdown-it.min.js"}),
}
"""By what is looked at: the most bytes, and what is loaded for it."""
_SCRIPT = re.compile(r"<script[^>]* src=\"{% static '([^']+)' %}\"")
_IMPORT = re.compile(r"""^(?:import|export) (?:[^'"();=]* from )?["'](\.[^"']+)["']""", re.MULTILINE)
_LATER = re.compile(r"""\bimport\(["'](\.[^"']+)["']\)""")
_NAMED = re.compile(r"data-[a-z-]+=\"{% static '([^']+js)' %}\"")
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


@pytest.mark.parametrize("what", BUDGETS)
def test_what_is_looked_at_brings_no_more_than_its_budget(what):
    most_bytes, scripts = BUDGETS[what]
    weight = sum(len(gzip.compress((STATIC / script).read_bytes())) for script in scripts)
    assert most_bytes * 0.8 < weight <= most_bytes, "a budget far above its weight says nothing"


def test_nothing_is_loaded_later_that_has_no_budget():
    later = {
        str((script.parent / name).resolve().relative_to(STATIC))
        for script in (STATIC / "js").rglob("*.js")
        for name in _LATER.findall(script.read_text())
    }
    named = {name for page in TEMPLATES.rglob("*.html") for name in _NAMED.findall(page.read_text())}
    assert later | named == {script for _most, scripts in BUDGETS.values() for script in scripts}
    for page in PAGES:
        assert not {str(script.relative_to(STATIC)) for script in loaded_by(page)} & (later | named)
