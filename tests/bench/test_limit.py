"""The bare processes move real bytes: a limit that skipped its work would flatter nobody."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from bench.limit import Limit
from bench.payload import CHUNK_BYTES, SMALL_BYTES, Payload, random_block
from bench.processes import MemorySampler, cpu_seconds, cpu_since
from bench.small_requests import run_all
from bench.wire import request_head

CHUNKS = 6


def test_the_limit_keeps_two_files_of_each_chunk_and_gives_the_bytes_back(tmp_path: Path) -> None:
    payloads = [Payload(CHUNKS * CHUNK_BYTES, random_block()) for _ in range(2)]

    with Limit(tmp_path) as limit:
        assert limit.upload(payloads) > 0
        stored = [sorted(tmp_path.glob(f"bare-{number}/*")) for number in (1, 2)]
        assert [len(files) for files in stored] == [2 * CHUNKS, 2 * CHUNKS]
        assert [file.read_bytes() for file in stored[0][:CHUNKS]] == [bytes(c) for c in payloads[0].chunks()]
        assert stored[0][0].read_bytes() == stored[1][0].read_bytes()
        assert limit.download() > 0  # checks every chunk's stamp
        assert limit.read_ranges([(CHUNK_BYTES - 10, CHUNK_BYTES + 10), (0, 5)]) > 0  # compares the bytes
        assert limit.copy() > 0
        assert len(list(tmp_path.glob("bare-2/*"))) == 3 * CHUNKS
        limit.forget()
        assert not list(tmp_path.glob("bare-*/*"))


def test_the_limit_keeps_small_files_twice_and_gives_them_back(tmp_path: Path) -> None:
    bodies = [os.urandom(SMALL_BYTES) for _ in range(20)]
    paths = [f"/small/{number:05d}" for number in range(len(bodies))]
    puts = [request_head("PUT", path, "t", length=SMALL_BYTES) + bodies[n] for n, path in enumerate(paths)]
    gets = [request_head("GET", path, "t") for path in paths]
    got: dict[int, bytes] = {}

    with Limit(tmp_path) as limit:
        run_all(limit.files_port, puts, connections=3, status=201)
        for folder in ("bare-1", "bare-2"):
            stored = sorted((tmp_path / folder).iterdir())
            assert [file.read_bytes() for file in stored] == bodies
        run_all(limit.files_port, gets, connections=3, status=200, check=got.__setitem__)

    assert [got[number] for number in range(len(bodies))] == bodies


def test_the_limit_refuses_a_chunk_that_has_changed_on_its_disk(tmp_path: Path) -> None:
    payload = Payload(CHUNK_BYTES, random_block())

    with Limit(tmp_path) as limit:
        limit.upload([payload])
        for file in tmp_path.glob("bare-*/*"):
            file.write_bytes(bytes(CHUNK_BYTES))

        with pytest.raises(ConnectionError):
            limit.download()


def test_no_two_chunks_of_payloads_are_alike() -> None:
    block = random_block()
    chunks = [bytes(chunk) for _ in range(2) for chunk in Payload(CHUNKS * CHUNK_BYTES, block).chunks()]

    assert len(set(chunks)) == 2 * CHUNKS


def test_a_slice_is_what_the_chunks_hold_there() -> None:
    payload = Payload(3 * CHUNK_BYTES, random_block())
    whole = b"".join(payload.chunks())

    assert payload.slice(CHUNK_BYTES - 3, 2 * CHUNK_BYTES + 3) == whole[CHUNK_BYTES - 3 : 2 * CHUNK_BYTES + 3]


def test_cpu_and_memory_are_those_of_a_part_and_its_children() -> None:
    busy = "import os, sys; os.fork(); list(range(3_000_000)); print('held', flush=True); sys.stdin.read()"
    process = subprocess.Popen(
        ["python3", "-c", busy], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    )
    parts = {"node-1": process.pid}
    before = cpu_seconds(dict)
    try:
        assert process.stdout is not None
        held = b""
        while held.count(b"held") < 2:
            held += process.stdout.read(16)
        with MemorySampler(lambda: parts) as memory:
            deadline = time.monotonic() + 10
            while "all" not in memory.peak_bytes and time.monotonic() < deadline:
                time.sleep(0.01)
    finally:
        used = cpu_since(before, lambda: parts)
        process.communicate()

    assert used["node"] >= 0.02  # two processes, each some dozen milliseconds
    assert memory.peak_bytes["node"] == memory.peak_bytes["all"] > 4 * 2**20
