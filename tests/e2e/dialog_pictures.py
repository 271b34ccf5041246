"""Pictures of what opens over a list: sharing, the keys, names that are taken, the tray."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

PURGE = """async (row) => fetch("/api/v1/batch", {
  method: "POST", body: JSON.stringify({ operation: "purge", ids: [row.dataset.id] }),
  headers: {
    "Content-Type": "application/json",
    "X-CSRFToken": document.querySelector("input[name=csrfmiddlewaretoken]").value,
  },
})"""


def dialogs(page: Page, take: Callable[[str], None], is_phone: bool) -> None:
    """Open each over the folder that is shown, and leave everything as it was."""
    page.locator('.row[data-name="Meadow.jpg"]' + (" .c-box" if is_phone else "")).click()
    page.get_by_role("toolbar").get_by_role("button", name="Share").click()
    dialog = page.get_by_role("dialog")
    link = dialog.get_by_role("checkbox", name="Anyone with the link")
    link.check()
    expect(dialog.get_by_label("The link", exact=True)).to_be_visible()
    take("share")
    link.uncheck()
    page.get_by_role("button", name="Turn it off").click()
    expect(dialog.get_by_label("The link", exact=True)).to_have_count(0)
    dialog.get_by_role("button", name="Done").click()
    page.locator('.row[data-name="Milky way.jpg"] .c-box').click()
    page.get_by_role("toolbar").get_by_role("button", name="Share").click()
    expect(page.get_by_role("dialog", name="Share 2 items")).to_contain_text("lena.ostrowski")
    take("share-several")
    page.get_by_role("dialog").get_by_role("button", name="Done").click()
    page.get_by_role("button", name="Clear the selection").click()
    if not is_phone:
        page.keyboard.press("?")
        take("keys")
        page.keyboard.press("Escape")
    _taken_names(page, take)


def uploading(page: Page, take: Callable[[str], None], is_phone: bool) -> None:
    """The tray with one file saved, one on its way and one that waits; what a reload leaves of them.

    The folder stays as it was.
    """
    page.goto(page.evaluate("location.origin"))
    with tempfile.TemporaryDirectory() as folder:
        small, *large = _empty_files(Path(folder))
        page.locator("#pick-files").set_input_files(small)
        expect(page.locator("#tray .transfer.done")).to_have_count(1)
        _send_slowly(page, take, large)
    leftover = page.get_by_role("region", name="What did not finish")
    expect(leftover).to_be_visible()
    take("leftover")
    leftover.get_by_role("button", name="Forget them").click()
    page.wait_for_function("() => !Object.keys(localStorage).some((key) => key.startsWith('tus::'))")
    page.locator('.row[data-name="Snow line.jpg"]').evaluate(PURGE)


def _empty_files(folder: Path) -> list[Path]:
    """Make files of zeros, for the page to read from the disk: bytes handed to it take a minute to copy."""
    sizes = {"Snow line.jpg": 58_000, "Forest walk.mp4": 20_000_000, "Film scans.zip": 29_000_000}
    for name, size in sizes.items():
        with (folder / name).open("wb") as file:
            file.truncate(size)
    return [folder / name for name in sizes]


def _send_slowly(page: Page, take: Callable[[str], None], files: list[Path]) -> None:
    """Take the picture while these are sent, and break that off."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 1_000_000}
    devtools.send("Network.emulateNetworkConditions", slow)
    page.locator("#pick-files").set_input_files(files)
    bar = page.locator("#tray .transfer", has_text="Forest walk.mp4").locator("[role=progressbar]")
    page.wait_for_function("bar => Number(bar.getAttribute('aria-valuenow')) > 25", arg=bar.element_handle())
    take("uploading")
    page.once("dialog", lambda dialog: dialog.accept())
    page.reload()
    devtools.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": -1})


def _taken_names(page: Page, take: Callable[[str], None]) -> None:
    sizes = {"Meadow.jpg": 70_000, "Packing list.md": 400, "Sledge run.jpg": 64_000}
    files = [{"name": name, "mimeType": "", "buffer": bytes(size)} for name, size in sizes.items()]
    page.locator("#pick-files").set_input_files(files)
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("group", name="Meadow.jpg")).to_be_visible()
    take("conflict")
    dialog.get_by_role("button", name="Cancel upload").click()
