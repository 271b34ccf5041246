"""Power is cut everywhere at once: what no part had made durable is gone, and nothing acknowledged is."""

import os
import threading

import pytest
import requests

from tests.cluster import audit
from tests.cluster.conftest import QUICK, sign_in, wait_until_healed
from tests.faults.disks import loop_disk
from tests.system import PATIENCE_SECONDS, System

pytestmark = pytest.mark.cluster

DISK_BYTES = 2 * 2**30
WRITERS = 6
BEFORE_THE_CUT = 150


def test_f43_a_power_cut_of_all_nodes_and_the_database_loses_no_acknowledged_file() -> None:
    with loop_disk(DISK_BYTES) as disk, System(disk.path / "data", env=QUICK) as system:
        client = sign_in(system)
        acknowledged: dict[str, bytes] = {}
        enough = threading.Event()

        def write(writer: int) -> None:
            with client.another() as mine:
                for number in range(100_000):
                    name, body = f"cut-{writer}-{number}.bin", os.urandom(1000 + 20_000 * (number % 10))
                    try:
                        if mine.put(name, body).status_code != 201:
                            return
                    except requests.RequestException:
                        return
                    acknowledged[name] = body
                    if len(acknowledged) >= BEFORE_THE_CUT:
                        enough.set()

        writers = [threading.Thread(target=write, args=[number]) for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        assert enough.wait(PATIENCE_SECONDS)
        system.kill_everything()
        disk.cut_power()
        for writer in writers:
            writer.join()
        disk.unmount()
        disk.mount()

        system.start()
        for name, body in acknowledged.items():
            assert client.read(name) == body, name
        audit.let_leases_end(system)
        wait_until_healed(system)
        assert audit.bad_copies(system) == []
        client.session.close()
