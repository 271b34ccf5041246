"""S15, S17: no value of a parameter becomes a command, and no field of a body does more than it is for."""

from pathlib import Path
from urllib.parse import urlencode

import pytest
import yaml
from django.contrib.auth.models import Permission
from django.db import transaction

from accounts.models import Usage, User
from files.models import Entry
from files.serializers import ListIn, PageIn, PathIn
from tests import nightly
from tests.files.conftest import entry_of, make_folder, write_file
from tests.files.links.conftest import link_to
from tests.security.hostile import VALUES

DESCRIPTION = yaml.safe_load((Path(__file__).parents[2] / "docs/openapi.yaml").read_text())
"""Of the API: `make check` holds it to the code, so that it leaves out no parameter."""


def parameters() -> list[tuple[str, str, list[str]]]:
    """Every method and address of the API that takes parameters, with all of them."""
    found = []
    for address, operations in DESCRIPTION["paths"].items():
        for method, operation in operations.items():
            taken = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
            if taken:
                found.append((method, address, taken))
    return found


def test_the_parameters_are_all_that_lists_take():
    taken = {(method, address): set(names) for method, address, names in parameters()}

    assert taken["get", "/api/v1/entries"] == set(ListIn().fields)
    assert taken["get", "/api/v1/paths"] == set(PathIn().fields)
    assert taken["get", "/api/v1/nodes"] == set(PageIn().fields)


@pytest.mark.django_db(transaction=True)
def test_s15_no_value_of_a_parameter_is_a_fault_or_shows_more(client, owner, stranger):
    """CVE-2026-1287, CVE-2026-1312: SQL came in by names, and by the order asked for."""
    write_file(stranger, "/secret.txt")
    entry = write_file(owner, "/a.txt")
    User.objects.filter(id=owner.id).update(is_staff=True)  # who may list nodes, and invitations, too
    owner.user_permissions.add(Permission.objects.get(codename="add_user"))
    client.force_login(owner)
    make_folder(owner, "/shared")
    write_file(owner, "/shared/a.txt")
    _, link = link_to(owner, entry_of("shared"))
    token = link.rpartition("/")[2]
    places = {"entry_id": entry.id, "path": "a.txt", "number": 1, "token": token, "below": "a.txt"}
    for method, address, names in parameters():
        for name in names:
            for value in VALUES[:: nightly.count(3, 1)]:
                if "\ud800" in value:
                    continue  # cannot be written in an address
                query = urlencode({name: value})
                with transaction.atomic():
                    reply = client.generic(
                        method.upper(), f"{address.format(**places)}?{query}", headers={"If-Match": '"other"'}
                    )
                    transaction.set_rollback(True)
                said = (method, address, name, value, reply.status_code)
                assert reply.status_code < 500 and reply.status_code not in (401, 403, 405), said
                if not reply.streaming:
                    assert b"secret.txt" not in reply.content, said
    assert Entry.objects.filter(name="secret.txt").exists()


@pytest.mark.django_db
def test_s15_what_means_something_in_patterns_is_a_letter_like_others(api, owner):
    """Search takes words, so that no sign of LIKE or of text search means anything in it."""
    for name in ("report one", "report two", "50% off", "under_score"):
        make_folder(owner, f"/{name}")
    found = {
        text: sorted(one["name"] for one in api.get("/api/v1/entries", {"q": text}).json()["results"])
        for text in (
            "rep",
            "re%",
            "re_ort",
            "%",
            "_",
            "rep:*",
            "report & one",
            "report | zzz",
            "!report",
            "50",
            "under",
        )
    }
    both = ["report one", "report two"]
    assert found["rep"] == found["rep:*"] == found["!report"] == both
    assert found["report & one"] == ["report one"]
    assert found["re%"] == both and found["re_ort"] == []  # two words each: “re”, and “re” with “ort”
    assert found["report | zzz"] == []
    assert found["50"] == ["50% off"] and found["under"] == ["under_score"]


SNEAKED = {
    "id": "00000000-0000-4000-8000-000000000000",
    "owner": "stranger",
    "owner_id": 1,
    "created_by": "stranger",
    "is_staff": True,
    "is_superuser": True,
    "quota_bytes": None,
    "used_bytes": 0,
    "size": 10**12,
    "sha256": "00" * 32,
    "etag": "x",
    "revision": 99,
    "trashed_at": "2020-01-01T00:00:00Z",
    "created_at": "2020-01-01T00:00:00Z",
    "current_version": 1,
    "content": 1,
    "state": "stored",
    "node": 1,
    "role": "owner",
    "copies": {"fewest": 9},
    "__class__": "x",
    "user": {"is_staff": True},
}
"""Fields that are nobody's to set."""


@pytest.mark.django_db
def test_s17_fields_that_are_nobodys_to_set_are_left_alone(api, owner, stranger, anonymous):
    before = (owner.is_staff, Usage.objects.get(user=owner).quota_bytes)
    folder = api.post("/api/v1/entries", {**SNEAKED, "kind": "folder", "name": "a"}, format="json").json()
    changed = api.patch(f"/api/v1/entries/{folder['id']}", {**SNEAKED, "name": "b"}, format="json").json()
    copied = api.post(f"/api/v1/entries/{folder['id']}/copy", SNEAKED | {"name": "c"}, format="json").json()
    for entry in (folder, changed, copied):
        assert (entry["owner"], entry["size"], entry["sha256"], entry["role"]) == (
            "owner",
            None,
            None,
            "owner",
        )
        assert entry["id"] != SNEAKED["id"] and "trashed_at" not in entry
        assert not entry["created_at"].startswith("2020") and entry["copies"] is None
    made = anonymous.post(
        "/api/v1/auth/register",
        {**SNEAKED, "username": "eve", "password": "a long enough phrase"},
        format="json",
    )
    assert made.status_code == 201 and set(made.json()) == {"id", "username", "email"}
    eve = User.objects.get(username="eve")
    assert (eve.is_staff, eve.is_superuser, eve.is_active) == (False, False, True)
    owner.refresh_from_db()
    assert (owner.is_staff, Usage.objects.get(user=owner).quota_bytes) == before
    assert not Entry.objects.filter(owner=stranger).exists()


@pytest.mark.django_db
def test_s17_an_answer_has_the_fields_of_its_description_and_no_more(api, owner):
    from dfsweb.openapi.examples import EXAMPLES

    entry = write_file(owner, "/a.txt")
    shown = {
        "MeOut": api.get("/api/v1/me").json(),
        "EntryOut": api.get(f"/api/v1/entries/{entry.id}").json(),
        "TokenPageOut": api.get("/api/v1/auth/tokens").json(),
        "ClusterOut": api.get("/api/v1/cluster").json(),
    }
    for shape, answer in shown.items():
        assert set(answer) <= set(EXAMPLES[shape]), shape
    [token] = shown["TokenPageOut"]["results"]
    assert set(token) == set(EXAMPLES["TokenPageOut"]["results"][0])
    assert not any(word in str(shown).lower() for word in ("password", "digest", "is_staff", "argon2"))
