"""One torture run from beginning to end: clients and nemesis, then healing, audit, oracle and report."""

import random
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence, Set

from tests.cluster.audit import let_leases_end
from tests.system import SystemFailed
from tests.torture import auditor, defences, disks, network
from tests.torture.atlas import Atlas
from tests.torture.faults import KINDS
from tests.torture.ground import Ground, running
from tests.torture.history import History
from tests.torture.nemesis import Nemesis
from tests.torture.plan import Plan, kinds_for
from tests.torture.progress import Display
from tests.torture.report import Report, compile_report, judge
from tests.torture.watch import Watch
from tests.torture.workload import Worker, World


def torture(plan: Plan) -> Report:
    """Run the plan; the report says whether it passed, and lies in the plan's folder."""
    plan.out.mkdir(parents=True, exist_ok=True)
    wants_disks = any(KINDS[name].needs_disks for names in plan.kinds.values() for name in names)
    why_no_disks = disks.are_possible(plan.out) if wants_disks or not plan.kinds else "not asked for"
    has_disks, has_network = not why_no_disks, network.is_own_namespace()
    kinds = dict(plan.kinds) or {
        budget: kinds_for(budget, has_disks=has_disks, has_network=has_network) for budget in plan.phases
    }
    if not plan.kinds:
        _tell_skipped([kind.name for kind in KINDS.values() if kind.needs_disks], why_no_disks)
    history = History(plan.out / "history.jsonl")
    try:
        with Display(is_wanted=plan.shows_progress) as display:
            display.stage("starting the system", 0, 1, "")
            with running(nodes=plan.nodes, loops=has_disks) as ground:
                return Run(plan, kinds, history, ground, display).report()
    finally:
        history.close()


class Run:
    """A run on a ground that stands."""

    def __init__(
        self,
        plan: Plan,
        kinds: Mapping[str, Sequence[str]],
        history: History,
        ground: Ground,
        display: Display,
    ) -> None:
        self._plan = plan
        self._kinds = kinds
        self._ground = ground
        self._history = history
        self._display = display
        self._world = World(plan.seed, history, ground.admin)
        self._nemesis = Nemesis(
            ground,
            Atlas(ground),
            history,
            random.Random(plan.seed),
            plan.wanted,
            self._world.rest,
            hold_scale=plan.hold_scale,
            missed_within_seconds=plan.missed_within_seconds,
        )
        self._world.spoilt = self._nemesis.atlas.spoilt
        self._watch = Watch(ground, history)

    def report(self) -> Report:
        """Make the run."""
        plan, nemesis = self._plan, self._nemesis
        self._world.prepare()
        lacking = self._hurt()
        found = auditor.Audit()
        if not nemesis.broken:
            self._audit(found)
        report = compile_report(
            world=self._world,
            nemesis=nemesis,
            audit=found,
            violations=self._history.judge(),
            watch=self._watch,
        )
        report.replay = plan.replay
        judge(report, lacking=lacking, fewest_writes=plan.fewest_writes, broken=nemesis.broken)
        if not report.is_passed or report.failed_reads:
            (plan.out / "logs.txt").write_text(self._ground.system.logs())
            for log in (self._ground.system.data / "log").glob("*.log*"):
                (plan.out / log.name).write_bytes(log.read_bytes())
        report.write(plan.out)
        return report

    def _hurt(self) -> list[str]:
        """Let clients and nemesis act, phase by phase; returns what did not happen that should have."""
        stopped = threading.Event()
        acts: list[Callable[[threading.Event], None]] = [self._watch.run]
        acts += [Worker(self._world, number).run for number in range(self._plan.clients)]
        crew = [threading.Thread(target=self._guarded, args=[act, stopped], daemon=True) for act in acts]
        for thread in crew:
            thread.start()
        try:
            shares = list(self._plan.phases.items())
            until, lacking = 0.0, []
            for number, (budget, share) in enumerate(shares, 1):
                until += share
                later = {kind for other, _ in shares[number:] for kind in self._kinds[other]}
                lacking += self._phase(budget, share, until, later)
        finally:
            stopped.set()
        for thread in crew:
            thread.join()
        return lacking

    def _phase(self, budget: str, share: float, until: float, later: Set[str]) -> list[str]:
        """Let the nemesis act for its share of the time, and on until nothing is lacking, or to the bound.

        `later` are kinds that are still to come: what they may bring need not be there yet.
        """
        plan, nemesis = self._plan, self._nemesis
        kinds = self._kinds[budget]
        seconds = share * plan.minutes * 60
        bound = until * plan.most_minutes * 60  # of the run: what others did not need is to be had
        stopped = threading.Event()
        thread = threading.Thread(target=nemesis.run, args=[budget, kinds, stopped], daemon=True)
        began = time.monotonic()
        thread.start()

        def lacking() -> list[str]:
            missing = nemesis.lacking(budget, kinds)
            unseen = [name for name in self._unseen() if not later or defences.ends_with(name, kinds, later)]
            nemesis.focus = frozenset([*missing, *defences.faults_for(unseen)])
            found = [f"{kind} did not happen often enough ({budget})" for kind in missing]
            found += [f"{name} was never seen" for name in unseen]
            return found + ([] if later else self._short_of())

        try:
            while not stopped.wait(0.5) and self._history.now() < bound:
                elapsed = time.monotonic() - began
                missing = lacking()
                facts = f"{len(self._history.operations)} operations, {nemesis.confirmed().total()} faults"
                self._display.stage(budget, elapsed, seconds, facts, lacking=missing)
                if elapsed < seconds:
                    nemesis.focus = frozenset()
                elif not missing:
                    break
        finally:
            stopped.set()
        thread.join()
        return lacking()

    def _unseen(self) -> list[str]:
        """Which defences were never seen, though faults that call for them happened."""
        wanted = self._plan.defences
        if wanted is None:
            wanted = defences.called_for(self._nemesis.confirmed())
        return defences.unseen(wanted, self._watch.evidence + self._world.seen)

    def _short_of(self) -> list[str]:
        plan, confirmed = self._plan, self._nemesis.confirmed()
        floors = {
            "operations": (len(self._history.operations), plan.fewest_operations),
            "faults": (confirmed.total(), plan.fewest_faults),
            "kinds of faults": (len(confirmed), plan.fewest_kinds),
        }
        return [f"{had} of {least} {what}" for what, (had, least) in floors.items() if had < least]

    def _audit(self, found: auditor.Audit) -> None:
        plan = self._plan

        def tell(seconds: float) -> None:
            self._display.stage("waiting for copies", seconds, plan.converge_seconds, "until all are there")

        try:
            if not plan.waits_for_leases:
                let_leases_end(self._ground.system)
            found.convergence_seconds = auditor.converge(
                self._world, self._nemesis, timeout_seconds=plan.converge_seconds, tell=tell
            )
            self._display.stage("reading all back", 0, 1, f"{len(self._history.written)} files")
            auditor.audit(self._world, self._nemesis, found)
        except SystemFailed as error:
            self._nemesis.broken.append(error)

    def _guarded(self, act: Callable[[threading.Event], None], stopped: threading.Event) -> None:
        try:
            act(stopped)
        except BaseException as error:  # noqa: BLE001  the run fails by it, in the thread that waits
            self._nemesis.broken.append(error)


def _tell_skipped(of_disks: Sequence[str], why_no_disks: str) -> None:
    if why_no_disks:
        print(f"torture: no loop disks here ({why_no_disks}): skips {', '.join(of_disks)}", file=sys.stderr)
    if not network.is_own_namespace():
        skipped = ", ".join(kind.name for kind in KINDS.values() if kind.needs_network)
        print(f"torture: no network of its own: skips {skipped}", file=sys.stderr)
