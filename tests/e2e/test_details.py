"""What the details tell of a file that has just come."""

import hashlib
import random
from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.people import Person
from tests.system import System

# What was sent lately waits: whoever sent it may be sending more.
HASH_NOW = """
from datetime import timedelta
from django.db.models import F
from nodes import hashing
from nodes.models import Content
Content.objects.filter(sha256=None).update(created_at=F("created_at") - timedelta(days=1))
hashing.fill()  # unless a worker is about it
"""


def test_the_sha_256_of_a_fresh_upload_stands_in_its_details_as_soon_as_it_is_known(
    person: Person, system: System, tmp_path: Path
) -> None:
    """A browser sends none, and a worker reads the file when nothing else is to be done."""
    page, film = person.page, tmp_path / "film.bin"
    film.write_bytes(random.Random(3).randbytes(9 * 2**20))
    person.upload([film])
    entry_id = person.row("film.bin").get_attribute("data-id")
    entry = f"{person.url}/api/v1/entries/{entry_id}"
    assert page.request.get(entry).json()["sha256"] is None
    system.manage("shell", "-c", HASH_NOW)
    system.wait_for(lambda: page.request.get(entry).json()["sha256"], what="the worker to hash it")

    person.row("film.bin").focus()
    page.keyboard.press("d")
    digest = hashlib.sha256(film.read_bytes()).hexdigest()
    row = page.get_by_role("complementary", name="Details").get_by_text("SHA-256", exact=True)
    expect(row).to_be_visible()
    expect(page.get_by_title(digest)).to_have_text(f"{digest[:4]} {digest[4:8]} … {digest[60:]}")
    expect(page.get_by_role("button", name="Copy the SHA-256")).to_have_attribute("data-text", digest)
