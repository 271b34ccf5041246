"""Each problem has its page, each page its problem, and both say the same."""

import re
from pathlib import Path

import pytest

from nodes.problems import Code

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = {page.stem: page.read_text() for page in (DOCS / "problems").glob("*.md") if page.stem != "README"}
HEADINGS = ["What it means", "How it is noticed", "What to do", "How it clears"]


def test_there_is_a_page_for_each_problem_and_none_for_others():
    assert set(PAGES) == {code.value for code in Code}


@pytest.mark.parametrize("code", list(Code))
def test_a_page_says_how_grave_it_is_and_answers_every_question(code):
    page = PAGES[code]
    assert page.startswith(f"# {code}\n\n*{code.severity}* · ")
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == HEADINGS
    answers = re.split(r"^## .+$", page, flags=re.MULTILINE)[1:]
    assert all(len(answer.split()) > 5 for answer in answers)


def test_the_index_lists_every_problem_the_gravest_first():
    index = (DOCS / "problems/README.md").read_text()
    listed = re.findall(r"^\| \[(\w+)\]\((\w+)\.md\) \| (\w+) \|", index, re.MULTILINE)
    assert listed == [(code.value, code.value, code.severity.value) for code in Code]


def test_every_link_between_pages_leads_somewhere():
    linked = {name for page in PAGES.values() for name in re.findall(r"\((\w+)\.md\)", page)}
    assert linked
    assert linked <= set(PAGES)


def test_the_operators_guide_leads_to_the_pages():
    assert "(problems/README.md)" in (DOCS / "operations.md").read_text()
