"""Looks over a page with axe, in every light and at every width."""

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from playwright.sync_api import Page

from tests.e2e.conftest import DESKTOP, PHONE

AXE = (files("axe_playwright_python") / "axe.min.js").read_text()
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
AT_REST = """async () => {
  for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
  await Promise.allSettled(document.getAnimations().map((one) => one.finished));
}"""
"""In the first frame scripts hear of a new light, in the second what they change for it begins to move."""


def complaints(page: Page, *, but: Sequence[str] = ()) -> list[str]:
    page.evaluate(AT_REST)
    page.evaluate(AXE)
    rules = RULES | {"rules": {rule: {"enabled": False} for rule in but}}
    found: dict[str, Any] = page.evaluate("(rules) => axe.run(document, rules)", rules)
    return [
        f"{one['id']}: {one['help']}\n  {node['html'][:160]}\n  {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"][:3]
    ]


def said(found: dict[str, list[str]]) -> str:
    """All that axe complains of, each once, with the places where it does."""
    places: dict[str, list[str]] = {}
    for where, complaints in found.items():
        for complaint in complaints:
            places.setdefault(complaint, []).append(where)
    return "\n\n".join(f"{complaint}\n  ({'; '.join(where)})" for complaint, where in places.items())


def everywhere(page: Page, name: str, *, but: Sequence[str] = ()) -> dict[str, list[str]]:
    """What axe complains of, by light and width, some rules left out."""
    found = {}
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found[f"{name}, {scheme}, {size['width']}"] = complaints(page, but=but)
    page.set_viewport_size(DESKTOP)
    return {where: one for where, one in found.items() if one}
