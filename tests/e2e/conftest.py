"""One system for all stories, and a browser that is gone before any other test runs.

While Playwright lives, an event loop runs in this thread, and Django refuses its database to such a thread.
"""

import logging
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.e2e.people import Person
from tests.system import System

log = logging.getLogger(__name__)

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
SETTINGS = {"REGISTRATIONS_PER_HOUR": "1000", "PUSH_AFTER_SECONDS": "1"}
"""Each story has a person of its own, all from one address; uploads are done with the third copy."""
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "e2e":
            item.add_marker(pytest.mark.e2e)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="there is no Chromium on this machine"))


@pytest.fixture(scope="package")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("e2e") / "data", env=SETTINGS) as running:
        yield running


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield chromium
        chromium.close()


@pytest.fixture
def open_person(system: System, browser: Browser) -> Iterator[Callable[..., Person]]:
    """Sit a new person down at a browser; options are those of a Playwright context.

    What the browsers complained of stands beside a story that failed: a script that never came, say.
    """
    people: list[tuple[BrowserContext, Person]] = []

    def sit_down(**options: object) -> Person:
        context = browser.new_context(**{"viewport": DESKTOP, "accept_downloads": True, **options})
        person = Person(context.new_page(), system.url)
        people.append((context, person))
        return person

    yield sit_down
    for context, person in people:
        context.close()
        for complaint in person.complaints:
            log.warning("the browser of %s: %s", person.name, complaint)


@pytest.fixture
def person(open_person: Callable[..., Person]) -> Iterator[Person]:
    """A new person at a desk, registered; the browser must not complain, of the content policy neither."""
    marie = open_person()
    marie.register()
    yield marie
    assert marie.complaints == []
