"""Looking at files without taking them away: pictures, papers, texts, tables; and nothing of them runs."""

import random

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e import pictures, sounds
from tests.e2e.people import Person

HARM = "<img src=x onerror=\"document.title='harmed'\"><script>document.title='harmed'</script>"


@pytest.fixture
def marie(person: Person, files: dict[str, bytes]) -> Person:
    person.put(files)
    return person


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return {
        "1 picture.jpg": pictures.landscape(*pictures.PICTURES["Meadow.jpg"]),
        "2 paper.pdf": pictures.paper("Hut booking"),
        "3 notes.md": (pictures.NOTES + HARM).encode(),
        "4 table.csv": pictures.TABLE.encode(),
        "5 page.html": HARM.encode(),
        "6 noise.bin": random.Random(1).randbytes(1000),
    }


def preview(person: Person) -> Locator:
    return person.page.get_by_role("dialog", name="Preview")


def test_files_are_looked_at_one_after_the_other_with_the_keyboard(marie: Person) -> None:
    page = marie.page
    marie.row("1 picture.jpg").click()
    page.keyboard.press("Enter")
    expect(preview(marie).get_by_role("img", name="1 picture.jpg")).to_be_visible()
    expect(preview(marie)).to_contain_text("1 of 6")

    page.keyboard.press("ArrowRight")
    expect(preview(marie).get_by_role("img", name="Page 1")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(preview(marie).get_by_role("heading", name="Who brings what")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(preview(marie).get_by_role("cell", name="Bread, cheese")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(preview(marie).locator("code")).to_contain_text("<script>")
    page.keyboard.press("ArrowRight")
    expect(preview(marie)).to_contain_text("This kind of file is not shown here.")

    page.keyboard.press("Escape")
    expect(preview(marie)).to_have_count(0)
    expect(marie.row("6 noise.bin")).to_be_focused()
    assert "harmed" not in page.title()


def test_what_is_done_in_the_preview_is_done_to_what_it_shows(marie: Person) -> None:
    page = marie.page
    marie.row("3 notes.md").dblclick()
    page.keyboard.press("ArrowRight")
    expect(preview(marie).get_by_role("cell", name="Bread, cheese")).to_be_visible()
    star = preview(marie).get_by_role("button", name="Star")
    star.click()
    expect(star).to_have_attribute("aria-pressed", "true")
    preview(marie).get_by_role("button", name="Share").click()
    dialog = page.get_by_role("dialog", name="Share “4 table.csv”")
    dialog.get_by_role("button", name="Done").click()
    expect(dialog).to_have_count(0)

    page.keyboard.press("Escape")
    expect(preview(marie)).to_have_count(0)
    expect(marie.row("4 table.csv").get_by_role("img", name="Starred")).to_be_visible()
    expect(marie.row("3 notes.md").get_by_role("img", name="Starred")).to_have_count(0)


def test_back_closes_the_preview_and_stays_in_the_folder(marie: Person) -> None:
    marie.row("3 notes.md").dblclick()
    expect(preview(marie).get_by_role("heading", name="Packing list")).to_be_visible()

    marie.page.go_back()

    expect(preview(marie)).to_have_count(0)
    expect(marie.row("3 notes.md")).to_be_focused()


def test_a_picture_is_made_larger_and_fitted_again(marie: Person) -> None:
    marie.row("1 picture.jpg").dblclick()
    picture = preview(marie).get_by_role("img", name="1 picture.jpg")
    expect(picture).to_be_visible()
    fitted = picture.bounding_box()
    preview(marie).get_by_role("button", name="Larger").click()
    larger = picture.bounding_box()
    assert fitted is not None and larger is not None
    assert larger["width"] == pytest.approx(fitted["width"] * 1.5, rel=0.01)
    preview(marie).get_by_role("button", name="Fit").click()
    assert picture.bounding_box() == fitted


def test_a_text_longer_than_is_shown_says_so(person: Person) -> None:
    person.put({"long.txt": b"a line of a long text\n" * 60_000})
    person.row("long.txt").dblclick()
    expect(preview(person)).to_contain_text("Download it to see all.")


def test_a_sound_is_played_and_sought_in(person: Person) -> None:
    person.put({"tone.wav": sounds.tone(seconds=60)})
    person.row("tone.wav").dblclick()
    sound = preview(person).locator("audio")
    expect(sound).to_have_attribute("aria-label", "tone.wav")
    sound.evaluate("sound => { sound.muted = true; return sound.play(); }")
    person.page.wait_for_function("sound => sound.currentTime > 0.2", arg=sound.element_handle())
    assert sound.evaluate("sound => sound.duration") == pytest.approx(60, abs=0.1)
    sound.evaluate("sound => { sound.currentTime = 50; }")
    person.page.wait_for_function("sound => sound.currentTime > 50.2", arg=sound.element_handle())


def test_code_has_its_colours_and_runs_nothing(person: Person) -> None:
    person.put({"rename.py": pictures.PROGRAM.encode() + f"# {HARM}\n".encode()})
    person.row("rename.py").dblclick()
    code = preview(person).locator("code")
    keyword = code.locator(".hljs-keyword", has_text="def").first
    expect(keyword).to_be_visible()
    colour = "one => getComputedStyle(one).color"
    assert keyword.evaluate(colour) != code.evaluate(colour)
    assert code.locator(".hljs-string").first.evaluate(colour) != keyword.evaluate(colour)
    expect(code).to_contain_text("<script>document.title='harmed'</script>")
    assert "harmed" not in person.page.title()
