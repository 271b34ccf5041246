"""S15, S17: no value of a parameter becomes a command, and no field of a body does more than it is for."""

import pytest

from accounts.models import Usage, User
from files.models import Entry
from tests import nightly
from tests.files.conftest import make_folder, write_file
from tests.security.hostile import VALUES

PARAMETERS = {
    "/api/v1/entries": (
        "q",
        "parent",
        "order",
        "kind",
        "cursor",
        "limit",
        "starred",
        "trashed",
        "shared",
        "owner",
    ),
    "/api/v1/paths": ("children", "order", "kind", "cursor", "limit"),
    "/api/v1/changes": ("cursor", "limit"),
    "/api/v1/shares": ("cursor", "limit"),
    "/api/v1/auth/tokens": ("cursor", "limit"),
    "/api/v1/nodes": ("order", "zone"),
    "/api/v1/content/a.txt": ("inline",),
}


@pytest.mark.django_db(transaction=True)
def test_s15_no_value_of_a_parameter_is_a_fault_or_shows_more(api, owner, stranger):
    write_file(stranger, "/secret.txt")
    write_file(owner, "/a.txt")
    for address, names in PARAMETERS.items():
        for name in names:
            for value in VALUES[:: nightly.count(3, 1)]:
                if "\ud800" in value:
                    continue  # cannot be written in an address
                reply = api.get(address, {name: value})
                assert reply.status_code < 500, (address, name, value)
                if not reply.streaming:
                    assert b"secret.txt" not in reply.content, (address, name, value)
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
