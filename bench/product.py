"""A real dfsweb, started for one benchmark by the launcher, and what the measurements do with it."""

import json
import time
import urllib.request
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import requests

from bench.payload import Payload
from bench.streams import run_together
from bench.wire import Wire
from tests import expositions
from tests.system import System

STREAMS = 4
POLL_SECONDS = 0.25  # a look costs the gateway some milliseconds
STANDSTILL_SECONDS = 90
# As on any machine, but a node that stays away is given up as soon as its absence is certain, and repair has
# no limit: what is measured is how fast it could be.
ENVIRONMENT = {"REPAIR_AFTER_SECONDS": "5", "REPAIR_BYTES_PER_SECOND": "0"}
# What purging, the grace period and reclaiming do in days, at once: the rounds must fit into memory.
EMPTY_NOW = """
import time
from datetime import timedelta
from django.db.models.functions import Now
from files import purging
from nodes import reclaim
from nodes.models import Chunk
deadline = time.monotonic() + %d
while Chunk.objects.exists() and time.monotonic() < deadline:  # again where a worker was at some of them
    while purging.sweep():
        pass
    while reclaim.reclaim(is_confirmed=True):
        pass
    Chunk.objects.filter(state=Chunk.State.CONDEMNED).update(condemned_at=Now() - timedelta(days=365))
"""


class Product:
    """A running system with an admin's token; a context manager that stops it."""

    def __init__(self, folder: Path) -> None:
        self.system = System(folder / "data", env=ENVIRONMENT)
        self.wires: list[Wire] = []

    def __enter__(self) -> "Product":
        self.system.start()
        try:
            self.token = self._sign_in()
            self.connect_anew()
        except BaseException:
            self.system.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hang_up()
        self.system.__exit__(kind, error, trace)

    def connect_anew(self) -> None:
        """Open the connections; those that were idle for long are closed by the gateway."""
        self._hang_up()
        self.wires = [Wire(self.system.port, self.token) for _ in range(STREAMS)]

    def _hang_up(self) -> None:
        for wire in self.wires:
            wire.close()
        self.wires = []

    def parts(self) -> Mapping[str, int]:
        """The first process of each part, the launcher included."""
        leaders: dict[str, int] = json.loads((self.system.data / "run/processes.json").read_text())
        return {**leaders, "launcher": self.system.launcher.pid}

    def upload(self, files: Mapping[str, Payload]) -> float:
        """PUT the files at once, one stream each; returns the seconds until all were acknowledged."""
        pairs = zip(self.wires, files.items(), strict=False)
        return run_together([partial(wire.upload, path, payload) for wire, (path, payload) in pairs])

    def download(self, files: Mapping[str, Payload]) -> float:
        """GET the files at once, one stream each; returns the seconds until all had come."""
        pairs = zip(self.wires, files.items(), strict=False)
        return run_together([partial(wire.download, path, payload) for wire, (path, payload) in pairs])

    def read_ranges(self, path: str, payload: Payload, ranges: Sequence[tuple[int, int]]) -> float:
        """GET ranges of a file one after the other, compare them, and return the seconds."""

        def read() -> None:
            for start, stop in ranges:
                assert self.wires[0].read_range(path, start, stop) == payload.slice(start, stop)

        return run_together([read])

    def cluster(self) -> dict[str, Any]:
        """Return what the cluster says of itself."""
        told: dict[str, Any] = self.wires[0].call("GET", "/api/v1/cluster")
        return told

    def seconds_taken(self, route: str) -> float:
        """Return how long the gateway has taken for all GETs of a route, as it tells Prometheus."""
        families = expositions.scraped(self.system.url, self.system.environment["METRICS_TOKEN"])
        name = "dfs_http_request_duration_seconds_sum"
        return expositions.value(families, name, route=route, method="GET")

    def wait_for_copies(self, *, since: float | None = None) -> float:
        """Wait until every chunk has all its copies; returns the seconds `since` (default: now)."""
        began_at = time.monotonic() if since is None else since
        fewest, fewest_at = None, began_at
        while left := self.cluster()["under_replicated"]:
            if fewest is None or left < fewest:
                fewest, fewest_at = left, time.monotonic()
            if time.monotonic() > fewest_at + STANDSTILL_SECONDS:
                raise RuntimeError(f"{left} chunks lack copies and {STANDSTILL_SECONDS} s made none of them")
            time.sleep(POLL_SECONDS)
        return time.monotonic() - began_at

    def create_folder(self, name: str) -> str:
        """Make a folder in the root; returns its id."""
        made = self.wires[0].call("POST", "/api/v1/entries", {"kind": "folder", "name": name}, good=(201,))
        return str(made["id"])

    def browser_session(self) -> str:
        """Sign in as a browser does; returns the session's cookie."""
        with requests.Session() as browser:
            address = f"{self.system.url}/sign-in"
            browser.get(address).raise_for_status()
            fields = {"username": "admin", "password": self.system.admin_password}
            secret = {"csrfmiddlewaretoken": browser.cookies["csrftoken"]}
            browser.post(address, {**fields, **secret}).raise_for_status()
            return browser.cookies["sessionid"]

    def purge(self, paths: Sequence[str]) -> None:
        """Delete files or folders for good and have every chunk nobody needs leave the nodes.

        Connects anew afterwards: many thousands of chunks take longer than an idle connection lives.
        """
        for path in paths:
            self.wires[0].call("DELETE", f"/api/v1/content/{path}?permanent=true", good=(204,))
        self.system.manage("shell", "--verbosity", "0", "--command", EMPTY_NOW % STANDSTILL_SECONDS)
        self.connect_anew()
        if left := self.cluster()["chunks"]:
            raise RuntimeError(f"{left} chunks are still there")

    def _sign_in(self) -> str:
        message = {"username": "admin", "password": self.system.admin_password, "name": "bench"}
        request = urllib.request.Request(
            f"{self.system.url}/api/v1/auth/tokens",
            data=json.dumps(message).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as reply:
            return str(json.load(reply)["token"])
