"""The API describes itself, and the page that shows it needs nothing from elsewhere."""

import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from dfsweb.openapi.errors import BY_NAME

WRITTEN = Path(__file__).parents[2] / "docs/openapi.yaml"


@pytest.fixture(scope="module")
def described(django_db_blocker):
    from django.test import Client

    reply = Client().get("/api/schema")
    assert reply.status_code == 200
    return yaml.safe_load(reply.content)


def test_it_is_openapi_3_1_and_names_both_ways_to_sign_in(described):
    assert described["openapi"] == "3.1.0"
    assert set(described["components"]["securitySchemes"]) == {"token", "session"}


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
    assert not [route for route in described["paths"] if route.endswith("/")]
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
    assert set(BY_NAME) <= {operation["operationId"] for operation in operations(described)}


def test_whoever_has_an_entry_already_is_told_its_etag(described):
    unchanged = [one["responses"]["304"] for one in operations(described) if "304" in one["responses"]]

    assert len(unchanged) >= 3
    assert all("ETag" in reply["headers"] for reply in unchanged)


def test_each_request_about_an_upload_is_told_that_it_has_ended(described):
    uploads, upload = (described["paths"][f"/api/v1/uploads{rest}"] for rest in ("", "/{upload_id}"))

    for operation in (uploads["post"], upload["head"], upload["patch"], upload["delete"]):
        assert "410" in operation["responses"], operation["operationId"]


def example_of(media, described):
    if "example" in media:
        return media["example"]
    example = next(iter(media["examples"].values()))
    if "$ref" in example:
        example = described["components"]["examples"][example["$ref"].rpartition("/")[2]]
    return example["value"]


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
        jsonschema.validate(
            example_of(one, described),
            {**one["schema"], "components": described["components"]},
            cls=jsonschema.Draft202012Validator,
            format_checker=jsonschema.FormatChecker(),
        )
