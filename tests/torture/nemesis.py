"""Hurts the system: draws faults within a budget, heals each, and keeps account of what truly happened.

`safe`: any passing faults, two at a time, and lasting ones that leave every chunk a good copy. `single`: one
node at a time, the next only when every chunk has all its copies again; then no read may fail. `overkill`:
most or all nodes at once, for a while; then much is refused, and still nothing lost or wrong.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import requests

from tests.system import SystemFailed
from tests.torture.atlas import Atlas
from tests.torture.faults import KINDS, Kind
from tests.torture.ground import Ground
from tests.torture.history import History
from tests.torture.scene import BACK_SECONDS, Scene

SAFE_LANES = 2
REST_AFTER_SECONDS = 15.0
"""When copies lag behind for so long, clients only read until the workers are done, however slow they are."""
_THIN = """
SELECT 1 FROM nodes_chunk c JOIN nodes_replica r ON r.chunk_id = c.id AND r.state = 'stored'
JOIN nodes_node n ON n.id = r.node_id
WHERE c.state = 'live' AND EXISTS (SELECT 1 FROM nodes_extent e WHERE e.chunk_id = c.id)
GROUP BY c.id HAVING count(*) FILTER (WHERE n.health = 'online')
    < CASE WHEN min(r.created_at) > now() - interval '20 s' THEN 2 ELSE 3 END LIMIT 1
"""
"""Clients write all the time: what is young has two copies, and the third is on its way."""


@dataclass(frozen=True, slots=True)
class Injected:
    """One fault that happened; `node` is None when it was none's alone. Times in seconds of the run."""

    kind: str
    hurts: str
    node: str | None
    begin: float
    end: float
    is_confirmed: bool
    budget: str


@dataclass
class Nemesis:
    """Draws the faults of a run."""

    ground: Ground
    atlas: Atlas
    history: History
    rng: random.Random
    wanted: int
    """How often each kind must have happened in each budget."""
    rest: threading.Event
    """Set while clients are to write nothing."""
    hold_scale: float = 1.0
    missed_within_seconds: float = 0.0
    """How long the absence of a node goes on at most until the product sees it."""
    focus: frozenset[str] = frozenset()
    """The kinds to draw from, where one of them may be drawn: what a run still lacks."""
    injected: list[Injected] = field(default_factory=list)
    recoveries: list[float] = field(default_factory=list)
    """Seconds from the healing of a fault to full replication, in the single budget."""
    broken: list[BaseException] = field(default_factory=list)
    _busy: set[str] = field(default_factory=set)
    _last: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def confirmed(self, budget: str | None = None) -> Counter[str]:
        """How often each kind truly happened."""
        return Counter(
            fault.kind for fault in self.injected if fault.is_confirmed and budget in (None, fault.budget)
        )

    def lacking(self, budget: str, kinds: Sequence[str]) -> list[str]:
        """Which kinds have not yet happened as often as wanted."""
        had = self.confirmed(budget)
        return [kind for kind in kinds if had[kind] < self.wanted]

    def run(self, budget: str, kinds: Sequence[str], stopped: threading.Event) -> None:
        """Hurt until told to stop; on return everything is healed."""
        lanes = SAFE_LANES if budget == "safe" else 1
        threads = [
            threading.Thread(
                target=self._lane,
                args=(budget, kinds, stopped, random.Random(self.rng.random())),
                daemon=True,  # who ends the run need not wait for a fault that waits
            )
            for _ in range(lanes)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _lane(self, budget: str, kinds: Sequence[str], stopped: threading.Event, rng: random.Random) -> None:
        try:
            while not stopped.is_set():
                self._once(budget, kinds, stopped, rng)
        except BaseException as error:  # noqa: BLE001  the run fails by it, in the thread that waits
            self.broken.append(error)
            stopped.set()

    def _once(self, budget: str, kinds: Sequence[str], stopped: threading.Event, rng: random.Random) -> None:
        if budget == "single":
            self._until_whole(stopped)
            if stopped.is_set():
                return
        drawn = self._draw(budget, kinds, rng)
        if drawn is None:
            stopped.wait(0.2)
            return
        kind, target = drawn
        try:
            low, high = kind.hold
            hold = rng.uniform(low, high) * self.hold_scale
            scene = Scene(
                self.ground,
                self.atlas,
                rng,
                target,
                hold,
                missed_within_seconds=self.missed_within_seconds if kind.is_absence else 0.0,
                good_elsewhere=2 if budget == "single" else 1,
            )
            node = target if kind.hurts == "node" else None
            begin = self.history.now()
            self.history.note("fault", kind=kind.name, node=node)
            done = kind.inject(scene)
            fault = Injected(kind.name, kind.hurts, node, begin, self.history.now(), done, budget)
            self.injected.append(fault)
            self.history.note("healed", kind=kind.name, node=node, confirmed=done)
        finally:
            with self._lock:
                self._busy -= {target, kind.name}
        self.retire_lost_stores()
        stopped.wait(rng.uniform(0.2, 1.5) * self.hold_scale)

    def _draw(self, budget: str, kinds: Sequence[str], rng: random.Random) -> tuple[Kind, str] | None:
        """Draw among the kinds that happened least; a node or a part is hurt by one fault at a time."""
        with self._lock:
            now = time.monotonic()
            had = Counter(fault.kind for fault in self.injected if fault.budget == budget)
            kinds = [name for name in kinds if name in self.focus] or kinds
            free = [
                KINDS[name]
                for name in kinds
                if name not in self._busy
                and KINDS[name].part not in self._busy
                and now - self._last.get(name, float("-inf")) >= KINDS[name].gap_seconds
            ]
            nodes = [node for node in self.ground.nodes if node not in self._busy]
            if not free or not nodes:
                return None
            fewest = min(had[kind.name] for kind in free)
            kind = rng.choice([kind for kind in free if had[kind.name] <= fewest + (rng.random() < 0.2)])
            target = rng.choice(nodes) if kind.hurts == "node" else kind.part
            self._busy |= {target, kind.name}
            self._last[kind.name] = now
            return kind, target

    def _until_whole(self, stopped: threading.Event) -> None:
        """Wait until every node is online and every chunk has all its copies."""
        began = time.monotonic()
        try:
            while not stopped.is_set():
                self.retire_lost_stores()
                if self._is_whole():
                    self.recoveries.append(time.monotonic() - began)
                    return
                lasts = time.monotonic() - began
                if lasts > REST_AFTER_SECONDS:
                    self.rest.set()
                if lasts > BACK_SECONDS:
                    raise SystemFailed(f"not whole after {BACK_SECONDS} s: {self.ground.unfinished()[:5]}")
                stopped.wait(0.3)
        finally:
            self.rest.clear()

    def _is_whole(self) -> bool:
        online = self.ground.online()
        active = {name for (name,) in self.ground.query("SELECT name FROM nodes_node WHERE duty = 'active'")}
        return active <= online and not self.ground.query(_THIN)

    def retire_lost_stores(self) -> None:
        """Retire stores that were wiped, as their owner does once nothing needs them."""
        if not self.atlas.wiped:
            return
        try:
            for node_id, store_id, duty in self.ground.query(
                "SELECT id, store_id, duty FROM nodes_node WHERE duty <> 'retired'"
            ):
                if store_id in self.atlas.wiped:
                    if duty == "active":
                        self.ground.admin.call("POST", f"/nodes/{node_id}/drain")
                    self.ground.admin.call("POST", f"/nodes/{node_id}/retire")
        except (requests.RequestException, OSError):
            return  # the gateway is away: tried again after the next fault
