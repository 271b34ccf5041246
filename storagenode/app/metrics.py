"""What the node counts about itself, in the text format of Prometheus."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator

from storagenode.store.chunks import ChunkStore
from storagenode.version import VERSION

BUCKETS_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_METHODS = {"GET", "HEAD", "PUT", "POST", "DELETE"}


class Durations:
    """How long requests took: a count for each bucket, the last for all that is longer, and the sum."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS_SECONDS) + 1)
        self.sum_seconds = 0.0

    def note(self, seconds: float) -> None:
        self.counts[bisect_left(BUCKETS_SECONDS, seconds)] += 1
        self.sum_seconds += seconds


class Metrics:
    """Counters since the start, safe to raise from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, int]] = Counter()
        self._durations: dict[str, Durations] = {}
        self.received_bytes = 0
        self.sent_bytes = 0

    def note(self, *, method: str, status: int, seconds: float, bytes_in: int, bytes_out: int) -> None:
        """Count one request."""
        method = method if method in _METHODS else "other"  # a client must not invent time series
        with self._lock:
            self._requests[method, status] += 1
            self._durations.setdefault(method, Durations()).note(seconds)
            self.received_bytes += bytes_in
            self.sent_bytes += bytes_out

    def text(self, store: ChunkStore) -> bytes:
        """Write all figures down."""
        lines = [
            *_one("build_info", "gauge", "What runs here.", 1, labels=f'{{version="{VERSION}"}}'),
            *self._of_requests(),
            *_one("chunks", "gauge", "Chunk files.", store.tally.chunks),
            *_one("used_bytes", "gauge", "Bytes of the chunk files.", store.tally.used_bytes),
            *_one("quarantined_files", "gauge", "Bad chunk files put aside.", len(store.quarantine)),
            *_one("free_bytes", "gauge", "What may still be stored.", store.room.free_bytes()),
            *_one("capacity_bytes", "gauge", "Size of the file system.", store.room.capacity_bytes()),
            *_one(
                "read_only",
                "gauge",
                "Whether the disk failed to keep something, so that nothing is written.",
                int(store.read_only_reason is not None),
            ),
        ]
        return ("\n".join(lines) + "\n").encode()

    def _of_requests(self) -> Iterator[str]:
        with self._lock:
            yield from _head("requests_total", "counter", "Requests by what was answered.")
            for (method, status), count in sorted(self._requests.items()):
                yield f'dfsnode_requests_total{{method="{method}",status="{status}"}} {count}'
            name = "request_duration_seconds"
            yield from _head(name, "histogram", "From the request's headers to the reply's.")
            for method, durations in sorted(self._durations.items()):
                below = 0
                for bound, count in zip((*BUCKETS_SECONDS, "+Inf"), durations.counts, strict=True):
                    below += count
                    yield f'dfsnode_{name}_bucket{{method="{method}",le="{bound}"}} {below}'
                yield f'dfsnode_{name}_sum{{method="{method}"}} {durations.sum_seconds:.6f}'
                yield f'dfsnode_{name}_count{{method="{method}"}} {below}'
            yield from _one("received_bytes_total", "counter", "Bodies of requests.", self.received_bytes)
            yield from _one("sent_bytes_total", "counter", "Bodies of replies.", self.sent_bytes)


def _head(name: str, kind: str, words: str) -> list[str]:
    return [f"# HELP dfsnode_{name} {words}", f"# TYPE dfsnode_{name} {kind}"]


def _one(name: str, kind: str, words: str, value: int, *, labels: str = "") -> list[str]:
    return [*_head(name, kind, words), f"dfsnode_{name}{labels} {value}"]
