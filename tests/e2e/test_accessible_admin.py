"""What staff see: axe finds nothing to complain of on the cluster's page, in the admin and on the API's."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import cluster_pictures
from tests.e2e.axe import everywhere, said
from tests.system import System

SWAGGERS = ("heading-order", "nested-interactive", "region")
"""How Swagger UI nests its headings, its buttons and what stands before its main part."""


@pytest.fixture
def admins_page(system: System, open_person) -> Page:
    page: Page = open_person().page
    page.goto(f"{system.url}/sign-in?next=/cluster")
    page.get_by_label("user name").fill("admin")
    page.get_by_label("Password", exact=True).fill(system.admin_password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".live-words")).to_contain_text("Live")
    return page


def test_axe_finds_nothing_on_the_cluster_page_and_its_dialogs(admins_page: Page, system: System) -> None:
    page = admins_page
    system.manage("shell", "-c", cluster_pictures.SAMPLES)
    page.reload()
    expect(page.locator(".live-words")).to_contain_text("Live")
    page.get_by_text("As a table").first.click()
    found = everywhere(page, "cluster")
    page.get_by_role("button", name="What to do with node-2").click()
    page.get_by_role("menuitem", name="What if it fails?").click()
    expect(page.get_by_role("dialog", name="If node-2 failed now")).to_be_visible()
    found |= everywhere(page, "risk")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="What to do with node-2").click()
    page.get_by_role("menuitem", name="Empty it").click()
    expect(page.get_by_role("dialog", name="Empty node-2?")).to_be_visible()
    found |= everywhere(page, "empty a node")
    assert not found, said(found)


def test_axe_finds_nothing_in_the_admin(admins_page: Page, system: System) -> None:
    page, found = admins_page, {}
    for path in ("", "doctor", "nodes/node/", "nodes/node/add/", "nodes/node/1/change/", "accounts/user/"):
        page.goto(f"{system.url}/admin/{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        found |= everywhere(page, f"admin/{path}")
    page.goto(f"{system.url}/admin/nodes/node/")
    page.get_by_role("checkbox").nth(1).check()
    page.locator("select[name=action]").select_option("drain")
    page.locator("button[name=index]").first.click()
    expect(page.get_by_role("heading", name="Drain these nodes?")).to_be_visible()
    found |= everywhere(page, "admin, a question")
    assert not found, said(found)


def test_axe_finds_nothing_in_the_description_of_the_api(admins_page: Page, system: System) -> None:
    page = admins_page
    page.goto(f"{system.url}/api/docs")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    found = everywhere(page, "api/docs", but=SWAGGERS)
    assert not found, said(found)
    html = page.locator("html")
    expect(html).to_have_class("dark-mode")
    page.context.add_cookies([{"name": "theme", "value": "light", "url": system.url}])
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(html).not_to_have_class("dark-mode")  # what was chosen goes before what the system has
