"""S04: stored files that would do harm, in a real browser, by every door that sends or shows them."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Error, Page, Route

from tests.e2e.people import Person, intercept

HARM = "fetch('/harmed-by-script'); document.title = 'harmed'; document.cookie = 'harmed=1'"
HARM_ANYWHERE = f"if (self.document) {{ {HARM} }} else postMessage('harmed')"
PAGE = f"<!doctype html><img src='x:' onerror=\"fetch('/harmed-by-picture')\"><script>{HARM}</script>"
XHTML = f'<html xmlns="http://www.w3.org/1999/xhtml"><body><script>{HARM}</script></body></html>'
SVG = f'<svg xmlns="http://www.w3.org/2000/svg" onload="{HARM}"><script>{HARM}</script></svg>'
XML = f'<a xmlns:h="http://www.w3.org/1999/xhtml"><h:script>{HARM}</h:script></a>'


@dataclass(frozen=True)
class Stored:
    name: str
    kind: str
    text: str
    runs: bool = True
    """Whether a browser that is told this type, and nothing else, runs it when it is opened."""


PAGES = (
    Stored("page.html", "text/html", PAGE),
    Stored("page.xhtml", "application/xhtml+xml", XHTML),
    Stored("drawing.svg", "image/svg+xml", SVG),
    Stored("feed.xml", "text/xml", XML),
    Stored("picture.png", "text/html", PAGE),
    Stored("page.png", "image/png", PAGE, runs=False),
    Stored("no type", "", PAGE, runs=False),
)
SCRIPT = Stored("script.js", "text/javascript", HARM_ANYWHERE)
STYLE = Stored("style.css", "text/css", "html { --harmed: yes }")


class Harm:
    """What was asked for by what should not have run."""

    def __init__(self, context: BrowserContext) -> None:
        self.done: list[str] = []
        context.on("request", lambda request: self._hear(request.url))

    def _hear(self, url: str) -> None:
        path = urlsplit(url).path
        if path.startswith("/harmed"):
            self.done.append(path)


@pytest.fixture
def marie(open_person) -> Person:
    """A person whose browser may complain: it does so of whatever it holds off."""
    marie: Person = open_person()
    marie.register()
    return marie


def store(person: Person, file: Stored) -> tuple[str, str]:
    """Store it and make a link to it; returns the addresses of its entry and of the link."""
    proof = person.proof()
    api = f"{person.url}/api/v1"
    put = person.page.request.put(
        f"{api}/content/{quote(file.name)}", data=file.text, headers={**proof, "Content-Type": file.kind}
    )
    assert put.ok, put.text()
    address = f"{api}/entries/{put.json()['id']}"
    shared = person.page.request.post(f"{address}/shares", data={"role": "download"}, headers=proof)
    assert shared.ok, shared.text()
    return address, shared.json()["link"]["url"]


def open_page(page: Page, url: str) -> None:
    try:
        page.goto(url)
    except Error as error:
        assert "Download is starting" in str(error) or "ERR_ABORTED" in str(error), error


def bare(file: Stored) -> Callable[[Route], None]:
    """Return what answers with the file, its type and no other word."""
    return lambda route: route.fulfill(body=file.text, content_type=file.kind)


# What a page asks for as a part of itself: resolved when the browser has run it or refused to.
INCLUDE = """([how, url]) => new Promise((resolve) => {
  const tell = (what) => resolve(String(what?.message ?? what?.type ?? what));
  if (how === "worker") {
    const worker = new Worker(url);
    worker.onerror = worker.onmessage = tell;
    return;
  }
  if (how === "service worker") {
    navigator.serviceWorker.register(url).then(() => resolve("registered"), tell);
    return;
  }
  const part = document.createElement(how === "style" ? "link" : "script");
  if (how === "style") Object.assign(part, { rel: "stylesheet", href: url });
  else Object.assign(part, { type: how === "module" ? "module" : "", src: url });
  part.onload = part.onerror = tell;
  document.head.append(part);
})"""
DONE = ("load", "message", "registered")


def test_s04_no_stored_file_runs_in_a_browser_whichever_door_it_is_opened_by(marie: Person) -> None:
    page, harm = marie.page, Harm(marie.page.context)
    for file, (address, link) in [(file, store(marie, file)) for file in PAGES]:
        shared = f"{link}/content/{address.rpartition('/')[2]}"
        for url in (link, f"{address}/content", f"{address}/content?inline=true", f"{shared}?inline=true"):
            open_page(page, url)
            assert "harmed" not in page.title() and harm.done == [], (file, url, harm.done)
    assert "harmed" not in {cookie["name"] for cookie in page.context.cookies()}


def test_s04_the_same_files_do_run_where_nothing_holds_them_off(marie: Person) -> None:
    page = marie.page
    for number, file in enumerate(file for file in PAGES if file.runs):
        page.route(f"**/unguarded-{number}", bare(file))  # for a new page the browser itself asks, at once
        with page.expect_request("**/harmed-by-script"):
            page.goto(f"{marie.url}/unguarded-{number}")


def test_s04_no_stored_file_becomes_a_part_of_a_page(marie: Person) -> None:
    page, harm = marie.page, Harm(marie.page.context)
    stored = {file: store(marie, file) for file in (SCRIPT, STYLE)}
    for how in ("script", "module", "style", "worker", "service worker"):
        file = STYLE if how == "style" else SCRIPT
        address, link = stored[file]
        shared = f"{link}/content/{address.rpartition('/')[2]}"
        for url in (f"{address}/content", f"{address}/content?inline=true", shared):
            assert page.evaluate(INCLUDE, [how, url]) not in DONE, (how, url)
    assert harm.done == []

    intercept(page, "**/unguarded.js", bare(SCRIPT))
    intercept(page, "**/unguarded.css", bare(STYLE))
    for how in ("script", "module", "style", "worker"):  # no route can stand in for a service worker
        url = f"{marie.url}/unguarded.{'css' if how == 'style' else 'js'}"
        assert page.evaluate(INCLUDE, [how, url]) in DONE, how
