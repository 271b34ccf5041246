"""Uploads that a page left unfinished are told by the next one, and go on or are forgotten."""

import hashlib
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.people import Person
from tests.e2e.slow_line import SlowLine
from tests.system import System

SIZE = 6 * 2**20


@pytest.fixture
def slow_person(system: System, open_person: Callable[..., Person]) -> Iterator[Person]:
    with SlowLine(system.port, bytes_a_second=2**20) as line:
        person = open_person()
        person.url = line.url
        person.register()
        yield person


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    (tmp_path / "scans.zip").write_bytes(random.Random(1).randbytes(SIZE))
    return tmp_path / "scans.zip"


def leave_unfinished(person: Person, file: Path) -> Locator:
    """Begin to send a file and load the page anew; returns what the page says of it."""
    person.choose_files([file])
    transfer = person.transfer(file.name)
    expect(transfer.locator("[role=progressbar]")).not_to_have_attribute("aria-valuenow", "0")
    transfer.get_by_role("button", name="Pause").click()
    expect(transfer).to_contain_text("Paused")
    person.page.once("dialog", lambda dialog: dialog.accept())  # the page warns before it is left
    person.page.reload()
    return person.page.get_by_role("region", name="What did not finish")


def test_the_same_files_go_on_to_where_they_were_going(
    slow_person: Person, scans: Path, tmp_path: Path
) -> None:
    page = slow_person.page
    slow_person.make_folder("Elsewhere")
    told = leave_unfinished(slow_person, scans)
    expect(told).to_contain_text("1 upload did not finish")
    expect(told).to_contain_text("scans.zip")
    (tmp_path / "other.zip").write_bytes(b"another")

    slow_person.row("Elsewhere").dblclick()
    expect(page.get_by_role("heading", name="Elsewhere")).to_be_visible()
    with page.expect_file_chooser() as chooser:
        told.get_by_role("button", name="Choose files").click()
    chooser.value.set_files([str(scans), str(tmp_path / "other.zip")])

    expect(page.locator("#toasts")).to_contain_text("“other.zip” is none of them")
    expect(told).to_have_count(0)
    expect(slow_person.transfer("scans.zip")).to_have_class("transfer done")
    page.go_back()
    data = slow_person.download("scans.zip", tmp_path)
    assert hashlib.sha256(data).digest() == hashlib.sha256(scans.read_bytes()).digest()


def test_what_is_forgotten_is_not_told_again_and_keeps_no_room(slow_person: Person, scans: Path) -> None:
    page = slow_person.page
    told = leave_unfinished(slow_person, scans)

    told.get_by_role("button", name="Forget them").click()
    expect(told).to_have_count(0)

    page.wait_for_function("() => !Object.keys(localStorage).some((key) => key.startsWith('tus::'))")
    assert page.request.get(f"{slow_person.url}/api/v1/uploads").json()["results"] == []
