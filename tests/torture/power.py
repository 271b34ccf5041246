"""Faults that need a file system of its own for each node: power cuts, full disks, hung disks."""

import errno
import os
import signal
import subprocess
from collections.abc import Set
from uuid import UUID

from tests.torture import disks
from tests.torture.ground import Ground
from tests.torture.scene import Scene


def power_cut(scene: Scene) -> bool:
    """Kill a node and cut its disk's power; what it had confirmed must be on that very disk afterwards."""
    ground = scene.ground
    if scene.node not in ground.stores().values() or not ground.system.pids(scene.node):
        return False
    with scene.atlas.lock:  # nobody else looks at or spoils this disk while it is away
        confirmed = confirmed_on(ground, scene.node)
        ground.system.stop_node(scene.node, signal.SIGKILL)
        try:
            disks.cut_and_return(ground.folder(scene.node), ground.image(scene.node))
            scene.atlas.not_durable += gone_from(scene, scene.node, confirmed)
        finally:
            ground.system.start_node(scene.node)
    scene.until_it_serves(scene.node)
    return True


def confirmed_on(ground: Ground, node: str) -> set[UUID]:
    """Return the replicas that are recorded as stored on a node's disk: it has confirmed each of them."""
    return {placed.replica_id for placed in ground.placed_on(node)}


def gone_from(scene: Scene, node: str, confirmed: Set[UUID]) -> list[UUID]:
    """Return which of these are not on the disk, though rows still say so and nobody spoilt them.

    Rows that are gone by now were deleted by order; a file of theirs may be there or not.
    """
    due = confirmed - scene.atlas.injured.keys()
    return [
        placed.replica_id
        for placed in scene.ground.placed_on(node)
        if placed.replica_id in due and not placed.is_good()
    ]


def disk_full(scene: Scene) -> bool:
    """Leave no room at all."""
    folder = scene.ground.folder(scene.node)
    filler = folder / "filler"
    try:
        with filler.open("wb") as file:
            for piece in (2**28, 2**24, 2**20, 2**16, 2**12):
                _fill(file.fileno(), piece)
        is_full = os.statvfs(folder).f_bavail < 16
        scene.hold()
        return is_full
    finally:
        filler.unlink(missing_ok=True)


def disk_hung(scene: Scene) -> bool:
    """Freeze the file system: who writes hangs. Another process thaws it, whatever happens to this one."""
    folder = str(scene.ground.folder(scene.node))
    thaw = subprocess.Popen(["sh", "-c", f"sleep {scene.hold_seconds:g}; fsfreeze -u '{folder}'"])
    try:
        frozen = subprocess.run(["fsfreeze", "-f", folder], check=False).returncode == 0
    finally:
        thawed = thaw.wait(60) == 0
    return frozen and thawed


def _fill(fd: int, piece: int) -> None:
    while True:
        try:
            os.posix_fallocate(fd, os.fstat(fd).st_size, piece)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            return
