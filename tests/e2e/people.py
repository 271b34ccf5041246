"""A person at a browser: the few things people do in every story."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import ConsoleMessage, Locator, Page, Route, expect

PASSWORD = "a horse, correct"
SLOW_MS = 90_000
"""As long as a full system on a busy machine may take for what usually takes a second."""

ANSWERED = "by the story"
UNTIL_ANSWERED = f"""async (url) => {{
  while ((await (await fetch(url)).text()) !== "{ANSWERED}") {{}}
}}"""


def intercept(page: Page, url: str, handler: Callable[[Route], object]) -> None:
    """Have a story answer what a page asks for at an address, from its very next request on.

    Chromium tells the page to ask the story without awaiting that it does: of a hundred
    requests right after `page.route`, three went to the server.
    """
    tried = "/healthz?intercepted"
    page.route(f"**{tried}", lambda route: route.fulfill(body=ANSWERED))
    page.route(url, handler)
    page.evaluate(UNTIL_ANSWERED, tried)
    page.unroute(f"**{tried}")  # what a story holds goes on when no route is left


class Person:
    """One signed-in person with one page. What the browser complained about is kept in `complaints`."""

    def __init__(self, page: Page, url: str) -> None:
        expect.set_options(timeout=SLOW_MS)
        self.page = page
        self.url = url
        self.name = f"marie-{secrets.token_hex(4)}"
        self.complaints: list[str] = []
        page.context.set_default_timeout(SLOW_MS)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._hear)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.text} ({message.location['url']})")

    def register(self) -> None:
        """Make the account as the form does, without its page: few stories tell of that."""
        address = f"{self.url}/register"
        asked = self.page.request
        asked.get(address)
        (token,) = (one["value"] for one in self.page.context.cookies(address) if one["name"] == "csrftoken")
        form = {"username": self.name, "password": PASSWORD, "csrfmiddlewaretoken": token}
        made = asked.post(address, form=form, headers={"Referer": address}, max_redirects=0)
        self.page.goto(self.url + made.headers["location"])

    def row(self, name: str) -> Locator:
        return self.page.locator(f'#list .row[data-name="{name}"]')

    def expect_names(self, *names: str) -> None:
        """Await that the list shows these, and in this order."""
        expect(self.page.locator("#list .c-name > :not(.star)")).to_have_text(names)

    def type_at_once(self, words: str) -> None:
        """Type as fast as a list takes it for one name, however busy the machine is."""
        self.page.evaluate(
            "(words) => { for (const key of words) document.activeElement.dispatchEvent("
            "new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })); }",
            words,
        )

    def transfer(self, name: str) -> Locator:
        return self.page.locator("#tray .transfer").filter(has_text=name)

    def press_long(self, row: Locator) -> None:
        """Hold a finger on a row until it is selected, and lift it."""
        box = row.bounding_box()
        assert box
        middle = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
        hand = self.page.context.new_cdp_session(self.page)
        hand.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [middle]})
        expect(row).to_have_attribute("aria-selected", "true")
        hand.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        hand.detach()

    def make_folder(self, name: str) -> None:
        self.page.get_by_role("main").get_by_role("button", name="New folder").click()
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_label("Name").fill(name)
        dialog.get_by_role("button", name="Make the folder").click()
        expect(self.row(name)).to_be_focused()

    def choose_files(self, files: Sequence[Path]) -> None:
        """Pick files as the file dialog would, and see that they are taken up."""
        with self.page.expect_file_chooser() as chooser:
            self.page.get_by_role("button", name="New", exact=True).click()
            self.page.get_by_role("menuitem", name="Upload files").click()
        chooser.value.set_files([str(file) for file in files])

    def upload(self, files: Sequence[Path]) -> None:
        """Upload files and wait until every copy of them is in place."""
        self.choose_files(files)
        for file in files:
            expect(self.transfer(file.name)).to_have_class("transfer done")

    def put(self, files: Mapping[str, bytes]) -> None:
        """Have files stored by the API, where the story is not of uploading, and show the folder."""
        self.store(files)
        self.page.reload()

    def store(self, files: Mapping[str, bytes]) -> None:
        """Have files stored in another place; the page has to hear of them by itself."""
        proof = self.proof()
        for name, data in files.items():
            reply = self.page.request.put(
                f"{self.url}/api/v1/content/{quote(name)}",
                data=data,
                headers={**proof, "Content-Type": ""},
            )
            assert reply.ok, reply.text()

    def change(self, entry_id: str | None, **fields: object) -> None:
        """Have an entry renamed or starred in another place; the page has to hear of it by itself."""
        address = f"{self.url}/api/v1/entries/{entry_id}"
        reply = self.page.request.patch(address, data=fields, headers=self.proof())
        assert reply.ok, reply.text()

    def hold(self, url: str) -> list[Route]:
        """Have what is asked for at an address wait: each comes into the list, to be let go."""
        held: list[Route] = []
        intercept(self.page, url, lambda route: held.append(route))
        return held

    def see_drawn(self) -> None:
        """Await that the page has drawn what its scripts have made of an answer."""
        self.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def trash(self, entry_id: str | None) -> None:
        """Have an entry moved to the trash in another place; the page has to hear of it by itself."""
        reply = self.page.request.delete(f"{self.url}/api/v1/entries/{entry_id}", headers=self.proof())
        assert reply.ok, reply.text()

    def proof(self) -> dict[str, str]:
        """Return the headers by which a request beside the page changes something in its session."""
        token = self.page.locator("input[name=csrfmiddlewaretoken]").first.input_value()
        return {"X-CSRFToken": token, "Referer": self.url}

    def download(self, name: str, to: Path) -> bytes:
        self.row(name).click()
        with self.page.expect_download() as download:
            self.page.get_by_role("toolbar").get_by_role("button", name="Download").click()
        target = to / f"downloaded-{secrets.token_hex(4)}"
        download.value.save_as(target)
        return target.read_bytes()
