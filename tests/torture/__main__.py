"""`python -m tests.torture`: the long run; writes its report to a folder and prints one page."""

import argparse
import signal
import sys
import time
from pathlib import Path

from tests.torture import network
from tests.torture.plan import SHARES, Plan
from tests.torture.run import torture


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)

    def number(name: str, default: int, about: str) -> None:
        parser.add_argument(name, type=int, default=default, help=f"{about} (default: %(default)s)")

    parser.add_argument("--minutes", type=float, default=10, help="how long (default: %(default)s)")
    number("--seed", 7, "what is drawn")
    number("--nodes", 5, "storage nodes")
    number("--clients", 12, "at once")
    parser.add_argument("--budget", choices=list(SHARES), default="all", help="(default: %(default)s)")
    number("--operations", 0, "go on until there were so many")
    number("--faults", 0, "go on until so many were confirmed")
    number("--kinds", 0, "go on until they were of so many kinds")
    number("--wanted", 1, "each kind so often in each budget")
    parser.add_argument(
        "--most-minutes", type=float, default=0, help="hard bound (default: twice the minutes, or 20 more)"
    )
    parser.add_argument(
        "--out", type=Path, default=None, help="folder of the report (default: var/torture/…)"
    )
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that disks are unmounted, too
    if why_not := network.enter_own_namespace():
        print(f"torture: no network namespace here: {why_not}", file=sys.stderr)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    plan = Plan(
        seed=given.seed,
        minutes=given.minutes,
        out=(given.out or Path("var/torture") / f"{stamp}-seed-{given.seed}").absolute(),
        nodes=given.nodes,
        clients=given.clients,
        budget=given.budget,
        wanted=given.wanted,
        fewest_operations=given.operations,
        fewest_faults=given.faults,
        fewest_kinds=given.kinds,
        most_minutes=given.most_minutes,
        shows_progress=True,
    )
    report = torture(plan)
    print("\n" + report.page())
    print(f"in {plan.out}: report.json, report.txt, history.jsonl")
    return 0 if report.is_passed else 1


if __name__ == "__main__":
    sys.exit(main())
