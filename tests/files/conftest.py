"""The cast (an owner, a stranger, nobody), a file made of rows alone, and three real storage nodes."""

import io
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from rest_framework.test import APIClient

from accounts import tokens
from accounts.models import Usage, User
from files import names, tree, uploads
from files.models import Entry
from files.uploads import Target
from nodes import roster
from nodes.models import Content, Node
from tests.storagenode.running_node import SECRET, KeyGateway, RunningNode


def person(username: str, *, quota_bytes: int | None = 10 * 2**30) -> User:
    user = User(username=username)
    user.set_unusable_password()  # hashing one takes longer than most tests
    user.save()
    Usage.objects.create(user=user, quota_bytes=quota_bytes)
    return user


def token_client(user: User, **token: object) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {tokens.create(user, **token)[1]}")
    return client


@pytest.fixture
def owner(db: None) -> User:
    return person("owner")


@pytest.fixture
def stranger(db: None) -> User:
    return person("stranger")


@pytest.fixture
def api(owner: User) -> APIClient:
    return token_client(owner)


@pytest.fixture
def stranger_api(stranger: User) -> APIClient:
    return token_client(stranger)


@pytest.fixture
def anonymous() -> APIClient:
    return APIClient(enforce_csrf_checks=True)


def write_file(user: User, path: str, *, size: int = 0, on_conflict: str = "replace") -> Entry:
    """Commit a file whose content is a row without chunks: the tree does not mind."""
    folder, _, name = path.rpartition("/")
    target = Target(make_folder(user, folder).id, names.clean(name), on_conflict=on_conflict)
    with transaction.atomic():
        content = Content.objects.create(size=size)
        committed = uploads.commit_content(user, content.id, size, target)
    return Entry.objects.get(id=committed.entry_id)


def make_folder(user: User, path: str) -> Entry:
    return Entry.objects.get(id=tree.create_folder_at(user, path, parents=True)[0])


def entry_of(name: str) -> Entry:
    return Entry.objects.get(name=name)


def used_bytes(user: User) -> int:
    return Usage.objects.get(user=user).used_bytes


@pytest.fixture(scope="session")
def running_nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[RunningNode]]:
    folder = Path(tmp_path_factory.mktemp("nodes"))
    gateway = KeyGateway()
    nodes = [RunningNode(folder / name, gateway_url=gateway.url) for name in ("a", "b", "c")]
    try:
        for node in nodes:
            node.ready_client().close()
        yield nodes
    finally:
        for node in nodes:
            node.kill()
        gateway.close()
        shutil.rmtree(folder)


@pytest.fixture
def cluster(
    transactional_db: None, settings: Any, running_nodes: list[RunningNode]
) -> Callable[[], list[Node]]:
    """Three nodes that are known and active; bytes go to their disks and come back from there."""
    settings.CLUSTER_SECRET = SECRET.hex()
    for node in running_nodes:
        Node.objects.create(
            name=node.data.name,
            store_id=node.store_id,
            url=f"http://127.0.0.1:{node.port}",
            zone=node.data.name,
            free_bytes=2**30,
            duty=Node.Duty.ACTIVE,
        )
    roster.reload()
    return lambda: list(Node.objects.order_by("name"))


def names_in(reply) -> list[str]:
    """Read an archive that is whole to its end, and give its slot back."""
    body = reply.getvalue()
    reply.close()
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        return sorted(archive.namelist())


def code(reply) -> tuple[int, str]:
    """How a request was refused."""
    assert reply["Content-Type"] == "application/problem+json"
    assert reply.json()["status"] == reply.status_code
    return reply.status_code, reply.json()["code"]
