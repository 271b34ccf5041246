"""Clocks that are wrong by an hour: refused in words, and nothing is decided by them."""

import pytest

from files import access
from files.models import Upload, Version
from nodes import health, reclaim, replication
from nodes.models import Chunk, Node, Replica
from tests.faults import aside
from tests.faults.skew import Clock
from tests.files.conftest import person, token_client
from tests.files.tus_requests import create, patch
from tests.nodes.living_cluster import age, chunk_of
from tests.nodes.test_reclaim import release
from tests.nodes.test_replication import replicate_all
from tests.storagenode.running_node import RunningNode

HOUR = 3600
A_LITTLE = 240
"""Within the five minutes that signatures allow."""


@pytest.mark.parametrize("skew", [HOUR, -HOUR])
def test_f16_a_node_whose_clock_is_wrong_says_so_is_passed_over_and_taken_back(
    cluster, key_gateway, clock: Clock, tmp_path, skew
):
    node = RunningNode(tmp_path / "skewed", gateway_url=key_gateway.url, **clock.environ)
    try:
        node.ready_client().close()
        for name in ("node-c", "node-d"):
            cluster.update(name, duty=Node.Duty.DRAINING)
        cluster.join("skewed", running=node)
        health.probe_all()
        content_id = cluster.store(b"before")
        replicate_all()
        assert "skewed" in cluster.holders(chunk_of(b"before"))

        clock.set(skew)
        cluster.update("skewed", free_bytes=2**62, latency_ms=0.0)  # asked first
        during = cluster.store(b"during")
        assert cluster.holders(chunk_of(b"during")) == {"node-a", "node-b"}
        assert cluster.read(content_id) == b"before"
        for _ in range(2):
            health.probe_all()
        seen = cluster.node("skewed")
        assert seen.health == Node.Health.SUSPECT
        assert "clock" in seen.problem

        clock.set(0)
        health.probe_all()
        assert cluster.node("skewed").health == Node.Health.ONLINE
        replicate_all()
        assert {cluster.read(content_id), cluster.read(during)} == {b"before", b"during"}
        assert not Replica.objects.exclude(state=Replica.State.STORED).exists()
    finally:
        node.kill()


def test_f16_a_worker_whose_clock_is_an_hour_ahead_takes_no_lease_and_removes_nothing_early(
    cluster, clock: Clock, settings
):
    gone, thin = cluster.store(b"released"), cluster.store(b"claimed")
    release(gone)
    reclaim.reclaim()
    age("nodes_chunk", "condemned_at", settings.GRACE_SECONDS - HOUR / 2)
    api = token_client(person("owner"))
    upload = create(api, 10, b"hello")["Location"]
    age("nodes_segment", "recorded_at", settings.UPLOAD_EXPIRY_SECONDS - HOUR / 2)
    claims = replication.claim(10)
    assert {claim.chunk_id for claim in claims} == {chunk_of(b"claimed").id, chunk_of(b"hello").id}

    clock.set(HOUR)
    done = aside.run(
        "from files import resumable; "
        "import time; print(time.time(), len(replication.claim(10)), resumable.end_expired()); "
        "from accounts.models import User; owner = User.objects.get(username='owner'); "
        f"resumable.find(owner, '{upload[-36:]}'); assert len(resumable.unfinished(owner)) == 1; "
        "reclaim.reclaim()",
        **clock.environ,
    )

    assert done.returncode == 0, done.stderr
    told, claimed, ended = done.stdout.split()
    assert float(told) > health.database_now().timestamp() + HOUR - 60
    assert (claimed, ended) == ("0", "0")
    assert chunk_of(b"released").state == Chunk.State.CONDEMNED
    assert Upload.objects.filter(id=upload[-36:]).exists()
    assert patch(api, upload, 5, b"world")["Dfs-Entry"]
    replication.replicate(claims)
    assert chunk_of(b"claimed").copies_due_at is None
    assert cluster.read(thin) == b"claimed"


PUT = (
    "import sys; from accounts.models import User; from files import uploads; "
    "from tests.nodes.living_cluster import Bytes; owner = User.objects.get(username='owner'); "
    "uploads.put_file(owner, uploads.target_at(owner, '/a'), Bytes({content!r}))"
)


def test_f16_what_was_written_last_is_current_whatever_the_clocks_of_gateways_say(cluster, clock: Clock):
    owner = person("owner")
    for skew, content in ((0, b"first"), (A_LITTLE, b"second"), (-A_LITTLE, b"third")):
        clock.set(skew)
        done = aside.run(PUT.format(content=content), **clock.environ)
        assert done.returncode == 0, done.stderr

    versions = Version.objects.order_by("number").values_list("size", "modified_at")
    assert [size for size, _ in versions] == [len(content) for content in (b"first", b"second", b"third")]
    assert versions[1][1] > versions[2][1], "the clocks did differ"
    current = access.find_by_path(owner, "/a")
    assert cluster.read(current.content_id) == b"third"
    assert current.version_id == Version.objects.get(number=3).id
