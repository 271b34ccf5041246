"""A disk that cannot read what it holds: readers get the bytes from elsewhere, and they are copied again."""

import fcntl
import os
import struct
from pathlib import Path

import pytest

from nodes import health
from nodes.models import Node, Replica
from tests.faults.disks import LoopDisk
from tests.nodes.living_cluster import CHUNK_BYTES, chunk_of
from tests.nodes.slow_line import ask_first
from tests.nodes.test_replication import replicate_all
from tests.nodes.test_writing import some_bytes
from tests.storagenode.running_node import RunningNode

FIBMAP, FIGETBSZ = 1, 2


def lose_sectors_of(path: Path, disk: LoopDisk) -> None:
    """Take away the part of the disk where this file's bytes lie, and what memory still has of them."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
        block = struct.unpack("i", fcntl.ioctl(fd, FIBMAP, struct.pack("i", 0)))[0]
        block_bytes = struct.unpack("i", fcntl.ioctl(fd, FIGETBSZ, struct.pack("i", 0)))[0]
        assert block
        os.truncate(disk.image, block * block_bytes)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        with pytest.raises(OSError, match="Input/output"):
            os.read(fd, 1)
    finally:
        os.close(fd)


def test_f05_a_sector_that_cannot_be_read_costs_no_reader_and_its_copy_is_made_again(
    cluster, disk: LoopDisk, key_gateway
):
    node = RunningNode(disk.path, gateway_url=key_gateway.url)
    try:
        node.ready_client().close()
        cluster.join("bad", running=node)
        for name in ("node-c", "node-d"):
            cluster.update(name, duty=Node.Duty.DRAINING)
        health.probe_all()
        content = some_bytes(CHUNK_BYTES, seed=90)
        content_id = cluster.store(content)
        replicate_all()
        copy = chunk_of(content).replicas.select_related("node", "chunk").get(node__name="bad")
        cluster.update("node-c", duty=Node.Duty.ACTIVE)
        ask_first(cluster, "bad")
        lose_sectors_of(cluster.file(copy), disk)

        assert cluster.read(content_id) == content
        assert cluster.read(content_id, 5, 10) == content[5:10]

        copy.refresh_from_db()
        assert copy.doubted_at is not None
        assert chunk_of(content).copies_due_at is not None
        replicate_all()
        copy.refresh_from_db()
        assert copy.state == Replica.State.CORRUPT
        sound = chunk_of(content).replicas.stored().values_list("node__name", flat=True)
        assert set(sound) == {"node-a", "node-b", "node-c"}
        assert cluster.read(content_id) == content
        assert node.events("chunk_unreadable")
    finally:
        node.kill()
