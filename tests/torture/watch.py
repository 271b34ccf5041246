"""Looks all the time at what the product thinks of its nodes and counts of its work.

Counters are read as Prometheus reads them, and rows where there is no counter; what a process had counted
since the last look is lost when it dies, so figures are at least so high.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.torture.faults import KINDS
from tests.torture.ground import Ground
from tests.torture.history import History
from tests.torture.nemesis import Injected

SEEN_DOWN = ("suspect", "offline")
HEALTH_SECONDS = 0.25
ROWS_SECONDS = 1.0
SCRAPE_SECONDS = 2.0
SCRAPE_TIMEOUT_SECONDS = 5
WAKE_SECONDS = 2.0
OF_GATEWAY = {
    "dfs_handed_off_copies_total": "copy handed off",
    "dfs_hedged_reads_total": "read hedged",
    "dfs_breaker_openings_total": "breaker opened",
    "dfs_doubted_copies_total": "doubted by a reader",
    "dfs_http_requests_total 503": "nothing promised (503)",
    "dfs_problems SAFE_MODE": "safe mode",
}
OF_NODES = {
    "dfsnode_requests_total 507": "no room said",
    "dfsnode_read_only": "store read-only",
    "dfsnode_quarantined_files": "put aside",
}
OF_ROWS = {
    "replicas_found_corrupt": "found corrupt",
    "replicas_found_missing": "found missing",
    "repaired_bytes": "bytes repaired",
}
OWN_ROUTES = ("readyz", "metrics")
"""Asked by the run itself."""
_CONDEMNED = "SELECT id FROM nodes_chunk WHERE state = 'condemned' ORDER BY condemned_at DESC LIMIT 1000"


@dataclass
class Rising:
    """Adds up by how much figures grew, whatever resets them on the way."""

    last: dict[tuple[str, str], float] = field(default_factory=dict)

    def grown(self, source: str, series: str, value: float) -> int:
        """Return by how much a series is higher than at the last look; a counter that fell began anew."""
        before = self.last.get((source, series), value)
        self.last[source, series] = value
        is_anew = value < before and series.partition(" ")[0].endswith("_total")
        return int(max(value if is_anew else value - before, 0))


class Watch:
    """Gathers evidence in threads of its own."""

    def __init__(self, ground: Ground, history: History) -> None:
        self.evidence: Counter[str] = Counter()
        """How often each defence was seen to act, or its measure."""
        self.repaired_bytes = 0
        self.repair_seconds = 0.0
        """In which bytes were repaired."""
        self._ground = ground
        self._history = history
        self._seen: list[tuple[float, str]] = []
        self._rising = Rising()
        self._condemned: list[object] = []
        self._rows_at = time.monotonic()

    def run(self, stopped: threading.Event) -> None:
        """Look until told to stop."""
        loops = [
            (self._look_at_health, HEALTH_SECONDS),
            (self._look_at_rows, ROWS_SECONDS),
            (self._scrape, SCRAPE_SECONDS),
        ]
        broken: list[BaseException] = []

        def repeat(look: Callable[[], None], seconds: float) -> None:
            try:
                while not stopped.wait(seconds):
                    look()
            except BaseException as error:  # noqa: BLE001  raised where all of them are waited for
                broken.append(error)

        threads = [threading.Thread(target=repeat, args=loop) for loop in loops]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if broken:
            raise broken[0]

    def seconds_to_suspect(self, faults: Sequence[Injected]) -> list[float]:
        """How long after it ceased to answer a node was seen to be down, of each absence that was waited for.

        One that was never seen counts with all of its time. Absences that began in another's wake are left
        out.
        """
        found = []
        for fault in faults:
            if not KINDS[fault.kind].is_absence or not fault.is_confirmed:
                continue
            of_node = [at for at, node in self._seen if node == fault.node]
            if any(at < fault.begin < at + WAKE_SECONDS for at in of_node):
                continue
            seen = [at for at in of_node if fault.begin < at < fault.end]
            found.append(min(seen, default=fault.end) - fault.begin)
        return found

    def _look_at_health(self) -> None:
        rows = self._ground.query("SELECT store_id, health FROM nodes_node")
        stores = self._ground.stores()
        now = self._history.now()
        for store_id, health in rows:
            if health in SEEN_DOWN and store_id in stores:
                self._seen.append((now, stores[store_id]))  # type: ignore[index]
                self.evidence["node suspected"] += 1

    def _look_at_rows(self) -> None:
        rows = dict(self._ground.query("SELECT name, value FROM nodes_counter"))
        now = time.monotonic()
        for name, shows in OF_ROWS.items():
            if grown := self._rising.grown("rows", name, float(str(rows.get(name, 0)))):
                self.evidence[shows] += grown
                if name == "repaired_bytes":
                    self.repaired_bytes += grown
                    self.repair_seconds += now - self._rows_at
        self._rows_at = now
        revived = "SELECT count(*) FROM nodes_chunk WHERE id = ANY(%s) AND state = 'live'"
        ((count,),) = self._ground.query(revived, (self._condemned,))
        self.evidence["condemned chunk revived"] += int(str(count))
        self._condemned = [row[0] for row in self._ground.query(_CONDEMNED)]

    def _scrape(self) -> None:
        self._count(self._ground.system.url, OF_GATEWAY)
        for port in self._ground.ports.values():
            self._count(f"http://127.0.0.1:{port}", OF_NODES)

    def _count(self, url: str, wanted: dict[str, str]) -> None:
        headers = {"Authorization": f"Bearer {self._ground.metrics_token}"}
        try:
            reply = requests.get(f"{url}/metrics", headers=headers, timeout=SCRAPE_TIMEOUT_SECONDS)
            reply.raise_for_status()
        except requests.RequestException:
            return  # it is being hurt: asked again
        found = dict.fromkeys(wanted, 0.0)
        for family in text_string_to_metric_families(reply.text):
            for sample in family.samples:
                if sample.labels.get("route") in OWN_ROUTES:
                    continue
                label = sample.labels.get("status") or sample.labels.get("code")
                for series in (sample.name, f"{sample.name} {label}"):
                    if series in wanted:
                        found[series] += sample.value
        for series, value in found.items():
            self.evidence[wanted[series]] += self._rising.grown(url, series, value)
