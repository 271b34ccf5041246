"""Puts a fault proxy before a node of a living cluster, and has engine state of a test's own."""

from collections.abc import Iterator
from contextlib import contextmanager

from nodes.models import Node
from tests.fault_proxy import FaultProxy
from tests.nodes.living_cluster import Cluster


@contextmanager
def line_to(cluster: Cluster, name: str) -> Iterator[FaultProxy]:
    """Have everybody reach this node through a proxy, and ask it before all others."""
    with FaultProxy(cluster.running[name].port) as proxy:
        url = cluster.node(name).url
        cluster.update(name, url=proxy.url)
        ask_first(cluster, name)
        try:
            yield proxy
        finally:
            cluster.update(name, url=url)


def ask_first(cluster: Cluster, name: str) -> None:
    """Have readers and writers begin with this node."""
    Node.objects.update(latency_ms=100.0, free_bytes=2**30)
    cluster.update(name, latency_ms=0.0, free_bytes=2**62)
