"""Announces the node to a gateway until it has keys, and again every minute, so that a moved URL is learnt.

The keys lie in the store, so that a node serves at once after a restart without any gateway.
"""

from __future__ import annotations

import json
import random
import threading
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from storagenode import log
from storagenode.app.access import Keys
from storagenode.errors import MarkerLost
from storagenode.store.chunks import ChunkStore
from storagenode.store.marker import KEYS, write_durably

ANNOUNCE_PATH = "/api/v1/nodes/announce"
TIMEOUT_SECONDS = 10.0
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
ANNOUNCE_SECONDS = 60.0
MAX_ANSWER_BYTES = 64 * 1024
KEY_BYTES = 32


class AnnounceFailed(Exception):
    """The gateway did not take the announcement; trying again may help."""


class StoreRejected(Exception):
    """The cluster will not have this store: it must not serve."""


@dataclass(frozen=True)
class Announcement:
    """What a node says of itself."""

    gateway_url: str
    url: str
    name: str
    zone: str
    join_token: str = field(repr=False)


class Joining:
    """Keeps the node's keys up to date in a thread of its own."""

    def __init__(self, *, data: Path, store: ChunkStore, keys: Keys, announcement: Announcement) -> None:
        self._path = data / KEYS
        self._store = store
        self._keys = keys
        self._announcement = announcement
        self._stopped = threading.Event()
        self._last_failure = ""

    def start(self) -> None:
        """Announce from now on."""
        threading.Thread(target=self._run, name="joining", daemon=True).start()

    def stop(self) -> None:
        """Announce no more."""
        self._stopped.set()

    def announce(self) -> None:
        """Announce once and take over the answer; raises AnnounceFailed, StoreRejected."""
        answer = self._post()
        self._store.watch.check()  # or the keys would be written beneath the mount of a disk that is gone
        marker = self._store.watch.marker
        cluster_id: str = answer["cluster_id"]
        if marker.cluster_id is not None and marker.cluster_id != cluster_id:
            raise StoreRejected(
                f"this store belongs to cluster {marker.cluster_id}, the gateway to {cluster_id}; "
                "point GATEWAY_URL at the right cluster, or give this node an empty folder"
            )
        keys: tuple[bytes, ...] = answer["keys"]
        if not keys:
            raise AnnounceFailed("the gateway sent no keys")
        if marker.cluster_id is None:
            self._store.watch.join(cluster_id)
        if load_keys(self._path, marker.store_id) != keys:
            content = {"store_id": marker.store_id, "keys": [key.hex() for key in keys]}
            write_durably(self._path, json.dumps(content).encode())
            log.info("keys_received", cluster_id=cluster_id, name=answer.get("name"), duty=answer.get("duty"))
        self._keys.replace(keys)

    def _run(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while not self._stopped.is_set():
            try:
                self.announce()
            except StoreRejected as rejection:
                self._keys.replace(())
                log.error("store_rejected", reason=str(rejection), serving=False)
                pause = LONGEST_PAUSE_SECONDS
            except (AnnounceFailed, MarkerLost, OSError) as failure:
                self._complain(f"{type(failure).__name__}: {failure}")
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            else:
                self._last_failure = ""
                pause = ANNOUNCE_SECONDS
            # Nodes that start together must not come back together.
            self._stopped.wait(pause * random.uniform(0.8, 1.2))

    def _post(self) -> dict[str, Any]:
        about = self._announcement
        target = urlsplit(about.gateway_url)
        is_secure = target.scheme == "https"
        connection = (HTTPSConnection if is_secure else HTTPConnection)(
            target.netloc, timeout=TIMEOUT_SECONDS
        )
        content = {
            "store_id": self._store.watch.marker.store_id,
            "url": about.url,
            "zone": about.zone,
            "name": about.name,
            "capacity_bytes": self._store.room.capacity_bytes(),
            "joined": self._store.watch.marker.cluster_id,
        }
        headers = {"Authorization": f"Bearer {about.join_token}", "Content-Type": "application/json"}
        try:
            connection.request("POST", target.path.rstrip("/") + ANNOUNCE_PATH, json.dumps(content), headers)
            reply = connection.getresponse()
            text = reply.read(MAX_ANSWER_BYTES)
        except (HTTPException, OSError) as error:
            raise AnnounceFailed(f"{about.gateway_url} cannot be asked: {error}") from error
        finally:
            connection.close()
        return self._understand(reply.status, text)

    def _understand(self, status: int, text: bytes) -> dict[str, Any]:
        try:
            answer = json.loads(text)
            detail = answer.get("detail", "")
        except (ValueError, AttributeError, RecursionError) as error:
            raise AnnounceFailed(f"the gateway answered {status} and no JSON object") from error
        if status == 409 and answer.get("code") == "store_foreign":
            raise StoreRejected(detail or "this store belongs to another cluster")
        if status == 409:
            raise StoreRejected(
                f"{detail or 'another node answers as this store'}; if this folder is a copy, empty it and"
                " start again as a new node; if the node moved, stop the old one first"
            )
        if status not in (200, 201):
            raise AnnounceFailed(f"the gateway answered {status}: {detail or 'no reason given'}")
        try:
            return {
                **answer,
                "keys": _read_keys(answer["keys"]),
                "cluster_id": _read_id(answer["cluster_id"]),
            }
        except (KeyError, TypeError, ValueError) as error:
            raise AnnounceFailed("the gateway's answer has no keys or no cluster") from error

    def _complain(self, failure: str) -> None:
        """Say it once, not at every try."""
        if failure != self._last_failure:
            log.warning("announce_failed", reason=failure)
            self._last_failure = failure


def load_keys(path: Path, store_id: str) -> tuple[bytes, ...]:
    """Read the keys kept for a store; none when there are none, or they are another store's."""
    try:
        content = json.loads(path.read_text())
        if content["store_id"] != store_id:
            return ()
        return _read_keys(content["keys"])
    except FileNotFoundError:
        return ()
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        log.warning("keys_unreadable", reason=str(error))
        return ()


def _read_keys(told: list[str]) -> tuple[bytes, ...]:
    """Raises ValueError or TypeError for what are no keys."""
    keys = tuple(bytes.fromhex(key) for key in told)
    if not isinstance(told, list) or any(len(key) != KEY_BYTES for key in keys):
        raise ValueError("no keys")
    return keys


def _read_id(told: str) -> str:
    if not isinstance(told, str):
        raise ValueError("no name of a cluster")
    return told.encode().decode()
