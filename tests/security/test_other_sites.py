"""S09, S18, S19: what a page of another site can do with a signed-in browser, and what is left there."""

import ast
import re
from pathlib import Path

import pytest
from django.test import Client

from tests.dfsweb.route_walk import ROUTES, ROWS, ask, made_world, requests

PROJECT = Path(__file__).parents[2]
PACKAGES = ("accounts", "dfsweb", "files", "nodes")
EVIL = "https://evil.example"
OPEN_TO_ALL = {
    "POST api/v1/auth/register": "an account is made for whoever asks; no cookie counts",
    "POST api/v1/auth/tokens": "a password is asked for; no cookie counts",
    "POST api/v1/auth/password-reset": "a letter goes to the account's own address; no cookie counts",
    "POST api/v1/nodes/announce": "the join token is asked for; no cookie counts",
}
"""What changes something and asks for no proof that the page is ours, and why it need not."""
NOT_FOR_THIS_LINK = ("POST", "s/<str:token>/upload", 404)  # the world's link takes no files
EXEMPT = {
    "accounts/authentication.py": {"guarded"},
    "files/content_api.py": {"by_path"},
    "files/pages.py": {"upload_form"},
    "files/link_pages.py": {"upload"},
}
"""Where Django's own check is put off: each of them makes it itself, as the walk below shows."""
READ_ONLY = {
    "dfsweb/health.py": {"healthz", "readyz"},
    "dfsweb/metrics.py": {"metrics"},
    "files/link_files.py": {"by_name"},
}
"""Where it would only hide that there is no other method than GET."""


@pytest.fixture
def world(db, settings):
    settings.CLUSTER_SECRET = "ab" * 32
    made = made_world()
    for visitor, client in made.clients.items():
        if visitor != "anonymous":
            client.handler.enforce_csrf_checks = True
    return made


def test_s09_without_its_proof_no_route_lets_a_browser_change_anything(world):
    let_in = []
    for method, route, row in requests():
        if row is None or method in ("GET", "HEAD") or f"{method} {route}" in OPEN_TO_ALL:
            continue
        reply = ask(world, "admin", method, route, row)
        if reply.status_code != 403 and (method, route, reply.status_code) != NOT_FOR_THIS_LINK:
            let_in.append(f"{method} {route}: {reply.status_code}")

    assert not let_in, "\n".join(let_in)


def test_s09_the_check_is_put_off_in_named_places_alone():
    found: dict[str, set[str]] = {}
    closed: dict[str, set[str]] = {}
    for package in PACKAGES:
        for file in (PROJECT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.FunctionDef):
                    marks = {ast.unparse(mark) for mark in node.decorator_list}
                    if any("csrf_exempt" in mark for mark in marks):
                        kind = closed if "require_safe" in marks else found
                        kind.setdefault(str(file.relative_to(PROJECT)), set()).add(node.name)
    assert (found, closed) == (EXEMPT, READ_ONLY)


def test_s09_no_other_site_may_read_an_answer_and_no_get_changes_anything(world):
    for route in ROUTES:
        reply = ask(world, "admin", "GET", route, ROWS.get(f"GET {route}"))
        assert not [name for name, _ in reply.items() if name.lower().startswith("access-control-")], route
    client: Client = world.clients["owner"]
    for address in ("/api/v1/entries", "/api/v1/uploads", "/api/v1/content/a", "/"):
        for method in ("OPTIONS", "GET"):
            asked = {"Origin": EVIL, "Access-Control-Request-Method": "PUT"}
            reply = client.generic(method, address, headers=asked)
            assert not [name for name, _ in reply.items() if name.lower().startswith("access-control-")]


@pytest.mark.parametrize("visitor", ["owner", "admin"])
def test_s18_nothing_private_is_kept_by_a_cache_or_told_to_the_next_site(world, visitor):
    for method, route, row in requests():
        if row is None or method not in ("GET", "HEAD"):
            continue
        reply = ask(world, visitor, method, route, row)
        said = (method, route, dict(reply.items()))
        kept = set(reply["Cache-Control"].split(", "))
        assert "no-store" in kept or "private" in kept, said
        assert "public" not in kept, said
        assert reply["Referrer-Policy"] in ("same-origin", "no-referrer"), said
        assert reply["X-Content-Type-Options"] == "nosniff", said
        assert reply["X-Frame-Options"] == "DENY", said
        if reply.get("Content-Type", "").startswith("text/html") and reply.status_code == 200:
            policy = reply["Content-Security-Policy"]
            assert "unsafe-inline" not in policy and "frame-ancestors 'none'" in policy, said


RUNS_TEXT = re.compile(r"\beval\(|document\.write|new Function\(|insertAdjacentHTML|outerHTML\s*=")
MARKED_SAFE = {"files/templatetags/look.py", "files/templatetags/rows.py"}
INNER_HTML = {
    "static/js/page.js": 1,  # an icon of our own
    "static/js/api.js": 1,  # a page of the server's, in a template that runs nothing
    "static/js/preview/texts.js": 2,  # what the two libraries escape
}


def test_s19_markup_is_written_in_named_places_alone():
    for template in (PROJECT / "templates").rglob("*.html"):
        text = template.read_text()
        assert not re.search(r"\|\s*safe\b|autoescape\s+off|<script>|\son[a-z]+=", text), template
    for package in PACKAGES:
        for file in (PROJECT / package).rglob("*.py"):
            if re.search(r"\bmark_safe\(|SafeString\(", file.read_text()):
                assert str(file.relative_to(PROJECT)) in MARKED_SAFE
    found = {}
    for script in (PROJECT / "static/js").rglob("*.js"):
        text = script.read_text()
        assert not RUNS_TEXT.search(text), script
        if count := len(re.findall(r"\.innerHTML\s*\+?=", text)):
            found[str(script.relative_to(PROJECT))] = count
    assert found == INNER_HTML
