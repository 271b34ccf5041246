"""More at once than is promised: most or all nodes are away. Much cannot be read then; nothing may be wrong,
nothing may be given up for lost, and all is there again when the nodes are.
"""

import signal
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from tests.torture import disks
from tests.torture.power import confirmed_on, gone_from
from tests.torture.scene import Scene


def most(scene: Scene) -> list[str]:
    """All nodes but one, or all."""
    nodes = scene.ground.nodes
    return scene.rng.sample(nodes, len(nodes) - scene.rng.randrange(2))


def most_killed(scene: Scene) -> bool:
    system, nodes = scene.ground.system, most(scene)
    running = [node for node in nodes if system.pids(node)]
    try:
        for node in running:
            system.kill(node, signal.SIGKILL, stay_down=True)
        scene.hold()
    finally:
        scene.start_nodes(*nodes)
    return len(running) == len(nodes)


def most_frozen(scene: Scene) -> bool:
    with ExitStack() as stack:
        are_frozen = [stack.enter_context(scene.ground.system.frozen(node)) for node in most(scene)]
        scene.hold()
    return all(are_frozen)


def most_cut_off(scene: Scene) -> bool:
    """Black holes until the product has seen that half of its nodes are away: then it must be wary."""
    proxies = [scene.ground.proxies[node] for node in most(scene)]
    before = sum(proxy.to_target.bytes_held for proxy in proxies)
    try:
        for proxy in proxies:
            proxy.black_hole = True
        most_there = len(scene.ground.nodes) // 2
        scene.wait_for(lambda: len(scene.ground.online()) <= most_there, "half of the nodes to be missed")
        scene.hold()
    finally:
        for proxy in proxies:
            proxy.heal()
    return sum(proxy.to_target.bytes_held for proxy in proxies) > before


def power_cut_of_all_nodes(scene: Scene) -> bool:
    """Every node dies and every disk loses what was not synced; each had confirmed what it must have then."""
    ground = scene.ground
    with scene.atlas.lock:
        if not all(ground.system.pids(node) for node in ground.nodes):
            return False
        confirmed = {node: confirmed_on(ground, node) for node in ground.nodes}
        try:
            for node in ground.nodes:
                ground.system.kill(node, signal.SIGKILL, stay_down=True)
            _cut(scene, ground.nodes)
            for node in ground.nodes:
                scene.atlas.not_durable += gone_from(scene, node, confirmed[node])
        finally:
            for node in ground.nodes:
                ground.system.start_node(node)
    for node in ground.nodes:
        scene.until_it_serves(node)
    return True


def all_killed(scene: Scene) -> bool:
    """Everything dies at once, the database and the launcher with it, and is started again."""
    return _start_again(scene, lambda: None)


def power_cut_of_everything(scene: Scene) -> bool:
    """As that, and every disk, the database's too, loses what was not synced."""
    ground = scene.ground
    with scene.atlas.lock:
        confirmed = {node: confirmed_on(ground, node) for node in ground.nodes}
        done = _start_again(scene, lambda: _cut(scene, ground.nodes, with_data=True))
        for node in ground.nodes:
            scene.atlas.not_durable += gone_from(scene, node, confirmed[node])
    return done


def _start_again(scene: Scene, meanwhile: Callable[[], None]) -> bool:
    system = scene.ground.system
    died = bool(system.pids("postgres"))
    system.kill_everything()
    meanwhile()
    scene.ground.starter.submit(system.launch).result()
    scene.wait_for(system.says_ready, "all of it to be ready again")
    return died


def _cut(scene: Scene, nodes: Sequence[str], *, with_data: bool = False) -> None:
    """Cut all disks at one moment, then mount them again, the outer one first."""
    ground = scene.ground
    mounts = [(ground.folder(node), ground.image(node)) for node in nodes]
    if with_data:
        mounts.append((ground.system.data, ground.image("data")))
    for folder, _ in mounts:
        disks.cut(folder)
    for folder, _ in mounts:
        disks.unmount(folder)
    for folder, image in reversed(mounts):
        disks.mount(folder, image)
