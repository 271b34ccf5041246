"""S25: whatever reads something of others is fuzzed here: a module that does and is not names its reason."""

import ast
from pathlib import Path

from tests.security import (
    test_bodies,
    test_client_parsers,
    test_form_bodies,
    test_hostile_server,
    test_made_up_tokens,
    test_node_parsers,
    test_parsers,
)
from tests.system import PROJECT

PACKAGES = ("accounts", "dfsclient", "dfsweb", "files", "nodes", "storagenode")
FUZZING = (
    *(test_bodies, test_client_parsers, test_form_bodies, test_hostile_server, test_made_up_tokens),
    *(test_node_parsers, test_parsers),
)
READING = {
    *("loads", "b64decode", "fromhex", "fromisoformat", "strptime", "parsedate_to_datetime", "unquote"),
    *("urlsplit", "urlparse", "parse_qs", "parse_qsl", "compile", "fullmatch", "findall", "unpack"),
    "read_json",
}
"""What is called to make sense of a text or of bytes."""
ELSEWHERE = {
    "accounts.sessions": "a row of our own",
    "dfsclient.uploads": "read by the client whom test_hostile_server answers",
    "dfsweb.checks": "the settings of who runs the service",
    "dfsweb.database.base": "what PostgreSQL answers",
    "dfsweb.env": "the settings of who runs the service",
    "dfsweb.launcher.data_folder": "a file of our own",
    "dfsweb.launcher.environment": "our own source",
    "dfsweb.openapi.addresses": "our own description",
    "files.cursors": "read by the cursors of lists, changes and searches",
    "files.form_upload": "read by the pages to which test_form_bodies sends forms",
    "files.templatetags.look": "our own pictures, and names as words",
    "files.zipping": "a file of our own",
}
"""Modules that no law here names, and what they read, or what fuzzes them then."""


def calls(source: str) -> set[str]:
    """Return the names of all that is called in a module, without what stands before the last dot."""
    called = [node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return {one.attr if isinstance(one, ast.Attribute) else getattr(one, "id", "") for one in called}


def imported(source: str) -> set[str]:
    """Return the modules that a module names in its imports."""
    named = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
    names = {f"{node.module}.{one.name}" for node in named for one in node.names}
    return names | {str(node.module) for node in named}


def sources() -> dict[str, str]:
    files = [file for package in PACKAGES for file in (PROJECT / package).rglob("*.py")]
    places = {file.relative_to(PROJECT): file for file in files if "migrations" not in file.parts}
    return {".".join(place.with_suffix("").parts): file.read_text() for place, file in places.items()}


def test_s25_each_module_that_reads_something_of_others_is_fuzzed_or_says_why_not():
    reading = {name for name, source in sources().items() if calls(source) & READING}
    fuzzed = {name for module in FUZZING for name in imported(Path(module.__file__).read_text())}
    assert len(reading & fuzzed) > 20
    assert sorted(reading - fuzzed) == sorted(ELSEWHERE)
