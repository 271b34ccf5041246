"""Benchmarks of the real system, as small as can be."""

from pathlib import Path

import pytest

from bench import crowd
from bench.__main__ import measure
from bench.payload import CHUNK_BYTES
from bench.stage import Amounts

pytestmark = pytest.mark.cluster

TINY = Amounts(
    transfer_bytes=8 * CHUNK_BYTES,
    memory_bytes=4 * CHUNK_BYTES,
    small_files=20,
    ranges=5,
    idle_seconds=1,
    entries=400,
    sparse_gib=2,
    crowd_seconds=1,
    crowd_file_bytes=CHUNK_BYTES,
    rounds=1,
)


def test_a_benchmark_measures_a_real_system_and_leaves_nothing_behind(tmp_path: Path) -> None:
    said: list[str] = []

    kinds = ("idle", "upload", "download", "small", "ranges", "memory")
    rows = measure("disk", tmp_path, kinds, TINY, said.append)

    assert {row.name for row in rows} == {
        *("upload 1 stream", "upload 4 streams", "download 1 stream", "download 4 streams"),
        *("20 files of 4 KiB up", "20 files of 4 KiB down", "5 ranges of 1 MiB", "memory: up and down"),
        "idle for 1 s",
    }
    for row in rows:
        assert row.seconds > 0
        assert row.cpu["gateway"] + row.cpu["node"] > 0 or row.name.startswith("idle"), row.name
        assert row.peak_bytes["all"] > row.peak_bytes["gateway"] > 0
        assert (row.ratio is None) is row.name.startswith(("idle", "memory"))
        assert (row.copies_seconds is not None) is (row.name.startswith("upload") or row.name.endswith(" up"))
    assert len(said) >= len(rows)
    assert not list(tmp_path.iterdir())


def test_a_benchmark_asks_a_crowded_system_and_one_with_a_large_tree(tmp_path: Path) -> None:
    rows = {row.name: row for row in measure("disk", tmp_path, ("crowd", "metadata"), TINY, lambda _: None)}

    in_the_crowd = {"first 100 while 10 upload", "first rows while 10 upload"}
    assert set(rows) > in_the_crowd | {
        *("first 100 of a large folder", "first 100 of a large folder, at the client"),
        *("first 100 with 4 readers", "100 deletions by batch"),
        *("search: a rare word", "search: a frequent word", "last MiB of 1 MiB", "last MiB of 2 GiB"),
    }
    assert all(row.seconds > 0 for row in rows.values())
    assert (
        rows["first 100 of a large folder"].seconds
        < rows["first 100 of a large folder, at the client"].seconds
    )
    assert all(rows[name].counts[crowd.UPLOADED] > 0 for name in in_the_crowd)
    assert not list(tmp_path.iterdir())
