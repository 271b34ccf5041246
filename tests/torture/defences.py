"""What the product has against each kind of fault, and how a run sees that it truly acted.

A fault that happened while its defence was never seen proves nothing of that defence, so such a run fails.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

SPOILT = {"bit flipped", "file truncated", "file lengthened", "file zeroed"}
AWAY = {"node killed", "node frozen", "link black hole", "link refused", "packets dropped"}
SLOW = {"node frozen", "link delayed", "link black hole", "packets dropped"}
BREAKS = {"gateway killed", "gateway frozen", "gateway process killed", "everything killed"}
NO_DATABASE = {"postgres killed", "postgres stopped at once"}
MOST = {"most nodes killed", "most nodes frozen", "most nodes cut off"}


@dataclass(frozen=True, slots=True)
class Defence:
    """One defence: called for by any of these faults, or by every run when it names none."""

    name: str
    against: frozenset[str]
    seen_by: str
    """Of what kind the evidence is, for the report."""


def _defence(name: str, against: Collection[str], seen_by: str) -> Defence:
    return Defence(name, frozenset(against), seen_by)


DEFENCES = {
    defence.name: defence
    for defence in (
        _defence("node suspected", AWAY | {"disk hung"}, "health in the node's row"),
        _defence("copy handed off", AWAY | {"disk refuses writes"}, "dfs_handed_off_copies_total"),
        _defence("read hedged", SLOW, "dfs_hedged_reads_total"),
        _defence("breaker opened", SLOW, "dfs_breaker_openings_total"),
        _defence("doubted by a reader", SPOILT | {"file removed"}, "dfs_doubted_copies_total"),
        _defence("found corrupt", SPOILT, "dfs_replicas_found_corrupt_total"),
        _defence("found missing", {"file removed"}, "dfs_replicas_found_missing_total"),
        _defence("put aside", SPOILT, "dfsnode_quarantined_files"),
        _defence("bytes repaired", SPOILT | {"file removed", "disk wiped"}, "dfs_repaired_bytes_total"),
        _defence("no room said", {"disk full"}, "answers 507 of nodes"),
        _defence("store read-only", {"disk refuses writes"}, "dfsnode_read_only"),
        _defence("nothing promised (503)", NO_DATABASE | MOST, "answers 503 of the gateway"),
        _defence("safe mode", MOST, "dfs_problems, SAFE_MODE"),
        _defence("upload resumed", BREAKS, "clients whose broken uploads were acknowledged"),
        _defence("stale writer refused", (), "late rests of requests that were told 409"),
        _defence("condemned chunk revived", (), "rows seen condemned, then live"),
    )
}


def called_for(happened: Collection[str]) -> list[str]:
    """Return the defences that a run with these faults must see."""
    return [
        name for name, defence in DEFENCES.items() if not defence.against or defence.against & set(happened)
    ]


def unseen(wanted: Collection[str], evidence: Mapping[str, int]) -> list[str]:
    """Return which of these defences were never seen to act."""
    return [name for name in wanted if not evidence.get(name)]


def ends_with(name: str, kinds: Collection[str], later: Collection[str]) -> bool:
    """Tell whether these kinds call a defence up and none of the later ones does."""
    against = DEFENCES[name].against
    return bool(against & set(kinds)) and not against & set(later)


def faults_for(names: Collection[str]) -> set[str]:
    """Return the faults that call these defences up."""
    return {kind for name in names for kind in DEFENCES[name].against}
