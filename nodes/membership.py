"""Which nodes belong to the cluster and what is wanted of them; the only writer of `Node.duty`.

Nodes announce themselves with the join token; people activate, drain and retire them.
"""

import logging
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

from blake3 import blake3
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Now

from nodes import client, draining, health, roster, wire
from nodes.errors import JoinRefused, NodeError, NodeStillNeeded, StoreCloned, StoreForeign
from nodes.models import Chunk, ChunkQuerySet, Node, Replica, Upkeep
from storagenode.protocol.signing import derive_key

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Membership:
    """What a node that joined is told; keys in hex, the current generation first."""

    node_id: int
    name: str
    cluster_id: str
    keys: list[str]
    duty: str


def cluster_id() -> str:
    """Name this cluster; the same for whoever holds its secret, and telling nothing of it."""
    return blake3(bytes.fromhex(settings.CLUSTER_SECRET), derive_key_context="dfsweb cluster id").hexdigest(
        16
    )


def announce(
    *, store_id: UUID, url: str, zone: str, name: str, capacity_bytes: int, joined: str | None = None
) -> Membership:
    """Take in a node that announces itself, or learn its new address. Repeating changes nothing.

    Raises JoinRefused for an address outside NODE_NETWORKS, StoreForeign for a store that has `joined`
    another cluster, StoreCloned when the store's known address still answers as that store.
    """
    check_address(url)
    if joined is not None and joined != cluster_id():
        log.error("store %s of cluster %s is announced at %s", store_id, joined, url)
        raise StoreForeign(
            f"This store belongs to cluster {joined}, the gateway to {cluster_id()}. Point GATEWAY_URL at "
            "the right cluster, or give this node an empty folder."
        )
    known = Node.objects.filter(store_id=store_id).first()
    if known is not None and known.url != url and _answers(known):
        log.error("store %s is announced at %s but still answers at %s", store_id, url, known.url)
        Node.objects.filter(id=known.id).update(clone_url=url, clone_seen_at=Now())
        raise StoreCloned(
            f"This store already answers at {known.url}. If its folder was copied, start the copy with an "
            "empty folder; if it moved, stop the old node first."
        )
    duty = Node.Duty.ACTIVE if settings.AUTO_ACTIVATE else Node.Duty.DRAINING
    try:
        with transaction.atomic():
            if known is not None:
                place = Node.objects.filter(id=known.id)
                if place.exclude(url=url).update(returned_at=Now()):  # it moved, or a copy of its disk did
                    Upkeep.objects.expect_pass(known)
                place.update(url=url, zone=zone or name)
            else:
                known = Node.objects.create(
                    store_id=store_id,
                    url=url,
                    zone=zone or name,
                    name=_free_name(name),
                    capacity_bytes=capacity_bytes,
                    duty=duty,
                )
                log.info("node %s joined at %s as %s", known.name, url, known.duty)
    except IntegrityError:  # another node took the store id or the name at the same moment: look again
        return announce(
            store_id=store_id, url=url, zone=zone, name=name, capacity_bytes=capacity_bytes, joined=joined
        )
    roster.forget()
    secret = bytes.fromhex(settings.CLUSTER_SECRET)
    return Membership(
        node_id=known.id,
        name=known.name,
        cluster_id=cluster_id(),
        keys=[derive_key(secret, str(store_id)).hex()],
        duty=known.duty,
    )


def check_address(url: str) -> None:
    """Refuse an address that is no http URL of a host in NODE_NETWORKS (SSRF). Raises JoinRefused."""
    try:
        address = urlsplit(url)
    except ValueError as error:
        raise JoinRefused(f"{url!r} is no address of a node: {error}.") from error
    if address.scheme != "http" or not address.hostname or address.path not in ("", "/") or address.query:
        raise JoinRefused(f"{url!r} is no address of a node; it looks like http://host:port.")
    try:
        found = socket.getaddrinfo(address.hostname, address.port or 80, type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        raise JoinRefused(f"The host of {url!r} cannot be found: {error}.") from error
    for *_, place in found:
        if not wire.is_nodes_place(str(place[0])):
            raise JoinRefused(f"{place[0]} lies outside NODE_NETWORKS; add its network there if it is yours.")


def activate(node: Node) -> None:
    """Have a node take new copies; its old ones count again, and may be too many."""
    with transaction.atomic():
        _set_duty(node, Node.Duty.ACTIVE)
        Node.objects.filter(id=node.id).update(drain_began_at=None, drain_began_bytes=None)
        health.expect_targets()
        Chunk.objects.held_by(node.id).expect_surplus()


def drain(node: Node) -> None:
    """Have a node take no new copies, and move what it holds to others, so that it can be retired.

    A copy leaves the node when enough others are there and were proven by their nodes. Repeating is harmless.
    """
    with transaction.atomic():
        locked = Node.objects.select_for_update(no_key=True).get(id=node.id)
        if locked.duty != Node.Duty.DRAINING or locked.drain_began_at is None:
            Node.objects.filter(id=node.id).update(
                drain_began_at=Now(), drain_began_bytes=draining.load(locked).size
            )
        _set_duty(locked, Node.Duty.DRAINING)
        health.make_copies_due(node.id)


def retire(node: Node) -> None:
    """Take an empty node out for good. Raises NodeStillNeeded while it holds a copy that somebody needs.

    The lock makes records that count on this node wait, and those that come later see that it is retired.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT nodes_hold_duty(%s)", [node.id])
        locked = Node.objects.select_for_update(no_key=True).get(id=node.id)
        if locked.duty == Node.Duty.ACTIVE:
            raise NodeStillNeeded(f"{node.name} is still active; empty it first.")
        held = draining.load(locked).copies
        if not held:
            Replica.objects.filter(node=locked).update(state=Replica.State.DELETING)
            _set_duty(locked, Node.Duty.RETIRED)
            return
        thin = _thin_without(locked)
        thin_count = thin.count()
        thin.filter(copies_due_at__isnull=True).make_due()
        Chunk.objects.held_by(locked.id).filter(surplus_at__isnull=True).expect_surplus()
    raise NodeStillNeeded(
        f"{held} pieces are still on {node.name}; {thin_count} of them have too few copies elsewhere, the "
        "copies of the others are being checked. Wait until it is empty."
    )


def _thin_without(node: Node) -> ChunkQuerySet:
    """Chunks with a copy on this node and too few that count elsewhere: counted, whatever was ordered."""
    elsewhere = (
        Replica.objects.stored()
        .filter(chunk_id=OuterRef("id"), node__duty=Node.Duty.ACTIVE, node__absence_noted=False)
        .exclude(node=node)
        .order_by()
        .values("chunk_id")
        .annotate(copies=Count("id"))
        .values("copies")
    )
    return (
        Chunk.objects.held_by(node.id)
        .annotate(elsewhere=Coalesce(Subquery(elsewhere), 0))
        .filter(Q(copies_due_at__isnull=False) | Q(elsewhere__lt=settings.REPLICAS))
    )


def _set_duty(node: Node, duty: Node.Duty) -> None:
    Node.objects.filter(id=node.id).update(duty=duty)
    log.info("node %s is wanted as %s", node.name, duty)
    transaction.on_commit(roster.forget)


def _answers(node: Node) -> bool:
    try:
        return client.fetch_status(roster.view_of(node)).store_id == str(node.store_id)
    except NodeError:
        return False


def _free_name(name: str) -> str:
    taken = set(Node.objects.filter(name__startswith=name).values_list("name", flat=True))
    return next(n for n in (name, *(f"{name}-{i}" for i in range(2, len(taken) + 3))) if n not in taken)
