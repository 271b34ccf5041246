"""The clients: what they do, to which files, and how they judge what comes back. Only the public API is used.

Hot files are overwritten, deleted and read by everybody; cold ones are written once, read, copied, deleted
by one; shuttles are only ever renamed. Each reply is checked byte by byte at once, and in the history later.
"""

import random
import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote

import requests

from tests.cluster.client import Client
from tests.torture import content, resuming
from tests.torture.ground import CHUNK_BYTES
from tests.torture.history import History, Operation
from tests.torture.oracle import Read

FOLDERS = 8
HOT_FILES = 32
"""In each folder."""
SHUTTLES = 16
TIMEOUT_SECONDS = 60
SMALLEST_HOT_BYTES = 128
"""So much names its writer."""
MIX = {
    "put_small": 25,
    "put_chunks": 10,
    "tus": 5,
    "get": 25,
    "range": 10,
    "overwrite": 8,
    "rename": 5,
    "delete": 5,
    "list": 4,
    "dedup": 2,
    "copy": 1,
}
READS = {kind: MIX[kind] for kind in ("get", "range", "list")}
REFUSED = range(400, 500)
GONE_LATELY = 500
"""Of so many deleted contents some wait for their end, however long a busy worker takes to condemn them."""
SURELY_NOTHING = ("quorum_not_reached", "cluster_full", "too_many_transfers", "overloaded")
"""What a 5xx may say so that it is as clear a no as a 4xx."""


@dataclass
class Wrong:
    """Something a client saw that no history can excuse."""

    kind: str
    operation: int
    facts: str


@dataclass
class World:
    """What all clients share: the files there are, as far as clients were told, and what went wrong."""

    seed: int
    history: History
    client: Client
    cold: list[tuple[str, int]] = field(default_factory=list)
    gone: list[tuple[int, int]] = field(default_factory=list)
    """Operation and length of contents whose file was deleted: known bytes on their way out."""
    lengths: dict[int, int] = field(default_factory=dict)
    """How long the content is that an operation wrote."""
    wrong: list[Wrong] = field(default_factory=list)
    shuttles: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    spoilt: deque[str] = field(default_factory=deque)
    """Files with a spoilt copy: somebody should read them before scrub finds it."""
    seen: Counter[str] = field(default_factory=Counter)
    """How often clients saw a defence act."""
    rest: threading.Event = field(default_factory=threading.Event)
    """While it is set clients only read."""

    def prepare(self) -> None:
        """Make the folders and the shuttles."""
        for folder in [f"hot-{number}" for number in range(FOLDERS)] + ["cold", "shuttles"]:
            made = self.client.call("POST", "/entries", json={"kind": "folder", "path": folder})
            assert made.status_code == 201, made.text
        for number in range(SHUTTLES):
            op = self.history.invoke("rename", f"shuttle {number}", f"s{number}.0")
            entry = self.client.store(f"shuttles/s{number}.0", content.make(self.seed, op.number, 200))
            self.shuttles.append(str(entry["id"]))
            self.history.complete(op, "ok", status=201)

    def saw(self, defence: str) -> None:
        """Note that a client saw a defence act."""
        with self.lock:
            self.seen[defence] += 1

    def blame(self, kind: str, operation: Operation, facts: str) -> None:
        """Note what must never happen."""
        with self.lock:
            self.wrong.append(Wrong(kind, operation.number, f"{operation.register}: {facts}"))
        self.history.note("wrong", kind=kind, op=operation.number, facts=facts)


class Worker:
    """One client with connections of its own, acting by its own dice."""

    def __init__(self, world: World, number: int) -> None:
        self.world = world
        self.history = world.history
        self.client = world.client.another()
        self.rng = random.Random(world.seed * 1000 + number)
        self.number = number
        self.renames = 0

    def run(self, stopped: threading.Event) -> None:
        """Act until told to stop."""
        with self.client:
            while not stopped.is_set():
                mix = READS if self.world.rest.is_set() else MIX
                kind = self.rng.choices(list(mix), list(mix.values()))[0]
                act: Callable[[], bool] = getattr(self, kind)
                if not act():  # refused or unreachable: as a person would, not at once again
                    stopped.wait(self.rng.uniform(0.05, 0.3))

    # --- writes -----------------------------------------------------------------------------------------
    def put_small(self) -> bool:
        if self.rng.random() < 0.5:
            return self._put("put", self._hot_file(), self.rng.randrange(SMALLEST_HOT_BYTES, 20_000))
        length = self.rng.choice([0, 1, self.rng.randrange(2, 20_000)])
        return self._put("put", self.cold_file(), length)

    def put_chunks(self) -> bool:
        return self._put("put", self.cold_file(), self.many_chunks())

    def overwrite(self) -> bool:
        length = self.many_chunks() if self.rng.random() < 0.2 else self.rng.randrange(128, 20_000)
        return self._put("overwrite", self._hot_file(), length)

    def tus(self) -> bool:
        """Upload in parts with pauses."""
        return resuming.upload(self, self.cold_file(), self.many_chunks())

    def dedup(self) -> bool:
        """Write bytes that are stored already, or were until a moment ago, to a new place."""
        with self.world.lock:
            known = [(number, self.world.lengths[number]) for _, number in self.world.cold[-20:]]
            if self.world.gone and self.rng.random() < 0.7:
                known = self.world.gone[-GONE_LATELY:]
        if not known:
            return True
        number, length = self.rng.choice(known)
        op = self.history.invoke("dedup", self.cold_file(), number, length=length)
        return self._send(op, content.make(self.world.seed, number, length))

    def copy(self) -> bool:
        """Copy a file that nobody changes to a new place."""
        source = self._pick_cold()
        if source is None:
            return True
        path, number = source
        target = self.cold_file()
        op = self.history.invoke("copy", target, number, length=self.world.lengths[number])
        try:
            found = self.client.call("GET", f"/paths/{quote(path)}")
            if found.status_code != 200:
                return self.refused(op, found, "fail")
            asked = {"name": target.rpartition("/")[2]}
            reply = self.client.call("POST", f"/entries/{found.json()['id']}/copy", json=asked)
        except requests.RequestException as error:
            return self.end(op, "info", None, repr(error))
        return self.acknowledged(op, 201) if reply.status_code == 201 else self.refused(op, reply)

    def delete(self) -> bool:
        """Delete a hot file, or a cold one for ever, whichever way."""
        cold = None
        if self.rng.random() < 0.6:
            with self.world.lock:
                if len(self.world.cold) > 20:
                    cold = self.world.cold.pop(self.rng.randrange(len(self.world.cold)))
        path = cold[0] if cold else self._hot_file()
        kind = "purge" if cold or self.rng.random() < 0.5 else "delete"
        op = self.history.invoke(kind, path)
        address = f"/content/{quote(path)}" + ("?permanent=true" if kind == "purge" else "")
        try:
            reply = self.client.call("DELETE", address)
        except requests.RequestException as error:
            return self.end(op, "info", None, repr(error))
        if reply.status_code in (200, 204):
            if cold:
                with self.world.lock:
                    self.world.gone.append((cold[1], self.world.lengths[cold[1]]))
            return self.end(op, "ok", reply.status_code)
        if reply.status_code == 404:  # nothing was there: that is what was seen
            self.history.absences.append(Read(path, None, op.begin, self.history.now()))
        return self.refused(op, reply)

    def rename(self) -> bool:
        number = self.rng.randrange(SHUTTLES)
        self.renames += 1
        name = f"s{number}.{self.number}-{self.renames}"
        op = self.history.invoke("rename", f"shuttle {number}", name)
        try:
            reply = self.client.call("PATCH", f"/entries/{self.world.shuttles[number]}", json={"name": name})
        except requests.RequestException as error:
            return self.end(op, "info", None, repr(error))
        return self.end(op, "ok", 200) if reply.status_code == 200 else self.refused(op, reply)

    # --- reads ------------------------------------------------------------------------------------------
    def get(self) -> bool:
        try:
            return self.read(self.world.spoilt.popleft(), "get")
        except IndexError:
            return self.read(self._hot_file() if self.rng.random() < 0.5 else self._any_cold(), "get")

    def range(self) -> bool:
        path = self._hot_file() if self.rng.random() < 0.5 else self._any_cold()
        with self.world.lock:
            lengths = [self.world.lengths[number] for name, number in self.world.cold[-50:] if name == path]
        span = lengths[0] if lengths else 20_000
        start = self.rng.randrange(max(span - 128, 1))
        return self.read(path, "range", start=start, stop=start + self.rng.randrange(128, 200_000))

    def list(self) -> bool:
        """List a folder: which names are there, all at one moment."""
        if self.rng.random() < 0.5:
            return self.list_shuttles()
        return self.list_hot(f"hot-{self.rng.randrange(FOLDERS)}")

    def list_hot(self, folder: str) -> bool:
        """Note which hot files a folder does not show."""
        op = self.history.invoke("list", folder)
        names = self._names(op, folder)
        if names is None:
            return False
        for number in range(HOT_FILES):
            if (name := f"f{number}") not in names:
                self.history.absences.append(Read(f"{folder}/{name}", None, op.begin, op.end))
        return True

    def list_shuttles(self) -> bool:
        """Note the one name that each shuttle has."""
        op = self.history.invoke("list", "shuttles")
        names = self._names(op, "shuttles")
        if names is None:
            return False
        seen: dict[str, list[str]] = {f"s{number}": [] for number in range(SHUTTLES)}
        for name in names:
            seen.setdefault(name.partition(".")[0], []).append(name)
        for shuttle, held in seen.items():
            if len(held) != 1:
                self.world.blame("rename shows both names or neither", op, f"{shuttle} is {held}")
            for name in held:
                register = f"shuttle {shuttle[1:]}"
                self.history.absences.append(Read(register, name, op.begin, op.end))
        return True

    def read(self, path: str, kind: str, *, start: int = 0, stop: int | None = None) -> bool:
        """Read a file or some of it, checking every byte; what it held goes into the history."""
        op = self.history.invoke(kind, path)
        headers = {} if stop is None else {"Range": f"bytes={start}-{stop - 1}"}
        received = bytearray()
        try:
            with self.client.call(
                "GET", f"/content/{quote(path)}", headers=headers, stream=True, timeout=TIMEOUT_SECONDS
            ) as reply:
                status = reply.status_code
                if status in (200, 206):
                    for piece in reply.iter_content(CHUNK_BYTES):
                        received += piece
                else:
                    told = reply.text[:200]
                    self.look_at(op, reply)
        except requests.RequestException as error:
            self._check(op, bytes(received), start, is_cut=True)
            return self.end(op, "fail", None, f"cut after {len(received)} bytes: {error!r}")
        if status == 404:
            return self.end(op, "ok", status)
        if status == 416:
            return self.end(op, "ok", status, "no value")
        if status not in (200, 206):
            return self.end(op, "fail", status, told)
        self._check(op, bytes(received), start, is_cut=False, stop=stop)
        return self.end(op, "ok", status, op.detail)

    def _check(
        self, op: Operation, data: bytes, start: int, *, is_cut: bool, stop: int | None = None
    ) -> None:
        """Find out who wrote what came, and whether it is that to the byte."""
        seed, lengths = self.world.seed, self.world.lengths
        named = content.writers(seed, data, start)
        if len(named) > 1 or None in named:
            return self.world.blame("wrong bytes", op, f"bytes of {named} at {start}, {len(data)} bytes")
        candidates = named or self.history.written[op.register]  # too short to name its writer
        for number in candidates:
            if number not in lengths:
                continue
            end = lengths[number] if stop is None else min(stop, lengths[number])
            wanted = content.slice_of(seed, number, lengths[number], start, start + len(data))
            if data == wanted and (is_cut or start + len(data) == max(end, start)):
                op.value = number
                return None
        if is_cut and not named:
            return None
        return self.world.blame(
            "wrong bytes", op, f"{len(data)} bytes from {start}, named {named}: {data[:80]!r}"
        )

    def _names(self, op: Operation, folder: str) -> set[str] | None:
        try:
            reply = self.client.call("GET", f"/paths/{folder}?children=true&limit=1000")
        except requests.RequestException as error:
            self.end(op, "fail", None, repr(error))
            return None
        if reply.status_code != 200:
            self.refused(op, reply, "fail")
            return None
        page = reply.json()
        assert page["next"] is None, "a folder of this test fits a page"
        self.end(op, "ok", 200)
        return {entry["name"] for entry in page["results"]}

    # --- what they share --------------------------------------------------------------------------------
    def _put(self, kind: str, path: str, length: int) -> bool:
        op = self.history.invoke(kind, path, length=length)
        self.world.lengths[op.number] = length
        return self._send(op, content.make(self.world.seed, op.number, length))

    def _send(self, op: Operation, body: bytes) -> bool:
        try:
            reply = self.client.put(op.register, body)
        except requests.RequestException as error:
            return self.end(op, "info", None, repr(error))
        if reply.status_code in (200, 201):
            return self.acknowledged(op, reply.status_code)
        return self.refused(op, reply)

    def acknowledged(self, op: Operation, status: int) -> bool:
        self.end(op, "ok", status)
        assert isinstance(op.value, int)
        with self.world.lock:
            if op.register.startswith("cold/"):
                self.world.cold.append((op.register, op.value))
        return True

    def refused(self, op: Operation, reply: requests.Response, outcome: str = "") -> bool:
        """A 4xx is a clear no; a 5xx may have come after the deed, unless it says that it did not."""
        self.look_at(op, reply)
        is_clear = reply.status_code in REFUSED or _code_of(reply) in SURELY_NOTHING
        clear = "fail" if is_clear else "info"
        return self.end(op, outcome or clear, reply.status_code, reply.text[:200])

    def look_at(self, op: Operation, reply: requests.Response) -> None:
        if reply.status_code == 500:
            self.world.blame("an error nobody foresaw", op, reply.text[:300])

    def end(self, op: Operation, outcome: str, status: int | None, detail: str = "") -> bool:
        self.history.complete(op, outcome, status=status, detail=detail)
        return outcome == "ok"

    def _hot_file(self) -> str:
        """Some files are much hotter than others, so that clients meet."""
        number = int(FOLDERS * HOT_FILES * self.rng.random() ** 3)
        return f"hot-{number % FOLDERS}/f{number // FOLDERS}"

    def cold_file(self) -> str:
        return f"cold/c{self.number}-{self.rng.getrandbits(48):012x}"

    def _pick_cold(self) -> tuple[str, int] | None:
        with self.world.lock:
            return self.rng.choice(self.world.cold) if self.world.cold else None

    def _any_cold(self) -> str:
        picked = self._pick_cold()
        return picked[0] if picked else self._hot_file()

    def many_chunks(self) -> int:
        sizes = [CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, self.rng.randrange(2, 5 * CHUNK_BYTES)]
        return self.rng.choice(sizes)


def _code_of(reply: requests.Response) -> str:
    """What our own errors are called; a reply of something before the gateway has none."""
    if reply.headers.get("Content-Type", "").partition(";")[0] != "application/problem+json":
        return ""
    return str(reply.json()["code"])
