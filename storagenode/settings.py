"""What a storage node is told by its environment, read once and typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from storagenode.errors import StoreRefused

DEFAULT_BIND = "127.0.0.1:8100"

GIB = 1024**3
RESERVE_BYTES = GIB
RESERVE_SHARE = 0.05


@dataclass(frozen=True)
class Settings:
    """The environment of one node; tokens never show in its repr."""

    data: Path
    host: str
    port: int
    url: str | None
    name: str
    zone: str
    gateway_url: str | None
    port_file: Path | None
    require_mount: bool
    reserve: str
    join_token: str = field(repr=False)
    metrics_token: str = field(repr=False)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read the settings; raises StoreRefused with one sentence a person can act on."""
        if not environ.get("NODE_DATA"):
            raise StoreRefused("NODE_DATA is not set: name the folder in which this node keeps its chunks.")
        data = Path(environ["NODE_DATA"]).absolute()
        name = environ.get("NODE_NAME") or data.name
        host, port = _split_bind(environ.get("NODE_BIND") or DEFAULT_BIND)
        reserve = environ.get("RESERVE") or "larger"
        if reserve not in ("larger", "smaller") and not reserve.isdecimal():
            raise StoreRefused(f"RESERVE is {reserve!r}: it must be larger, smaller or a number of bytes.")
        return cls(
            data=data,
            host=host,
            port=port,
            url=environ.get("NODE_URL") or None,
            name=name,
            zone=environ.get("NODE_ZONE") or name,
            gateway_url=environ.get("GATEWAY_URL") or None,
            port_file=Path(environ["NODE_PORT_FILE"]) if environ.get("NODE_PORT_FILE") else None,
            require_mount=environ.get("REQUIRE_MOUNT", "0") in ("1", "true", "True"),
            reserve=reserve,
            join_token=environ.get("JOIN_TOKEN", ""),
            metrics_token=environ.get("METRICS_TOKEN", ""),
        )


def reserve_bytes(reserve: str, capacity_bytes: int) -> int:
    """How many bytes of a file system stay free: a share and a fixed amount, the larger or the smaller."""
    share = int(capacity_bytes * RESERVE_SHARE)
    if reserve == "larger":
        return max(RESERVE_BYTES, share)
    if reserve == "smaller":
        return min(RESERVE_BYTES, share)
    return int(reserve)


def _split_bind(bind: str) -> tuple[str, int]:
    host, colon, port = bind.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        raise StoreRefused(f"NODE_BIND is {bind!r}: it must be host:port, for example {DEFAULT_BIND}.")
    return host.strip("[]"), int(port)
