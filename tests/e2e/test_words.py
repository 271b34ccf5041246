"""Every word that a script shows is handed to the translator: one who only puts brackets round it."""

from playwright.sync_api import Locator, expect

from tests.e2e.people import Person

BRACKETS = """
globalThis.django = {
  gettext: (message) => `⟦${message}⟧`,
  ngettext: (one, many, count) => `⟦${count === 1 ? one : many}⟧`,
};
"""
# What a reader sees of an element outside of the brackets, but for keys, what people typed, and the bars
# whose words are the server's (tests/dfsweb/test_translations.py).
OUTSIDE = """(element) => {
  const found = [];
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const isOurs = !walker.currentNode.parentElement.closest("kbd, script, .offline");
    if (isOurs) found.push(walker.currentNode.textContent);
  }
  for (const one of element.querySelectorAll("[aria-label], [placeholder]")) {
    found.push(one.getAttribute("aria-label") ?? "", one.getAttribute("placeholder") ?? "");
  }
  return found.map((text) => text.replace(/⟦.*?⟧/g, "").trim()).filter((text) => /[a-z]{2}/i.test(text));
}"""


def outside(element: Locator) -> list[str]:
    expect(element).to_be_visible()
    return list(element.evaluate(OUTSIDE))


def test_dialogs_and_menus_are_translated(open_person) -> None:
    marie: Person = open_person()
    page = marie.page
    page.context.add_init_script(BRACKETS)
    marie.register()
    marie.put({"λίμνη": b"from the lake"})
    dialog, found = page.get_by_role("dialog"), {}
    initials = "".join(part[0] for part in marie.name.split("-")).upper()

    page.keyboard.press("?")
    found["keys"] = outside(dialog)
    page.keyboard.press("Escape")
    marie.row("λίμνη").click(button="right")
    found["menu"] = outside(page.locator("#deeds-menu"))
    page.keyboard.press("Escape")
    marie.row("λίμνη").click()
    found["selection"] = outside(page.locator("#selection .deeds"))
    for deed in ("Share", "Rename", "Move"):
        page.get_by_role("toolbar").get_by_role("button", name=f"⟦{deed}⟧").click()
        found[deed] = [text for text in outside(dialog) if text not in (marie.name, initials)]
        page.keyboard.press("Escape")
    page.get_by_role("toolbar").get_by_role("button", name="⟦Share⟧").click()
    dialog.get_by_role("checkbox", name="⟦Anyone with the link⟧").check()
    dialog.get_by_label("⟦Ends on⟧").fill("2099-12-31")
    expect(dialog.get_by_text("31 ⟦Dec⟧ 2099")).to_be_visible()
    found["link"] = [text for text in outside(dialog) if text not in (marie.name, initials)]

    assert {where: words for where, words in found.items() if words} == {}
