"""The kinds of faults: each is injected, held, healed, and says whether it truly happened.

A node fault hurts one node, so that the rest must serve; a service fault may make clients wait.
"""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil
import redis

from tests.cluster import audit
from tests.cluster.conftest import is_ready
from tests.torture import atlas as spoils
from tests.torture import network, overkill, power
from tests.torture.scene import BACK_SECONDS, Scene


@dataclass(frozen=True)
class Kind:
    """One kind of fault; `hurts` is "node", "service" or "many". Gaps let the launcher's back-off settle."""

    name: str
    hurts: str
    inject: Callable[[Scene], bool]
    hold: tuple[float, float] = (1.0, 6.0)
    gap_seconds: float = 0.0
    part: str = ""
    """What a service fault hurts: one fault at a time there, too."""
    needs_disks: bool = False
    """A file system of its own for each node, so root."""
    is_absence: bool = False
    """The node does not answer while it lasts: the product has to see that."""
    needs_network: bool = False
    """A network namespace of the run's own, so root."""

    @property
    def budgets(self) -> tuple[str, ...]:
        """In which budgets it may happen."""
        return {"node": ("single", "safe"), "service": ("safe",), "many": ("overkill",)}[self.hurts]


# --- nodes ------------------------------------------------------------------------------------------------
def node_killed(scene: Scene) -> bool:
    if not scene.ground.system.pids(scene.node):
        return False
    scene.ground.system.kill(scene.node, signal.SIGKILL, stay_down=True)
    try:
        scene.hold()
    finally:
        scene.start_nodes(scene.node)
    return True


def node_restarted(scene: Scene) -> bool:
    pids = scene.ground.system.pids(scene.node)
    if not pids:
        return False
    scene.ground.system.kill(scene.node, signal.SIGTERM)
    scene.wait_for(lambda: not psutil.pid_exists(pids[0]), f"{scene.node} to end")
    scene.until_it_serves(scene.node)
    return True


def node_frozen(scene: Scene) -> bool:
    with scene.ground.system.frozen(scene.node) as is_frozen:
        scene.hold()
    return is_frozen


def node_flapping(scene: Scene) -> bool:
    times = 0
    for _ in range(3):
        with scene.ground.system.frozen(scene.node) as is_frozen:
            time.sleep(scene.rng.uniform(0.3, 1.5))
        times += is_frozen
        time.sleep(scene.rng.uniform(0.2, 1))
    return times == 3


# --- links ------------------------------------------------------------------------------------------------
def link_delayed(scene: Scene) -> bool:
    proxy = scene.proxy
    proxy.to_target.delay_seconds = scene.rng.uniform(0.05, 1.5)
    proxy.to_client.delay_seconds = scene.rng.uniform(0.05, 1.5)
    try:
        return scene.until_met(lambda: proxy.to_target.pieces_delayed + proxy.to_client.pieces_delayed)
    finally:
        proxy.heal()


def link_narrow(scene: Scene) -> bool:
    proxy = scene.proxy
    link = scene.rng.choice([proxy.to_target, proxy.to_client])
    link.bytes_per_second = scene.rng.uniform(20_000, 200_000)
    try:
        return scene.until_met(lambda: link.pieces_delayed)
    finally:
        proxy.heal()


def link_black_hole(scene: Scene) -> bool:
    proxy = scene.proxy
    proxy.black_hole = True
    try:
        return scene.until_met(lambda: proxy.to_target.bytes_held)
    finally:
        proxy.heal()


def link_replies_lost(scene: Scene) -> bool:
    proxy = scene.proxy
    proxy.to_client.black_hole = True
    try:
        met = scene.until_met(lambda: proxy.to_client.bytes_held)
        proxy.reset_all()  # they never come
        return met
    finally:
        proxy.heal()


def link_reset(scene: Scene) -> bool:
    before = scene.proxy.resets
    for _ in range(scene.rng.randrange(2, 6)):
        scene.proxy.reset_all()
        time.sleep(scene.rng.uniform(0.1, 0.8))
    return scene.proxy.resets > before


def link_refused(scene: Scene) -> bool:
    proxy = scene.proxy
    proxy.refuse = True
    try:
        proxy.reset_all()
        return scene.until_met(lambda: proxy.refusals)
    finally:
        proxy.heal()


def link_cut_in_mid_body(scene: Scene) -> bool:
    proxy = scene.proxy
    link = scene.rng.choice([proxy.to_target, proxy.to_client])
    link.cut_after_bytes = scene.rng.randrange(300, 20_000)
    try:
        return scene.until_met(lambda: link.cuts)
    finally:
        proxy.heal()


def links_clogged(scene: Scene) -> bool:
    """Stop the links one by one and heal them in another order (FoundationDB's swizzle-clog)."""
    names = scene.rng.sample(scene.ground.nodes, len(scene.ground.nodes))
    proxies = [scene.ground.proxies[name] for name in names]

    def held() -> int:
        return sum(proxy.to_target.bytes_held for proxy in proxies)

    before = held()
    try:
        for proxy in proxies:
            proxy.black_hole = True
            time.sleep(scene.rng.uniform(0.2, 0.8))
        scene.hold()
    finally:
        for proxy in scene.rng.sample(proxies, len(proxies)):
            proxy.heal()
            time.sleep(scene.rng.uniform(0, 0.5))
    return held() > before


# --- disks ------------------------------------------------------------------------------------------------
def spoiling(how: spoils.Spoil) -> Callable[[Scene], bool]:
    """A kind that spoils some files on one disk."""

    def inject(scene: Scene) -> bool:
        return scene.atlas.spoil(scene.node, how, scene.rng, good_elsewhere=scene.good_elsewhere) > 0

    return inject


def disk_wiped(scene: Scene) -> bool:
    system = scene.ground.system
    before = scene.ground.stores()
    if not system.pids(scene.node):
        return False
    system.stop_node(scene.node, signal.SIGKILL)
    try:
        if not scene.atlas.wipe(scene.node):
            return False
    finally:
        scene.start_nodes(scene.node)
    scene.wait_for(
        lambda: scene.node in {node for store, node in scene.ground.stores().items() if store not in before},
        f"{scene.node} to begin anew",
    )
    return True


def disk_refuses_writes(scene: Scene) -> bool:
    """No file may grow (RLIMIT_FSIZE): every write fails, reads go on."""
    processes = scene.ground.system.processes(scene.node)
    try:
        before = [process.rlimit(psutil.RLIMIT_FSIZE) for process in processes]
        for process, (_, hard) in zip(processes, before, strict=True):
            process.rlimit(psutil.RLIMIT_FSIZE, (0, hard))
        limited = [process.rlimit(psutil.RLIMIT_FSIZE)[0] for process in processes]
        scene.hold()
        for process, limit in zip(processes, before, strict=True):
            process.rlimit(psutil.RLIMIT_FSIZE, limit)
    except psutil.NoSuchProcess:
        return False
    return bool(limited) and set(limited) == {0}


# --- services ---------------------------------------------------------------------------------------------
def part_killed(name: str) -> Callable[[Scene], bool]:
    """A kind that kills a part at once; the launcher starts it again."""

    def inject(scene: Scene) -> bool:
        pids = scene.ground.system.pids(name)
        if not pids:
            return False
        scene.ground.system.kill(name, signal.SIGKILL)
        scene.wait_for(lambda: pids[0] not in scene.ground.system.pids(name), f"{name} to end")
        until_ready(scene)
        return True

    return inject


def part_frozen(name: str) -> Callable[[Scene], bool]:
    def inject(scene: Scene) -> bool:
        with scene.ground.system.frozen(name) as is_frozen:
            scene.hold()
        until_ready(scene)
        return is_frozen

    return inject


def lease_ended(scene: Scene) -> bool:
    """A worker stands still while it works on chunks, until its lease is over: what it does then is late."""
    with scene.ground.system.frozen("worker") as is_frozen:
        claimed = scene.ground.query("SELECT 1 FROM nodes_chunk WHERE lease_until > now() LIMIT 1")
        for statement in audit.LET_LEASES_END:
            scene.ground.query(statement)
    return is_frozen and bool(claimed)


def gateway_process_killed(scene: Scene) -> bool:
    """One of the gateway's processes dies in mid-work; its master makes another."""
    children = scene.ground.system.processes("gateway")[1:]
    if not children:
        return False
    victim = scene.rng.choice(children)
    victim.kill()
    victim.wait(BACK_SECONDS)
    return True


def postgres_stopped_at_once(scene: Scene) -> bool:
    """As `pg_ctl stop -m immediate`: no checkpoint, the log replays at the next start."""
    processes = scene.ground.system.processes("postgres")
    if not processes:
        return False
    processes[0].send_signal(signal.SIGQUIT)
    processes[0].wait(BACK_SECONDS)
    until_ready(scene)
    return True


def redis_emptied(scene: Scene) -> bool:
    address = scene.ground.system.environment["REDIS_URL"]
    with redis.Redis.from_url(address, socket_timeout=10) as connection:
        before = connection.info("commandstats").get("cmdstat_flushall", {}).get("calls", 0)
        for _ in range(3):
            connection.flushall()
            time.sleep(scene.rng.uniform(0, 0.5))
        return int(connection.info("commandstats")["cmdstat_flushall"]["calls"]) >= before + 3


def until_ready(scene: Scene) -> None:
    scene.wait_for(lambda: is_ready(scene.ground.system), "the gateway, the database and the queue")


RESTART_GAP_SECONDS = 45.0
KINDS = {
    kind.name: kind
    for kind in (
        Kind("node killed", "node", node_killed, is_absence=True),
        Kind("node restarted", "node", node_restarted),
        Kind("node frozen", "node", node_frozen, is_absence=True),
        Kind("node flapping", "node", node_flapping),
        Kind("link delayed", "node", link_delayed),
        Kind("link narrow", "node", link_narrow),
        Kind("link black hole", "node", link_black_hole, is_absence=True),
        Kind("link replies lost", "node", link_replies_lost),
        Kind("link reset", "node", link_reset),
        Kind("link refused", "node", link_refused, is_absence=True),
        Kind("link cut in mid-body", "node", link_cut_in_mid_body),
        Kind("links clogged", "service", links_clogged, part="links"),
        Kind("bit flipped", "node", spoiling(spoils.flip_bit)),
        Kind("file truncated", "node", spoiling(spoils.truncate)),
        Kind("file lengthened", "node", spoiling(spoils.lengthen)),
        Kind("file zeroed", "node", spoiling(spoils.zero)),
        Kind("file removed", "node", spoiling(spoils.unlink)),
        Kind("disk wiped", "node", disk_wiped, gap_seconds=60),
        Kind("disk refuses writes", "node", disk_refuses_writes),
        Kind("disk full", "node", power.disk_full, needs_disks=True),
        Kind("disk hung", "node", power.disk_hung, needs_disks=True),
        Kind("power cut of a node", "node", power.power_cut, needs_disks=True),
        Kind(
            "packets dropped",
            "node",
            network.dropping("--dport", "--sport"),
            is_absence=True,
            needs_network=True,
        ),
        Kind("packets of replies dropped", "node", network.dropping("--sport"), needs_network=True),
        Kind(
            "packets lost by chance",
            "node",
            network.dropping("--dport", "--sport", by_chance=True),
            needs_network=True,
        ),
        Kind(
            "gateway killed",
            "service",
            part_killed("gateway"),
            part="gateway",
            gap_seconds=RESTART_GAP_SECONDS,
        ),
        Kind("gateway process killed", "service", gateway_process_killed, part="gateway", gap_seconds=5),
        Kind("gateway frozen", "service", part_frozen("gateway"), part="gateway"),
        Kind(
            "worker killed", "service", part_killed("worker"), part="worker", gap_seconds=RESTART_GAP_SECONDS
        ),
        Kind("worker frozen", "service", part_frozen("worker"), part="worker"),
        Kind("redis emptied", "service", redis_emptied, part="redis"),
        Kind("redis killed", "service", part_killed("redis"), part="redis", gap_seconds=RESTART_GAP_SECONDS),
        Kind("redis frozen", "service", part_frozen("redis"), part="redis"),
        Kind(
            "postgres killed",
            "service",
            part_killed("postgres"),
            part="postgres",
            gap_seconds=RESTART_GAP_SECONDS,
        ),
        Kind(
            "postgres stopped at once",
            "service",
            postgres_stopped_at_once,
            part="postgres",
            gap_seconds=RESTART_GAP_SECONDS,
        ),
        Kind("postgres frozen", "service", part_frozen("postgres"), part="postgres"),
        Kind("lease ended under a worker", "service", lease_ended, part="worker"),
        Kind("most nodes killed", "many", overkill.most_killed),
        Kind("most nodes frozen", "many", overkill.most_frozen),
        Kind("most nodes cut off", "many", overkill.most_cut_off),
        Kind("everything killed", "many", overkill.all_killed, gap_seconds=RESTART_GAP_SECONDS),
        Kind("power cut of all nodes", "many", overkill.power_cut_of_all_nodes, needs_disks=True),
        Kind(
            "power cut of everything",
            "many",
            overkill.power_cut_of_everything,
            gap_seconds=RESTART_GAP_SECONDS,
            needs_disks=True,
        ),
    )
}
