"""docs/reliability.md names every fault and every rule, and tests that exist."""

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
ROW = re.compile(r"^\| ([FR]\d\d) \|.*\| (.*) \|$", re.MULTILINE)
NAMED = re.compile(r"`(test_\w+)`")
ROWS = [f"F{number:02}" for number in range(1, 46)] + [f"R{number:02}" for number in range(1, 40)]


def page() -> list[tuple[str, str]]:
    return ROW.findall((PROJECT / "docs/reliability.md").read_text())


@cache
def known_tests() -> set[str]:
    return {
        node.name
        for file in (PROJECT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_every_fault_and_every_rule_stands_there_once():
    assert [row for row, _ in page()] == ROWS


@pytest.mark.parametrize(("row", "shown_by"), page(), ids=[row for row, _ in page()])
def test_a_row_names_tests_that_exist_or_says_that_there_is_none(row: str, shown_by: str):
    named = set(NAMED.findall(shown_by))
    assert named or shown_by.startswith("none yet")
    assert named <= known_tests()
    if named and row.startswith("F"):
        assert any(name.startswith(f"test_{row.lower()}_") for name in named), "one is named after the fault"


def test_a_test_named_after_a_row_stands_in_it():
    shown = {row: set(NAMED.findall(shown_by)) for row, shown_by in page()}
    named = [name for name in known_tests() if re.match(r"test_[fr]\d\d_", name)]
    assert len(named) > 20
    assert [name for name in named if name not in shown[name[5:8].upper()]] == []


def test_a_blind_except_is_refused_by_the_linter():
    blind = "try:\n    pass\nexcept Exception:\n    value = 0\n"
    command = [sys.executable, "-m", "ruff", "check", "--stdin-filename", "storagenode/store/blind.py", "-"]
    done = subprocess.run(command, input=blind, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert "BLE001" in done.stdout
