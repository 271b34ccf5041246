"""Who asks for much and takes nothing of it."""

import os

import pytest

from tests.cluster.client import Client
from tests.cluster.conftest import MIB
from tests.cluster.second_gateway import second_gateway
from tests.cluster.wire import Wire
from tests.system import System

pytestmark = pytest.mark.cluster


def test_s12_who_takes_nothing_of_a_download_gives_its_place_back(system: System, client: Client) -> None:
    whole = os.urandom(32 * MIB)  # more than the kernel keeps on the way
    client.store("large.bin", whole)

    with (
        second_gateway(system, {"MAX_TRANSFERS": "1", "UNREAD_SECONDS": "5"}) as url,
        Wire(url, client.token) as silent,
        client.another(url) as other,
    ):
        silent.begin("GET", "/content/large.bin")
        silent.await_reply()  # or the other one might have the place
        system.wait_for(
            lambda: other.get("large.bin").status_code == 503, what="the only place to be taken by it"
        )
        system.wait_for(lambda: other.get("large.bin").content == whole, what="the place to be given back")
