"""What every exposition must be, whoever writes it: text Prometheus can parse, by Prometheus' conventions.

https://prometheus.io/docs/practices/naming/
"""

import re

import requests
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

NO_BASE_UNIT = re.compile(r"_(ms|millis|milliseconds|minutes|hours|days|kb|mb|kib|mib|percent)(_|$)")
TOO_MANY = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}|[0-9a-f]{32}")
"""An id: there is no bound to how many series such labels make."""


def scraped(url: str, token: str) -> dict[str, Metric]:
    """Ask a gateway or a node as Prometheus does; returns the families by name, checked."""
    reply = requests.get(f"{url}/metrics", headers={"Authorization": f"Bearer {token}"}, timeout=120)
    assert reply.status_code == 200, reply.text
    return parsed(reply.text)


def parsed(text: str) -> dict[str, Metric]:
    """Parse an exposition and check it; returns its families by name."""
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert text.count("# HELP ") == text.count("# TYPE ") == len(families), "each family once, with its words"
    for name, family in families.items():
        assert re.fullmatch(r"[a-z][a-z0-9_]*", name), name
        assert name.startswith(("dfs_", "dfsnode_")), name
        assert family.type in ("counter", "gauge", "histogram"), (name, family.type)
        assert family.documentation.endswith("."), (name, family.documentation)
        assert not NO_BASE_UNIT.search(name), name
        assert not name.endswith("_total"), f"{name}: the parser takes it from counters alone"
        seen = set()
        for sample in family.samples:
            if family.type == "counter":
                assert sample.name == f"{name}_total"
                assert sample.value >= 0
            if family.type == "histogram":
                assert name.endswith(("_seconds", "_bytes"))
            key = sample.name, tuple(sorted(sample.labels.items()))
            assert key not in seen, f"{key} twice"
            seen.add(key)
            assert not any(TOO_MANY.search(value) for value in sample.labels.values()), sample
    return families


def value(families: dict[str, Metric], sample_name: str, **labels: str) -> float:
    """Return one sample's value; 0 where there is none, as for a counter that was never raised."""
    found = [
        sample.value
        for family in families.values()
        for sample in family.samples
        if sample.name == sample_name and labels.items() <= sample.labels.items()
    ]
    return sum(found)
