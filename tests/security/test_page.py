"""docs/security.md names every class, and tests that exist; a test named after a class stands in its row.

Advisories have a table of their own: each is named by the test that tries it, and the other way round.
"""

import ast
import re
from collections import defaultdict

import pytest

from tests.faults.test_reliability_page import NAMED, PROJECT, known_tests

ROW = re.compile(r"^\| (S\d\d) \|.*\| (.*) \|$", re.MULTILINE)
ROWS = [f"S{number:02}" for number in range(1, 28)]


ADVISORY = re.compile(r"\b(?:CVE-\d{4}-\d{4,}|GHSA(?:-\w{4}){3})\b")
ADVISORY_ROW = re.compile(rf"^\| ({ADVISORY.pattern}) \|.*\| (.*) \|$", re.MULTILINE)


def page() -> list[tuple[str, str]]:
    return ROW.findall((PROJECT / "docs/security.md").read_text())


def test_every_class_stands_there_once():
    assert [row for row, _ in page()] == ROWS


@pytest.mark.parametrize(("row", "shown_by"), page(), ids=[row for row, _ in page()])
def test_a_class_names_tests_that_exist_or_says_that_there_is_none(row: str, shown_by: str):
    named = set(NAMED.findall(shown_by))
    assert named or "`make check`" in shown_by or shown_by.startswith("none yet")
    assert named <= known_tests(), named - known_tests()


def test_a_test_named_after_a_class_stands_in_it():
    shown = {row: set(NAMED.findall(shown_by)) for row, shown_by in page()}
    named = [name for name in known_tests() if re.match(r"test_s\d\d_", name)]
    assert len(named) > 20
    assert [name for name in named if name not in shown[name[5:8].upper()]] == []


def named_in_tests() -> dict[str, set[str]]:
    """Every advisory that a test says it tries, and these tests."""
    found = defaultdict(set)
    for file in (PROJECT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for advisory in ADVISORY.findall(ast.get_docstring(node) or ""):
                    found[advisory].add(node.name)
    return found


def test_every_advisory_is_named_by_the_test_that_tries_it():
    rows = ADVISORY_ROW.findall((PROJECT / "docs/security.md").read_text())
    listed = {advisory: set(NAMED.findall(shown_by)) for advisory, shown_by in rows}

    assert len(rows) == len(listed) > 20
    assert listed == named_in_tests()
