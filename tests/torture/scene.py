"""What a fault is given: where it happens, for how long, and how it learns that it truly happened."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.fault_proxy import FaultProxy
from tests.torture.atlas import Atlas
from tests.torture.ground import Ground

BACK_SECONDS = 600
"""How long a part may take to be back after a fault, on a machine that is busy with others."""
MEET_SECONDS = 15
"""How long a fault of a link waits for traffic to meet it."""


@dataclass
class Scene:
    """Where one fault happens."""

    ground: Ground
    atlas: Atlas
    rng: random.Random
    node: str
    hold_seconds: float
    missed_within_seconds: float = 0.0
    good_elsewhere: int = 1
    """So many good copies of a chunk must lie on other nodes before its file is spoilt."""

    @property
    def proxy(self) -> FaultProxy:
        return self.ground.proxies[self.node]

    def hold(self) -> None:
        """Let it last; what takes a node away lasts until the product has seen that, or should have."""
        time.sleep(self.hold_seconds)
        deadline = time.monotonic() + self.missed_within_seconds
        while time.monotonic() < deadline and not self.ground.is_missed(self.node):
            time.sleep(0.2)

    def start_nodes(self, *nodes: str) -> None:
        """Let nodes that were kept down start again, and wait until they serve: until then they are hurt."""
        for node in nodes:
            self.ground.system.start_node(node)
        for node in nodes:
            self.until_it_serves(node)

    def until_it_serves(self, node: str) -> None:
        self.wait_for(lambda: self.ground.serves(node), f"{node} to serve again")

    def wait_for(self, claim: Callable[[], object], what: str) -> None:
        self.ground.system.wait_for(claim, what=what, timeout_seconds=BACK_SECONDS)

    def until_met(self, count: Callable[[], int]) -> bool:
        """Hold until the fault's counter moves; tells whether it did."""
        before, deadline = count(), time.monotonic() + MEET_SECONDS
        self.hold()
        while count() == before and time.monotonic() < deadline:
            time.sleep(0.05)
        return count() > before
