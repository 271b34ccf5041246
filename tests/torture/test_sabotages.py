"""Each sabotage is caught: a scenario finds nothing in the honest system, something in the sabotaged one."""

import shutil
from collections.abc import Callable, Iterator

import pytest

from tests.torture import disks, scenarios
from tests.torture.ground import Ground, running

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

QUICK = {
    "PROBE_INTERVAL_SECONDS": "0.5",
    "OFFLINE_AFTER_SECONDS": "2",
    "RECLAIM_INTERVAL_SECONDS": "1",
    "UPLOAD_EXPIRY_SECONDS": "2",
    "GRACE_SECONDS": "4",
    "SCRUB_PERIOD_SECONDS": "86400",
}
Scenario = Callable[[Ground], list[str]]
CAUGHT_BY: dict[str, Scenario] = {
    "acknowledge-after-one-node": scenarios.acknowledged_means_two_stores,
    "both-copies-on-one-store": scenarios.acknowledged_means_two_stores,
    "reuse-thin-chunk": scenarios.thin_chunks_get_new_copies,
    "no-hash-check-on-reads": scenarios.no_bad_byte_is_served,
    "put-trusts-existing-file": scenarios.a_second_put_replaces_a_bad_file,
    "orphan-grace-zero": scenarios.a_fresh_file_is_no_orphan,
    "reclaim-ignores-listing-error": scenarios.a_listing_error_is_no_absence,
    "no-replica-id": scenarios.a_late_delete_takes_only_its_own_file,
}
SYNCS = ["no-file-fsync", "no-folder-fsync"]


@pytest.fixture(scope="module")
def why_no_disks(tmp_path_factory: pytest.TempPathFactory) -> str:
    return disks.are_possible(tmp_path_factory.mktemp("disks"))


@pytest.fixture(scope="module")
def ground(why_no_disks: str) -> Iterator[Ground]:
    with running(nodes=3, env=QUICK, loops=not why_no_disks) as ground:
        yield ground


@pytest.fixture(scope="module")
def innocent() -> set[Scenario]:
    """Scenarios that found nothing in the honest system: once is enough for all sabotages that they catch."""
    return set()


@pytest.fixture
def honest(ground: Ground) -> Iterator[Ground]:
    """The system with all its defences, before and after."""
    scenarios.wait_until_healed(ground)
    yield ground
    ground.sabotage()


def assert_caught(ground: Ground, scenario: Scenario, innocent: set[Scenario], *sabotages: str) -> None:
    if scenario not in innocent:
        assert scenario(ground) == [], "the honest system shows nothing"
        innocent.add(scenario)
        scenarios.wait_until_healed(ground)
    ground.sabotage(*sabotages)
    assert scenario(ground) != [], f"{sabotages} not caught"


@pytest.mark.parametrize("sabotage", CAUGHT_BY)
def test_a_sabotage_is_caught(honest: Ground, innocent: set[Scenario], sabotage: str) -> None:
    assert_caught(honest, CAUGHT_BY[sabotage], innocent, sabotage)


@pytest.mark.skipif(shutil.which("strace") is None, reason="there is no strace here")
@pytest.mark.parametrize("sabotage", SYNCS)
def test_a_missing_sync_is_caught_by_the_order_of_calls(
    honest: Ground, innocent: set[Scenario], sabotage: str
) -> None:
    try:
        assert_caught(honest, scenarios.syncs_come_before_and_after_the_name, innocent, sabotage)
    except scenarios.CannotTrace as reason:
        pytest.skip(f"strace may not attach here: {reason}")


def test_missing_syncs_are_caught_by_a_power_cut(
    honest: Ground, innocent: set[Scenario], why_no_disks: str
) -> None:
    if why_no_disks:
        pytest.skip(f"no loop disks here: {why_no_disks}")
    assert_caught(honest, scenarios.confirmed_copies_survive_a_power_cut, innocent, *SYNCS)
