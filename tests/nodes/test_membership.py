"""Who may join, move, drain and retire, and who may ask for it."""

import threading
import uuid

import pytest
from django.db import connection
from rest_framework.test import APIClient

from accounts import tokens
from accounts.models import Usage, User
from nodes import membership
from nodes.errors import JoinRefused, NodeStillNeeded, StoreCloned
from nodes.models import Node
from tests.storagenode.running_node import JOIN_TOKEN

ANNOUNCE = "/api/v1/nodes/announce"


def announcement(**changes: object) -> dict[str, object]:
    usual = {
        "store_id": str(uuid.uuid4()),
        "url": "http://127.0.0.1:1",
        "zone": "",
        "name": "node-n",
        "capacity_bytes": 5,
    }
    return usual | changes


def announce(token: str = JOIN_TOKEN, **changes: object):
    client = APIClient()
    return client.post(ANNOUNCE, announcement(**changes), format="json", HTTP_AUTHORIZATION=f"Bearer {token}")


def client_of(**person: object) -> APIClient:
    user = User.objects.create_user(username=f"u{uuid.uuid4().hex[:8]}", password="a long password", **person)
    Usage.objects.create(user=user)
    scopes = ["read", "write", "admin"] if user.is_staff else ["read", "write"]
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {tokens.create(user, scopes=scopes)[1]}")
    return client


@pytest.mark.django_db
def test_a_new_node_joins_and_gets_its_keys():
    answer = announce()

    assert answer.status_code == 200
    assert set(answer.json()) == {"node_id", "name", "cluster_id", "keys", "duty"}
    node = Node.objects.get()
    assert (node.zone, node.duty, node.health) == ("node-n", "active", "unknown")
    assert len(bytes.fromhex(answer.json()["keys"][0])) == 32


@pytest.mark.django_db
def test_without_auto_activate_a_new_node_waits_for_an_admin(settings):
    settings.AUTO_ACTIVATE = False
    assert announce().json()["duty"] == "draining"


@pytest.mark.django_db
def test_announcing_again_changes_nothing():
    store_id = str(uuid.uuid4())
    first, second = announce(store_id=store_id), announce(store_id=store_id)
    assert first.json() == second.json()
    assert Node.objects.count() == 1


@pytest.mark.django_db
def test_two_stores_of_one_name_get_names_of_their_own():
    assert {announce().json()["name"] for _ in range(3)} == {"node-n", "node-n-2", "node-n-3"}


@pytest.mark.django_db
@pytest.mark.parametrize("token", ["", "wrong", JOIN_TOKEN + "x", "jüñ"])
def test_a_wrong_join_token_is_refused(token):
    assert announce(token=token).status_code == 401
    assert not Node.objects.exists()


@pytest.mark.django_db
def test_without_a_join_token_nobody_joins(settings):
    settings.JOIN_TOKEN = ""
    assert announce(token="").status_code == 401


@pytest.mark.django_db
@pytest.mark.parametrize(
    "url",
    [
        "http://10.1.2.3:8100",
        "http://169.254.169.254/",
        "https://127.0.0.1:1",
        "http://127.0.0.1:1/path",
        "http://127.0.0.1:1/?q=1",
        "http://127.0.0.1:99999",
        "http://[::1",
        "file:///etc/passwd",
        "nonsense",
        "http://",
    ],
)
def test_an_address_outside_the_nodes_networks_is_refused(url):
    assert announce(url=url).status_code == 403
    assert not Node.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "changes",
    [
        {"store_id": "x"},
        {"name": "../x"},
        {"name": ""},
        {"capacity_bytes": -1},
        {"url": None},
        {"zone": "z" * 64},
    ],
)
def test_an_announcement_of_the_wrong_shape_is_told_so(changes):
    assert announce(**changes).status_code == 422


def test_a_store_that_moved_is_learnt_but_a_clone_is_refused(cluster):
    node = cluster.node("node-a")
    clone = announce(store_id=str(node.store_id), url="http://127.0.0.1:1", name="node-a")
    assert clone.status_code == 409
    assert cluster.node("node-a").url == node.url

    cluster.take_down("node-a")
    moved = announce(store_id=str(node.store_id), url=node.url, name="node-a", zone="attic")
    assert moved.status_code == 200
    assert (cluster.node("node-a").url, cluster.node("node-a").zone) == (node.url, "attic")
    with pytest.raises(StoreCloned):
        membership.announce(
            store_id=node.store_id, url="http://127.0.0.1:2", zone="", name="node-a", capacity_bytes=0
        )
    with pytest.raises(JoinRefused):
        membership.check_address("http://8.8.8.8:80")


@pytest.mark.django_db(transaction=True)
def test_nodes_that_announce_the_same_name_at_once_all_join():
    errors: list[BaseException] = []
    barrier = threading.Barrier(4)

    def join() -> None:
        try:
            barrier.wait()
            membership.announce(
                store_id=uuid.uuid4(), url="http://127.0.0.1:1", zone="", name="same", capacity_bytes=0
            )
        except BaseException as error:
            errors.append(error)
            raise
        finally:
            connection.close()

    threads = [threading.Thread(target=join) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert sorted(Node.objects.values_list("name", flat=True)) == ["same", "same-2", "same-3", "same-4"]


def test_an_admin_drains_activates_and_retires_over_the_api(cluster):
    admin = client_of(is_staff=True, is_superuser=True)
    node = cluster.node("node-a")
    path = f"/api/v1/nodes/{node.id}"

    assert admin.post(f"{path}/retire").status_code == 409
    assert admin.post(f"{path}/drain").json()["duty"] == "draining"
    assert admin.post(f"{path}/activate").json()["duty"] == "active"
    admin.post(f"{path}/drain")
    assert admin.post(f"{path}/retire").json()["duty"] == "retired"
    assert admin.get(path).json()["name"] == "node-a"
    assert {one["name"] for one in admin.get("/api/v1/nodes").json()["results"]} == set(cluster.running)
    assert admin.get("/api/v1/nodes/0").status_code == 404
    assert admin.post("/api/v1/nodes/0/drain").status_code == 404


def test_a_node_whose_copies_are_needed_is_not_retired(cluster):
    cluster.store(b"needed")
    for name in ("node-a", "node-b", "node-c"):
        membership.drain(cluster.node(name))
    refused = 0
    for name in ("node-a", "node-b", "node-c"):
        try:
            membership.retire(cluster.node(name))
        except NodeStillNeeded:
            refused += 1
    assert refused >= 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/api/v1/nodes"),
        ("get", "/api/v1/nodes/1"),
        ("post", "/api/v1/nodes/1/drain"),
        ("post", "/api/v1/nodes/1/activate"),
        ("post", "/api/v1/nodes/1/retire"),
        ("post", "/api/v1/nodes/1/scrub"),
    ],
)
def test_the_nodes_are_for_admins_alone(method, path):
    assert getattr(APIClient(), method)(path).status_code == 401
    assert getattr(client_of(), method)(path).status_code == 403


def test_everyone_who_signed_in_sees_how_the_cluster_is(cluster):
    assert APIClient().get("/api/v1/cluster").status_code == 401
    told = client_of().get("/api/v1/cluster")
    assert told.status_code == 200
    assert (told.json()["health"], told.json()["nodes"], told.json()["nodes_online"]) == ("healthy", 4, 4)

    for name in ("node-a", "node-b", "node-c"):
        cluster.update(name, health="offline")
    told = client_of().get("/api/v1/cluster")
    assert told.json()["health"] == "failing"
    assert "NO_WRITE_QUORUM" in {problem["code"] for problem in told.json()["problems"]}
