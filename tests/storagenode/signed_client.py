"""A small signed client for one storage node, and what tests ask of it."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from blake3 import blake3

from storagenode.protocol import signing
from storagenode.protocol.names import chunk_name


def name_for(data: bytes) -> str:
    """Name a fresh replica of these bytes."""
    return chunk_name(blake3(data).digest(), uuid4())


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def code(self) -> str:
        return str(self.json["code"])


class SignedClient:
    """Sends signed requests over one kept connection."""

    def __init__(self, port: int, *, key: bytes, store_id: str) -> None:
        self.port = port
        self.key = key
        self.store_id = store_id
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def close(self) -> None:
        self.connection.close()

    def headers_for(self, method: str, target: str, body: bytes = b"", /, **changes: Any) -> dict[str, str]:
        path, _, query = target.partition("?")
        signed: dict[str, Any] = {
            "key": self.key,
            "store_id": self.store_id,
            "method": method,
            "path": path,
            "query": query,
            "body_digest": blake3(body).hexdigest(),
        }
        return signing.sign(**(signed | changes))

    def send(
        self, method: str, target: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        """Send one request as it is given, signed or not."""
        self.connection.request(method, target, body or None, headers or {})
        reply = self.connection.getresponse()
        content = reply.read()
        return Answer(reply.status, {k.lower(): v for k, v in reply.getheaders()}, content)

    def ask(self, method: str, target: str, body: bytes = b"", **headers: str) -> Answer:
        """Send one properly signed request."""
        return self.send(method, target, body, self.headers_for(method, target, body) | headers)

    def put(self, name: str, data: bytes) -> Answer:
        digest = name.partition("-")[0]
        path = f"/v1/chunks/{name}"
        headers = self.headers_for("PUT", path, body_digest=digest)
        headers["Content-Length"] = str(len(data))
        return self.send("PUT", path, data, headers)

    def post(self, path: str, payload: object) -> Answer:
        return self.ask("POST", path, json.dumps(payload).encode())
