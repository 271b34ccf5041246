"""`pip install ./dfsclient` brings all of the client, and all that it needs."""

import ast
import importlib
import re
import sys
import tomllib
from pathlib import Path

import dfsclient

FOLDER = Path(dfsclient.__file__).parent
PROJECT = tomllib.loads((FOLDER / "pyproject.toml").read_text())
MODULES = [file for file in FOLDER.rglob("*.py") if ".build" not in file.parts]


def imported_by(module: Path) -> set[str]:
    """The packages that a module names, its own among them."""
    nodes = list(ast.walk(ast.parse(module.read_text())))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    return {name.partition(".")[0] for name in names}


def test_every_folder_with_modules_is_packed():
    held = {".".join(["dfsclient", *file.parent.relative_to(FOLDER).parts]) for file in MODULES}

    assert set(PROJECT["tool"]["setuptools"]["packages"]) == held


def test_what_it_imports_is_what_it_depends_on():
    imported = set().union(*map(imported_by, MODULES)) - sys.stdlib_module_names - {"dfsclient"}

    assert {re.split(r"[<>=~!]", needed)[0] for needed in PROJECT["project"]["dependencies"]} == imported


def test_its_command_and_its_version_are_found():
    module, _, name = PROJECT["project"]["scripts"]["dfs"].partition(":")
    assert callable(getattr(importlib.import_module(module), name))

    module, _, name = PROJECT["tool"]["setuptools"]["dynamic"]["version"]["attr"].rpartition(".")
    assert getattr(importlib.import_module(module), name)


def test_the_readme_names_all_that_the_library_does():
    told = set(re.findall(r"`(\w+)`", (FOLDER / "README.md").read_text()))

    assert {name for name in vars(dfsclient.Client) if not name.startswith("_")} <= told
