"""`/metrics` of the gateway: who may read it, what it counts, how its series are bounded."""

import errno
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.db import OperationalError, connection
from django.http import FileResponse, HttpRequest, StreamingHttpResponse

from dfsweb import measuring
from dfsweb.launcher import gateway_children
from nodes import figures, measures
from nodes.figures import Figure
from nodes.problems import Code
from tests.dfsweb.test_health import node
from tests.expositions import parsed, value

PROJECT = Path(__file__).resolve().parents[2]
TOKEN = "scrape-me"
WORKER = """
import sys
from nodes import measures
measures.take_slot(int(sys.argv[1]))
from dfsweb import measuring
measuring.REQUESTS.labels("a", "GET", "200").inc(int(sys.argv[2]))
measuring.IN_PROGRESS.inc()
"""
READER = """
from prometheus_client import generate_latest
from nodes import measures
print(generate_latest(measures.gathered()).decode())
"""


@pytest.fixture(autouse=True)
def token(settings) -> None:
    settings.METRICS_TOKEN = TOKEN
    settings.CLUSTER_SECRET = "ab" * 32


def scrape(client, *, accept: str = ""):
    reply = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}", "Accept": accept})
    assert reply.status_code == 200, reply.content
    return parsed(reply.content.decode())


@pytest.mark.parametrize("given", [None, "Bearer wrong", "Bearer ", "Token scrape-me"])
def test_without_the_token_nobody_reads_it(client, given):
    headers = {} if given is None else {"Authorization": given}

    reply = client.get("/metrics", headers=headers)

    assert (reply.status_code, reply.json()["code"]) == (401, "scrape_denied")


def test_an_empty_token_lets_nobody_in(client, settings):
    settings.METRICS_TOKEN = ""

    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 401


def test_a_request_is_answered_though_there_is_no_room_to_measure_it(client, monkeypatch, caplog):
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    monkeypatch.setattr(measuring.REQUESTS, "labels", refuse)
    monkeypatch.setattr(measuring, "_requests", {})

    assert client.get("/healthz").status_code == 200
    assert "could not be measured" in caplog.text


@pytest.mark.django_db
def test_the_whole_exposition_keeps_the_conventions(client):
    node(1), node(2)
    client.get("/healthz"), client.get("/nowhere"), client.get("/api/v1/me")
    figures.add(dict.fromkeys(Figure, 1))

    families = scrape(client)

    assert value(families, "dfs_database_up") == 1
    assert value(families, "dfs_node_online", node="node-1") == 1
    assert value(families, "dfs_node_free_bytes", node="node-2") == 10**12
    assert {sample.labels["code"] for sample in families["dfs_problems"].samples} == set(Code)
    assert value(families, "dfs_problems", code="TOO_FEW_NODES") == 1
    counted = ("copies_made", "scrubbed_replicas", "copies_trimmed", "copies_rebalanced")
    assert all(value(families, f"dfs_{name}_total") == 1 for name in counted)
    assert value(families, "dfs_fill_difference_ratio") == 0
    assert value(families, "dfs_rebalance_left_bytes") == value(families, "dfs_surplus_waiting_chunks") == 0
    assert {"dfs_breaker_openings", "dfs_breakers_open"} <= set(families)


@pytest.mark.django_db
def test_the_newer_format_is_written_for_who_asks_for_it(client):
    headers = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/openmetrics-text; version=1.0.0"}

    reply = client.get("/metrics", headers=headers)

    assert reply["Content-Type"].startswith("application/openmetrics-text")
    assert reply.content.endswith(b"# EOF\n")


@pytest.mark.django_db
def test_every_request_is_counted_by_its_route_and_not_by_its_path(client):
    before = scrape(client)
    for number in range(3):
        client.get(f"/api/v1/entries/{number:08d}-0000-0000-0000-000000000000")
        client.get(f"/nowhere/{number}")
    client.generic("BREW", "/healthz")
    after = scrape(client)

    def grown(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    route = "api/v1/entries/<uuid:entry_id>"
    assert grown("dfs_http_requests_total", route=route, method="GET", status="401") == 3
    assert grown("dfs_http_request_duration_seconds_count", route=route, method="GET") == 3
    assert grown("dfs_http_requests_total", route="unknown", status="404") == 3
    assert grown("dfs_http_requests_total", route="healthz", method="other") == 1


@pytest.mark.django_db
def test_bodies_are_counted_as_far_as_they_were_taken_and_sent(client):
    before = scrape(client)
    client.post("/api/v1/auth/tokens", {"username": "nobody"}, content_type="application/json")
    client.get("/healthz"), client.head("/healthz")
    after = scrape(client)

    def grown(name: str, route: str) -> float:
        return value(after, name, route=route) - value(before, name, route=route)

    assert grown("dfs_http_received_bytes_total", "api/v1/auth/tokens") == len(b'{"username": "nobody"}')
    assert grown("dfs_http_sent_bytes_total", "healthz") == len(b"ok\n")


def answered(response) -> float:
    """Send one answer through the middleware as a server would, up to its second piece."""
    request = HttpRequest()
    request.method = "GET"
    request.resolver_match = SimpleNamespace(route="stream")
    _, sent = measuring._bytes.get("stream") or (None, None)
    before = 0 if sent is None else sent._value.get()
    reply = measuring.MeasureMiddleware(lambda _: response)(request)
    if not isinstance(reply, FileResponse):
        pieces = iter(reply)
        next(pieces), next(pieces)
    reply.close()
    return measuring._bytes["stream"][1]._value.get() - before


@pytest.mark.django_db(transaction=True)
def test_a_stream_that_ends_early_counts_what_was_sent():
    assert answered(StreamingHttpResponse(iter([b"1234", b"567", b"89"]))) == 7


@pytest.mark.django_db(transaction=True)
def test_a_stream_is_closed_when_its_reader_goes():
    @dataclass
    class Pieces:
        closed: list[bool] = field(default_factory=list)

        def __iter__(self):
            return iter([b"1", b"2", b"3"])

        def close(self) -> None:
            self.closed.append(True)

    pieces = Pieces()
    answered(StreamingHttpResponse(pieces))

    assert pieces.closed


@pytest.mark.django_db(transaction=True)
def test_a_file_that_the_server_sends_itself_stays_so(tmp_path):
    path = tmp_path / "style.css"
    path.write_bytes(b"body {}")
    response = FileResponse(path.open("rb"))

    assert answered(response) == 7
    assert response.file_to_stream is not None


@pytest.mark.django_db
def test_without_the_database_what_needs_none_is_told(client):
    def refuse(execute, sql, params, many, context):
        raise OperationalError("the connection is lost")

    with connection.execute_wrapper(refuse):
        families = scrape(client)

    assert value(families, "dfs_database_up") == 0
    assert "dfs_http_requests" in families
    assert "dfs_chunks" not in families


def run(folder: Path, program: str, *arguments: str) -> str:
    env = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(folder)}
    script = f"import django; django.setup()\n{program}"
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], env=env, cwd=PROJECT, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def test_a_process_goes_on_with_the_counters_of_the_one_whose_place_it_takes(tmp_path):
    run(tmp_path, WORKER, "0", "5")
    run(tmp_path, WORKER, "1", "3")
    files = {file.name for file in tmp_path.iterdir()}
    run(tmp_path, WORKER, "0", "2")

    families = parsed(run(tmp_path, READER))
    assert value(families, "dfs_http_requests_total", route="a") == 10
    assert value(families, "dfs_http_requests_in_progress") == 2, "what the dead had in hand is gone with it"
    assert {file.name for file in tmp_path.iterdir()} == files


def test_no_two_living_processes_share_a_slot(monkeypatch):
    monkeypatch.setattr(gateway_children.gc, "freeze", lambda: None)
    server = SimpleNamespace(WORKERS={})

    def fork(pid: int) -> int:
        worker = SimpleNamespace()
        gateway_children.pre_fork(server, worker)
        server.WORKERS[pid] = worker
        return worker.slot

    assert [fork(101), fork(102)] == [0, 1]
    del server.WORKERS[101]
    assert [fork(103), fork(104)] == [0, 2]


def test_alone_in_its_process_nothing_is_written_to_files():
    assert measures.FOLDER is None
    assert measures.gathered() is measures.REGISTRY
