"""Uploads that a page left unfinished are told by the next one, and go on or are forgotten."""

import hashlib
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.conftest import PHONE
from tests.e2e.people import Person
from tests.e2e.slow_line import SLOW, SlowLine
from tests.system import System

SIZE = 6 * 2**20


@pytest.fixture
def line(system: System) -> Iterator[SlowLine]:
    with SlowLine(system.port, bytes_a_second=None) as line:
        yield line


@pytest.fixture
def person(line: SlowLine, open_person: Callable[..., Person]) -> Person:
    person = open_person()
    person.url = line.url
    person.register()
    return person


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    (tmp_path / "scans.zip").write_bytes(random.Random(1).randbytes(SIZE))
    return tmp_path / "scans.zip"


def leave_unfinished(person: Person, file: Path, line: SlowLine) -> Locator:
    """Begin to send a file and load the page anew; returns what the page says of it."""
    line.bytes_a_second = SLOW
    person.choose_files([file])
    transfer = person.transfer(file.name)
    expect(transfer.locator("[role=progressbar]")).not_to_have_attribute("aria-valuenow", "0")
    transfer.get_by_role("button", name="Pause").click()
    expect(transfer).to_contain_text("Paused")
    line.bytes_a_second = None
    person.page.once("dialog", lambda dialog: dialog.accept())  # the page warns before it is left
    person.page.reload()
    return person.page.get_by_role("region", name="What did not finish")


def test_the_same_files_go_on_to_where_they_were_going(
    person: Person, line: SlowLine, scans: Path, tmp_path: Path
) -> None:
    page = person.page
    person.make_folder("Elsewhere")
    told = leave_unfinished(person, scans, line)
    expect(told).to_contain_text("1 upload did not finish")
    expect(told).to_contain_text("scans.zip")
    (tmp_path / "other.zip").write_bytes(b"another")

    person.row("Elsewhere").dblclick()
    expect(page.get_by_role("heading", name="Elsewhere")).to_be_visible()
    with page.expect_file_chooser() as chooser:
        told.get_by_role("button", name="Choose files").click()
    chooser.value.set_files([str(scans), str(tmp_path / "other.zip")])

    expect(page.locator("#toasts")).to_contain_text("“other.zip” is none of them")
    expect(told).to_have_count(0)
    expect(person.transfer("scans.zip")).to_have_class("transfer done")
    page.go_back()
    data = person.download("scans.zip", tmp_path)
    assert hashlib.sha256(data).digest() == hashlib.sha256(scans.read_bytes()).digest()


def test_what_is_forgotten_is_not_told_again_and_keeps_no_room(
    person: Person, line: SlowLine, scans: Path
) -> None:
    page = person.page
    told = leave_unfinished(person, scans, line)
    page.set_viewport_size(PHONE)
    page.get_by_role("button", name="New", exact=True).click()  # nothing lies over it
    page.keyboard.press("Escape")

    told.get_by_role("button", name="Forget them").click()
    expect(told).to_have_count(0)

    page.wait_for_function("() => !Object.keys(localStorage).some((key) => key.startsWith('tus::'))")
    assert page.request.get(f"{person.url}/api/v1/uploads").json()["results"] == []
