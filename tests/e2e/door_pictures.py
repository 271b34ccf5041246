"""The stories of `screenshots` for one's own account, and for the pages of who is not signed in."""

import random
import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.e2e import pictures
from tests.e2e.people import PASSWORD

ALBUM = "/Summer 2026"
MARIE = "marie.keller"
QUOTA_BYTES = 500_000_000
"""Small, so that the bar of a room shows what some files of these stories take."""
ENTRANCES = {
    "register": "register",
    "password-reset": "password-reset",
    "letter-sent": "password-reset/sent",
    "not-found": "files/00000000-0000-0000-0000-000000000000",
    "link-gone": "s/made-up",
}
SECTIONS = {
    "account": "account",
    "account-sign-in": "account/security",
    "account-room": "account/room",
    "account-look": "account/look",
}
links: dict[str, str] = {}
"""The addresses of what `seed` has shared, by the name of their picture."""


def seed(api) -> None:
    """Fill the room of one person, and share what lies in it in every way."""
    chance = random.Random(3)
    for name in ("Camera roll", "For the album"):
        api.make(f"{ALBUM}/{name}")
    for name, data in pictures.files().items():
        api.put(f"{ALBUM}/{name}", data)
    for size in (70_000_000, 60_000_000):
        api.put(f"{ALBUM}/Summer film.mp4", chance.randbytes(size))
    api.put("/Old slides.zip", chance.randbytes(24_000_000))
    api.ask("DELETE", f"entries/{api.id_of('/Old slides.zip')}")
    links["link-folder"] = _share(api, ALBUM, expires_at="2027-12-20T23:59:59Z")
    links["link-picture"] = _share(api, f"{ALBUM}/Ridge at dawn.jpg")
    links["link-file"] = _share(api, f"{ALBUM}/Slide archive 1978.zip", max_downloads=5)
    links["link-upload"] = _share(api, f"{ALBUM}/For the album", role="upload")
    links["link-password"] = _share(api, f"{ALBUM}/Camera roll", password=PASSWORD)


def _share(api, path: str, **terms: object) -> str:
    terms = {"role": "download", **terms}
    return str(api.ask("POST", f"entries/{api.id_of(path)}/shares", json=terms)["link"]["url"])


def doors(page: Page, take: Callable[[str], None], is_phone: bool) -> None:
    url = _origin(page)
    page.context.clear_cookies()
    for name, path in ENTRANCES.items():
        if name == "not-found":
            _sign_in(page, url)  # a stranger would be asked who they are
        page.goto(f"{url}/{path}")
        take(name)
    page.context.clear_cookies()
    for name, address in links.items():
        page.goto(address)
        take(name)


def account(page: Page, take: Callable[[str], None], is_phone: bool) -> None:
    url = _origin(page)
    page.context.clear_cookies()
    _sign_in(page, url)
    for name, path in SECTIONS.items():
        page.goto(f"{url}/{path}")
        take(name)
    page.goto(f"{url}/account/tokens")
    main = page.get_by_role("main")
    if main.get_by_text("laptop", exact=True).count() == 0:
        _make_token(page, "laptop")
        page.goto(f"{url}/account/tokens")  # where it is told no more
    take("account-tokens")
    _make_token(page, "nightly backup")
    page.get_by_role("main").evaluate("() => scrollTo(0, 0)")
    take("account-token-made")
    page.locator('form[data-ask*="nightly"] button').click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(main.get_by_text("That token opens nothing any more.")).to_be_visible()


def _make_token(page: Page, name: str) -> None:
    page.get_by_role("textbox", name="Name").fill(name)
    page.get_by_role("main").get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Make the token").click()
    expect(page.get_by_role("heading", name=f"“{name}” is made")).to_be_visible()


def _sign_in(page: Page, url: str) -> None:
    page.goto(f"{url}/sign-in?next=/account")
    page.get_by_label("user name").fill(MARIE)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile("/account$"))


def _origin(page: Page) -> str:
    return str(page.evaluate("location.origin"))
