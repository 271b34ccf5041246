"""What Prometheus reads of a running system: both gateway processes as one, the workers, every node."""

import psutil
import pytest

from tests.cluster.client import Client
from tests.expositions import scraped, value
from tests.system import System

pytestmark = pytest.mark.cluster

MIB = 2**20
FILES_A_PROCESS = 3  # counters, histograms, gauges


def scrape(system: System, url: str = "") -> dict:
    return scraped(url or system.url, system.environment["METRICS_TOKEN"])


def puts(families: dict) -> float:
    return value(
        families, "dfs_http_requests_total", route="api/v1/content/<path:path>", method="PUT", status="201"
    )


def test_requests_bytes_and_copies_are_counted_whichever_process_did_it(system: System, client: Client):
    before = scrape(system)
    content = bytes(3 * MIB)
    for number in range(20):  # on connections of their own: either process may take one
        with client.another() as other:
            other.store(f"metrics-{number}", content + b"%d" % number)
    with client.open("metrics-0") as pieces:
        read = sum(map(len, pieces))
    after = scrape(system)

    assert puts(after) - puts(before) == 20
    labels = {"route": "api/v1/content/<path:path>"}
    for sample, grown in (
        ("dfs_http_received_bytes_total", 20 * len(content)),
        ("dfs_http_sent_bytes_total", read),
    ):
        assert value(after, sample, **labels) - value(before, sample, **labels) >= grown

    def copied() -> bool:
        return (
            value(scrape(system), "dfs_copied_bytes_total")
            >= value(before, "dfs_copied_bytes_total") + 20 * 3 * MIB
        )

    system.wait_for(copied, what="the workers to count the third copies")
    assert value(scrape(system), "dfs_database_up") == 1


def test_a_killed_process_takes_no_counter_along_and_leaves_no_file(system: System, client: Client):
    client.store("metrics-kill.bin", b"before")
    before = puts(scrape(system))
    folder = system.data / "run/metrics"
    master, *workers = system.pids("gateway")
    victim = workers[0]

    for _ in range(3):
        process = psutil.Process(victim)
        process.kill()
        process.wait(timeout=120)
        system.wait_for(lambda: len(system.pids("gateway")) == 3, what="another process in its place")
        victim = system.pids("gateway")[-1]
    with client.another() as other:
        other.store("metrics-kill-2.bin", b"after")

    assert system.pids("gateway")[0] == master
    assert puts(scrape(system)) == before + 1
    assert len(list(folder.iterdir())) <= 3 * FILES_A_PROCESS  # two processes, and what their parent made


def test_every_node_tells_how_it_is(system: System, client: Client):
    client.store("metrics-node.bin", bytes(MIB))
    ports = [
        line.rsplit(":", 1)[1]
        for line in system.manage(
            "shell",
            "-v",
            "0",
            "-c",
            "from nodes.models import Node\nfor n in Node.objects.all(): print(n.url)",
        ).split()
    ]

    assert len(ports) == system.nodes
    for port in ports:
        families = scrape(system, f"http://127.0.0.1:{port}")
        assert value(families, "dfsnode_requests_total") > 0
        assert value(families, "dfsnode_capacity_bytes") > 0
