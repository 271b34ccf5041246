"""Runs a real storage node as a process of its own, beside a gateway that hands out keys."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from storagenode.protocol import signing
from tests.storagenode.signed_client import SignedClient

SECRET = b"a cluster secret for tests only."
JOIN_TOKEN = "join-token-of-the-tests"
METRICS_TOKEN = "metrics-token-of-the-tests"
CLUSTER_ID = "cluster-of-the-tests"
PATIENCE_SECONDS = 120.0


def wait_until(is_true: Callable[[], Any], what: str) -> Any:
    """Wait for a condition; the test fails when it does not come."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if found := is_true():
            return found
        time.sleep(0.02)
    raise AssertionError(f"this never came: {what}")


class KeyGateway:
    """Answers announcements as a gateway does."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, dict[str, Any]]] = {}
        self.announced: list[dict[str, Any]] = []
        self.cluster_id = CLUSTER_ID
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                is_known = self.headers["Authorization"] == f"Bearer {JOIN_TOKEN}"
                status, answer = (
                    gateway.answer(json.loads(content)) if is_known else (403, {"detail": "token"})
                )
                text = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, format: str, *args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def answer(self, announced: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.announced.append(announced)
        store_id = announced["store_id"]
        keys = [signing.derive_key(SECRET, store_id, generation).hex() for generation in (1, 0)]
        usual = (
            201,
            {
                "node_id": "n1",
                "name": announced["name"],
                "cluster_id": self.cluster_id,
                "keys": keys,
                "duty": "active",
            },
        )
        return self.answers.get(store_id, usual)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class RunningNode:
    """One `python -m storagenode`."""

    def __init__(self, data: Path, *, gateway_url: str | None, **environ: str) -> None:
        self.data = data
        self.log = data.parent / f"{data.name}.log"
        self._port_file = data.parent / f"{data.name}.port"
        self._port_file.unlink(missing_ok=True)
        settings = {
            "NODE_DATA": str(data),
            "NODE_BIND": "127.0.0.1:0",
            "NODE_PORT_FILE": str(self._port_file),
            "JOIN_TOKEN": JOIN_TOKEN,
            "METRICS_TOKEN": METRICS_TOKEN,
            "RESERVE": "0",
        }
        if gateway_url:
            settings["GATEWAY_URL"] = gateway_url
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "storagenode"],
                env={"PATH": os.environ["PATH"]} | settings | environ,
                stderr=log,
                cwd=Path(__file__).parents[2],
                start_new_session=True,
            )

    def wait_for_exit(self) -> int:
        return self.process.wait(PATIENCE_SECONDS)

    def events(self, event: str) -> list[dict[str, Any]]:
        whole, _, _being_written = self.log.read_text().rpartition("\n")
        lines = (json.loads(line) for line in whole.splitlines())
        return [line for line in lines if line["event"] == event]

    @property
    def port(self) -> int:
        def read() -> str:
            assert self.process.poll() is None, self.log.read_text()
            return self._port_file.read_text() if self._port_file.exists() else ""

        return int(wait_until(read, "the node's port"))

    @property
    def store_id(self) -> str:
        return str(json.loads((self.data / "store.json").read_text())["store_id"])

    def client(self, *, generation: int = 1) -> SignedClient:
        """A client with the node's current key."""
        port = self.port
        key = signing.derive_key(SECRET, self.store_id, generation)
        return SignedClient(port, key=key, store_id=self.store_id)

    def ready_client(self) -> SignedClient:
        """A client of a node that has joined."""
        client = self.client()
        wait_until(lambda: client.ask("GET", "/v1/status").status == 200, "a node that serves")
        return client

    def chunk_file(self, name: str) -> Path:
        return self.data / "chunks" / name[:2] / name[2:4] / name

    def kill(self) -> None:
        """End the node and its worker without a word, as a power switch would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
