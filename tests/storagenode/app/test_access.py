"""Every route against every bad request: without a valid signature nothing is told and nothing happens."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from storagenode.app.routes import ROUTES
from storagenode.protocol import signing
from storagenode.version import VERSION
from tests.expositions import parsed, value
from tests.storagenode.running_node import JOIN_TOKEN, METRICS_TOKEN, SECRET, KeyGateway, RunningNode
from tests.storagenode.signed_client import SignedClient, name_for

DATA = b"holiday photo"
OPEN_ROUTES = {("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/metrics")}
SIGNED_ROUTES = sorted(
    {(method, path) for path, methods in ROUTES.items() for method in methods} - OPEN_ROUTES
)
UNKNOWN_ROUTES = [
    ("GET", "/"),
    ("GET", "/v1"),
    ("GET", "/v1/nothing"),
    ("PATCH", "/v1/status"),
    ("POST", "/healthz"),
    ("GET", "/v1/chunks/../../../etc/passwd"),
    ("GET", "/v1/%73tatus"),
    ("GET", "//v1/status"),
]
BODIES = {
    "/v1/verify": json.dumps({"names": []}).encode(),
    "/v1/quarantine": json.dumps({"names": [], "reason": "test"}).encode(),
}
BAD: dict[str, dict[str, Any]] = {
    "another key": {"key": b"another key"},
    "the user's own derivation": {"key": SECRET},
    "key of a past generation": {"key": "generation -1"},
    "another method": {"method": "OPTIONS"},
    "another path": {"path": "/v1/other"},
    "another query": {"query": "limit=1"},
    "another body": {"body_digest": "ab" * 32},
    "another store": {"store_id": "11111111-1111-1111-1111-111111111111"},
    "six minutes old": {"clock": lambda: time.time() - 360},
    "six minutes ahead": {"clock": lambda: time.time() + 360},
}
CODES = {"another store": "wrong_store", "six minutes old": "clock_skew", "six minutes ahead": "clock_skew"}


def concrete(path: str) -> str:
    return path.replace("{name}", name_for(DATA))


def body_for(method: str, path: str) -> bytes:
    return DATA if method == "PUT" else BODIES.get(path, b"")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory):
    gateway = KeyGateway()
    node = RunningNode(tmp_path_factory.mktemp("access") / "node", gateway_url=gateway.url)
    client = node.ready_client()
    yield client
    client.close()
    node.stop()
    gateway.close()


@pytest.mark.parametrize(("method", "path"), SIGNED_ROUTES)
def test_a_well_signed_request_is_let_in(shared: SignedClient, method: str, path: str):
    target = concrete(path)
    assert shared.ask(method, target, body_for(method, path)).status not in (401, 403, 405, 500)


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize(("method", "path"), SIGNED_ROUTES + UNKNOWN_ROUTES)
def test_a_wrongly_signed_request_is_refused(shared: SignedClient, method: str, path: str, bad: str):
    target, body = concrete(path), body_for(method, path)
    changes = dict(BAD[bad])
    if changes.get("key") == "generation -1":
        changes["key"] = signing.derive_key(SECRET, shared.store_id, 7)
    answer = shared.send(method, target, body, shared.headers_for(method, target, body, **changes))

    assert answer.status == 401
    if method != "HEAD":
        assert answer.code == CODES.get(bad, "bad_signature")
        assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Dfs1", "Dfs1 x", "Dfs9 store=a", f"Bearer {JOIN_TOKEN}", f"Bearer {METRICS_TOKEN}"],
)
@pytest.mark.parametrize(("method", "path"), SIGNED_ROUTES + UNKNOWN_ROUTES)
def test_an_unsigned_request_is_refused(
    shared: SignedClient, method: str, path: str, authorization: str | None
):
    """CVE-2026-40344: a kind of signature that was not looked at let anybody in."""
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = shared.send(method, concrete(path), body_for(method, path), headers)

    assert answer.status == 401
    if method != "HEAD":
        assert answer.code in ("unsigned", "bad_signature")


@pytest.mark.parametrize(("method", "path"), SIGNED_ROUTES)
def test_credentials_in_the_query_count_for_nothing(shared: SignedClient, method: str, path: str):
    target = concrete(path)
    signature = shared.headers_for(method, target)["Authorization"].replace(" ", "%20")
    assert shared.send(method, f"{target}?Authorization={signature}").status == 401


@pytest.mark.parametrize(("method", "path"), UNKNOWN_ROUTES)
def test_what_there_is_not_is_told_only_to_who_signs(shared: SignedClient, method: str, path: str):
    assert shared.ask(method, path).status in (400, 404, 405)


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_a_body_where_none_belongs_is_refused(shared: SignedClient, method: str):
    target = concrete("/v1/chunks/{name}")
    assert shared.send(method, target, b"more", shared.headers_for(method, target)).status == 401


def test_a_body_that_was_swapped_after_signing_is_refused(shared: SignedClient):
    body = json.dumps({"names": [name_for(b"a")]}).encode()
    headers = shared.headers_for("POST", "/v1/verify", body)
    assert shared.send("POST", "/v1/verify", body.replace(b"a", b"b"), headers).code == "bad_signature"


def test_a_replayed_put_is_harmless_and_a_replayed_delete_is_refused(shared: SignedClient):
    name = name_for(DATA)
    path = f"/v1/chunks/{name}"
    put = shared.headers_for("PUT", path, DATA)
    delete = shared.headers_for("DELETE", path)

    assert [shared.send("PUT", path, DATA, put).status for _ in range(2)] == [201, 200]
    assert shared.send("DELETE", path, headers=delete).status == 204
    again = shared.send("DELETE", path, headers=delete)
    assert (again.status, again.code) == (401, "replayed")


def test_the_previous_key_is_still_valid(shared: SignedClient):
    previous = SignedClient(
        shared.port, key=signing.derive_key(SECRET, shared.store_id, 0), store_id=shared.store_id
    )
    assert previous.ask("GET", "/v1/status").status == 200
    previous.close()


def test_metrics_need_the_scrape_token_and_health_needs_nothing(shared: SignedClient):
    metrics = shared.send("GET", "/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"})

    assert metrics.status == 200
    families = parsed(metrics.content.decode())
    assert value(families, "dfsnode_request_duration_seconds_count") == value(
        families, "dfsnode_requests_total"
    )
    assert value(families, "dfsnode_build_info", version=VERSION) == 1
    assert value(families, "dfsnode_capacity_bytes") > value(families, "dfsnode_free_bytes") > 0
    wanted = {"received_bytes", "sent_bytes", "chunks", "used_bytes", "quarantined_files", "read_only"}
    assert {f"dfsnode_{name}" for name in wanted} <= set(families)
    assert shared.send("GET", "/metrics").code == "scrape_denied"
    assert shared.ask("GET", "/metrics").code == "scrape_denied"
    assert shared.send("GET", "/healthz").content == b"ok\n"
