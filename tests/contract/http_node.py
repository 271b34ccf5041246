"""The real storage node, spoken to over signed HTTP, behind the interface of the contract."""

from __future__ import annotations

from typing import Any

from tests.contract.chunk_node import NodeRefusal
from tests.storagenode.running_node import RunningNode
from tests.storagenode.signed_client import Answer


class HttpNode:
    """A running node as a ChunkNode."""

    def __init__(self, node: RunningNode) -> None:
        self._node = node
        self._client = node.ready_client()

    def put(self, name: str, data: bytes) -> int:
        return _check(self._client.put(name, data)).status

    def get(self, name: str, *, byte_range: str | None = None) -> bytes:
        extra = {"Range": byte_range} if byte_range else {}
        return _check(self._client.ask("GET", f"/v1/chunks/{name}", **extra)).content

    def head(self, name: str) -> int:
        answer = self._client.ask("HEAD", f"/v1/chunks/{name}")
        if answer.status != 200:  # HEAD has no body to carry the code
            raise NodeRefusal(answer.status, {404: "chunk_missing", 400: "bad_name"}[answer.status])
        return int(answer.headers["content-length"])

    def delete(self, name: str) -> None:
        assert _check(self._client.ask("DELETE", f"/v1/chunks/{name}")).status == 204

    def verify(self, names: list[str]) -> dict[str, str]:
        return dict(_check(self._client.post("/v1/verify", {"names": names})).json["results"])

    def quarantine(self, names: list[str], reason: str) -> dict[str, str]:
        payload = {"names": names, "reason": reason}
        return dict(_check(self._client.post("/v1/quarantine", payload)).json["results"])

    def list(self, *, after: str = "", limit: int = 1000, sizes: bool = False) -> dict[str, Any]:
        path = f"/v1/chunks?after={after}&limit={limit}" + "&sizes=1" * sizes
        return dict(_check(self._client.ask("GET", path)).json)

    def status(self) -> dict[str, Any]:
        return dict(_check(self._client.ask("GET", "/v1/status")).json)

    def probe(self, *, watermark: int = 0) -> dict[str, Any]:
        return dict(_check(self._client.post("/v1/probe", {"watermark": watermark})).json)

    def overwrite(self, name: str, data: bytes) -> None:
        self._node.chunk_file(name).write_bytes(data)

    def close(self) -> None:
        self._client.close()


def _check(answer: Answer) -> Answer:
    if answer.status >= 400:
        raise NodeRefusal(answer.status, answer.code)
    return answer
