"""The API describes itself, and the page that shows it needs nothing from elsewhere."""

import re
from pathlib import Path

import jsonschema
import pytest
import yaml
from django.http import HttpResponse, JsonResponse
from django.urls import resolve
from rest_framework.test import APIRequestFactory

from accounts.authentication import SessionAuthentication, TokenAuthentication
from dfsweb.api_errors import status_of
from nodes.api import JoinToken
from tests.described import address_of, differences
from tests.dfsweb import route_walk

WRITTEN = Path(__file__).parents[2] / "docs/openapi.yaml"


@pytest.fixture(scope="module")
def described(django_db_blocker):
    from django.test import Client

    reply = Client().get("/api/schema")
    assert reply.status_code == 200
    return yaml.safe_load(reply.content)


def test_it_is_openapi_3_1_and_names_both_ways_to_sign_in(described):
    assert described["openapi"] == "3.1.0"
    assert {"token", "session"} <= set(described["components"]["securitySchemes"])


def test_it_describes_the_account_routes(described):
    assert {"/api/v1/auth/register", "/api/v1/auth/tokens", "/api/v1/auth/tokens/{token_id}"} <= set(
        described["paths"]
    )


def test_no_two_operations_have_one_name(described):
    names = [
        operation["operationId"] for route in described["paths"].values() for operation in route.values()
    ]

    assert len(names) == len(set(names))
    assert "post_auth_tokens" in names


def test_no_route_of_the_api_ends_in_a_slash(described):
    assert not [route for route in described["paths"] if route.startswith("/api/") and route.endswith("/")]
    assert "/api/v1/paths" in described["paths"]


def test_the_page_loads_local_files_and_runs_no_inline_script(client):
    reply = client.get("/api/docs")
    script = client.get("/api/docs?script=")

    assert reply.status_code == script.status_code == 200
    sources = re.findall(r'(?:src|href)="([^"]+)"', reply.text)
    assert len(sources) >= 4
    assert all(source.startswith(("/static/", "/api/docs")) for source in sources)
    assert not re.search(r"<script>|<script[^>]*>[^<]", reply.text)
    assert script["Content-Type"].startswith("application/javascript")


def operations(described):
    return [operation for route in described["paths"].values() for operation in route.values()]


def test_what_is_served_is_what_is_written_down(described):
    assert described == yaml.safe_load(WRITTEN.read_text()), "make openapi"


def test_every_operation_has_a_summary_and_says_how_it_can_fail(described):
    for operation in operations(described):
        assert operation["summary"].endswith("."), operation["operationId"]
        assert {"400", "503"} <= set(operation["responses"]), operation["operationId"]


def test_every_refusal_names_its_codes_and_shows_each(described):
    replies = described["components"]["responses"].values()
    assert len(replies) > 40

    for reply in replies:
        (media,) = reply["content"].values()
        status, code = (media["schema"]["allOf"][1]["properties"][name] for name in ("status", "code"))
        assert list(media["examples"]) == code["enum"]
        assert {status_of(one) for one in code["enum"]} == {status["const"]}
        assert all(f"`{one}`" in reply["description"] for one in code["enum"])


def test_whoever_has_an_entry_already_is_told_its_etag(described):
    unchanged = [one["responses"]["304"] for one in operations(described) if "304" in one["responses"]]

    assert len(unchanged) >= 3
    assert all("ETag" in reply["headers"] for reply in unchanged)


def test_each_request_about_an_upload_is_told_that_it_has_ended(described):
    uploads, upload = (described["paths"][f"/api/v1/uploads{rest}"] for rest in ("", "/{upload_id}"))

    for operation in (uploads["post"], upload["head"], upload["patch"], upload["delete"]):
        assert "410" in operation["responses"], operation["operationId"]


def examples_of(media, described):
    if "example" in media:
        return [media["example"]]
    names = [one["$ref"].rpartition("/")[2] for one in media["examples"].values()]
    return [described["components"]["examples"][name]["value"] for name in names]


def test_every_shape_that_is_sent_has_an_example_and_each_is_right(described):
    parts = [
        part
        for operation in operations(described)
        for part in [operation.get("requestBody", {}), *operation["responses"].values()]
    ]
    parts += described["components"]["responses"].values()
    media = [one for part in parts for kind, one in part.get("content", {}).items() if "zip" not in kind]
    assert len(media) > 80

    for one in media:
        schema = {**one["schema"], "components": described["components"]}
        checks = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
        found = examples_of(one, described)
        assert found
        for example in found:
            checks.validate(example)


SIGNED_IN = [{"token": []}, {"session": []}]
SCHEMES = {TokenAuthentication: "token", SessionAuthentication: "session", JoinToken: "join"}
FOR_PROGRAMS = ("/api/v1/", "/healthz", "/readyz", "/metrics", "/s/{token}/files/")
OTHERWISE_KNOWN = {
    "GET /metrics": [{"scrape": []}],
    "POST /api/v1/nodes/announce": [{"join": []}],
} | {f"GET /s/{{token}}/files/{below}": [{}, {"link": []}] for below in ("", "{below}")}
"""What is asked for where nobody signs in."""


def labels(described):
    for path, item in described["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation.get("security", [])


def rows():
    """Return what an anonymous visitor is answered, by the labels of operations."""
    for method in (*route_walk.METHODS, "OPTIONS"):
        for route in route_walk.ROUTES:
            if row := route_walk.row_of(method, route):
                yield f"{method} {address_of(route)}", row.answers[0]


def test_every_address_for_programs_is_described(described):
    there = dict(labels(described))
    alias = "/api/v1/paths/"  # the empty path after a slash

    for label, _ in rows():
        method, path = label.split(" ")
        if path.startswith(FOR_PROGRAMS) and path != alias and method != "HEAD":  # which GET stands for
            assert label in there


def test_whoever_has_to_sign_in_is_told_so_and_nobody_else(described):
    answered = dict(rows())

    for label, security in labels(described):
        if label in answered and label not in OTHERWISE_KNOWN:
            assert (security == SIGNED_IN) == (answered[label] == 401), label


def test_the_security_that_is_told_is_that_of_each_view(described):
    """Of the plain views, which have no classes to ask, `test_every_route` knows what each answers."""
    seen = 0
    for label, security in labels(described):
        method, path = label.split(" ")
        view = getattr(resolve(re.sub(r"{(\w+)}", example_part, path)).func, "view_class", None)
        if view is None:
            continue
        asked = view()
        asked.setup(getattr(APIRequestFactory(), method.lower())(path))
        schemes = [{SCHEMES[type(one)]: []} for one in asked.get_authenticators()]
        assert (security or []) == schemes, label
        seen += 1

    assert seen > 50


def example_part(match):
    return {"path": "a", "number": "1", "node_id": "1"}.get(match[1], "01936f3e-8d4c-7a52-9b1e-3c5d7f9a1b2c")


def test_what_tells_a_scraper_a_node_or_a_links_visitor_from_others_is_told(described):
    told = dict(labels(described))

    assert {label: told[label] for label in OTHERWISE_KNOWN} == OTHERWISE_KNOWN
    used = {name for security in told.values() for one in security for name in one}
    assert used == set(described["components"]["securitySchemes"])


PROBLEM = {"type": "a", "title": "a", "detail": "a", "retryable": False, "request_id": "a"}


def problem(code):
    told = PROBLEM | {"code": code, "status": status_of(code)}
    return JsonResponse(told, status=told["status"], content_type="application/problem+json")


def test_each_story_is_told_of_an_answer_that_is_not_described():
    for answer in (
        HttpResponse(status=418),
        HttpResponse("a,b", content_type="text/csv"),
        JsonResponse({"id": "seven"}),
        problem("version_is_current"),
        problem("staff_only"),
    ):
        assert list(differences("GET", "/api/v1/me", answer))
    assert not list(differences("GET", "/api/v1/me", problem("scope_missing")))
