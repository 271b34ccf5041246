"""POST, GET and DELETE of API tokens."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import attempts, tokens
from accounts.models import Token
from tests.accounts.conftest import PASSWORD

URL = "/api/v1/auth/tokens"
pytestmark = pytest.mark.django_db


def sign_in(client, **fields):
    return client.post(URL, {"username": "owner", "password": PASSWORD, **fields}, format="json")


def test_a_password_buys_a_token_that_reads_and_writes_for_a_year(anonymous, owner):
    reply = sign_in(anonymous, name="laptop")

    assert reply.status_code == 201
    body = reply.json()
    assert set(body) == {
        "id",
        "token",
        "name",
        "scopes",
        "folder",
        "created_at",
        "expires_at",
        "last_used_at",
    }
    assert body["token"].startswith("dfs_")
    assert (body["name"], body["scopes"]) == ("laptop", ["read", "write"])
    token = Token.objects.get(id=body["id"])
    assert timedelta(days=364) < token.expiry - timezone.now() < timedelta(days=366)
    anonymous.credentials(HTTP_AUTHORIZATION=f"Bearer {body['token']}")
    assert anonymous.get(URL).json()["results"][0]["id"] == body["id"]


def test_the_database_holds_no_token_in_clear(anonymous, owner):
    text = sign_in(anonymous).json()["token"]

    row = Token.objects.values().get()
    assert text not in json.dumps(row, default=str)


def test_scopes_and_life_can_be_chosen(anonymous, owner):
    body = sign_in(anonymous, scopes=["read"], expires_in=60).json()

    assert body["scopes"] == ["read"]
    assert Token.objects.get().expiry - timezone.now() < timedelta(seconds=61)


def test_the_username_may_be_typed_in_any_case(anonymous, owner):
    assert sign_in(anonymous, username="OWNER").status_code == 201


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"username": None}, "username"),
        ({"username": "x" * 151}, "username"),
        ({"username": "o\0"}, "username"),
        ({"password": ""}, "password"),
        ({"password": 7 * ["x"]}, "password"),
        ({"password": "x" * 1025}, "password"),
        ({"scopes": "read"}, "scopes"),
        ({"scopes": ["root"]}, "scopes.0"),
        ({"expires_in": 0}, "expires_in"),
        ({"expires_in": 10**30}, "expires_in"),
        ({"name": "x" * 101}, "name"),
    ],
)
def test_a_field_of_the_wrong_shape_is_named(anonymous, owner, fields, field):
    reply = sign_in(anonymous, **fields)

    assert reply.status_code == 422
    assert reply.json()["code"] == "invalid_fields"
    assert field in {error["field"] for error in reply.json()["errors"]}


@pytest.mark.parametrize("body", ["[]", '"text"', "null", "7"])
def test_json_that_is_no_object_is_refused(anonymous, owner, body):
    reply = anonymous.post(URL, body, content_type="application/json")

    assert reply.status_code == 422


def test_a_wrong_password_and_an_unknown_name_look_the_same(anonymous, owner):
    wrong = sign_in(anonymous, password="wrong")
    unknown = sign_in(anonymous, username="nobody")

    assert wrong.status_code == unknown.status_code == 401
    assert "Token" in wrong["WWW-Authenticate"]
    assert {**wrong.json(), "request_id": ""} == {**unknown.json(), "request_id": ""}


def test_an_account_that_is_switched_off_gets_no_token(anonymous, owner):
    owner.is_active = False
    owner.save()

    assert sign_in(anonymous).json()["code"] == "sign_in_refused"


def test_only_staff_gets_the_admin_scope(anonymous, owner, admin):
    refused = sign_in(anonymous, scopes=["admin"])
    granted = sign_in(anonymous, username="admin", scopes=["read", "admin"])

    assert (refused.status_code, refused.json()["code"]) == (403, "staff_only")
    assert granted.json()["scopes"] == ["admin", "read"]


def test_a_token_may_do_all_its_owner_may_unless_it_is_narrowed(anonymous, admin):
    assert sign_in(anonymous, username="admin").json()["scopes"] == ["admin", "read", "write"]


def test_a_token_is_no_password_for_another_token(client_of, owner):
    reply = client_of(owner).post(URL, {"name": "child"}, format="json")

    assert reply.status_code == 422
    assert Token.objects.count() == 1


def test_a_list_shows_ones_own_tokens_and_no_secrets(client_of, owner, stranger):
    tokens.create(stranger, name="theirs")
    client = client_of(owner, name="mine")

    body = client.get(URL).json()

    assert [token["name"] for token in body["results"]] == ["mine"]
    assert set(body["results"][0]) == {
        "id",
        "name",
        "scopes",
        "folder",
        "created_at",
        "expires_at",
        "last_used_at",
    }
    assert body["results"][0]["last_used_at"] is not None
    assert body["next"] is None


@pytest.mark.parametrize("method", ["get", "delete"])
def test_without_a_token_nothing_is_listed_or_revoked(anonymous, owner, method):
    token, _ = tokens.create(owner)
    url = URL if method == "get" else f"{URL}/{token.id}"

    reply = getattr(anonymous, method)(url)

    assert (reply.status_code, reply.json()["code"]) == (401, "not_signed_in")
    assert Token.objects.count() == 1


def test_a_revoked_token_is_refused_by_the_next_request(client_of, owner):
    client = client_of(owner)
    token = Token.objects.get()
    assert client.get(URL).status_code == 200

    assert client.delete(f"{URL}/{token.id}").status_code == 204
    reply = client.get(URL)

    assert (reply.status_code, reply.json()["code"]) == (401, "token_refused")


def test_a_strangers_token_cannot_be_told_from_none(client_of, owner, stranger):
    token, _ = tokens.create(owner)
    client = client_of(stranger)

    theirs = client.delete(f"{URL}/{token.id}")
    none = client.delete(f"{URL}/00000000-0000-4000-8000-000000000000")

    assert theirs.status_code == none.status_code == 404
    assert {**theirs.json(), "request_id": ""} == {**none.json(), "request_id": ""}
    assert Token.objects.filter(pk=token.pk).exists()


def test_an_id_of_the_wrong_shape_is_not_found(client_of, owner):
    assert client_of(owner).delete(f"{URL}/1;DROP").status_code == 404


def test_an_account_cannot_fill_the_table_with_tokens(anonymous, owner, monkeypatch):
    monkeypatch.setattr(tokens, "MOST_TOKENS", 2)
    expired, _ = tokens.create(owner)
    Token.objects.filter(pk=expired.pk).update(expiry=timezone.now() - timedelta(seconds=1))

    statuses = [sign_in(anonymous).status_code for _ in range(3)]

    assert statuses == [201, 201, 409]  # the expired one made room


def test_a_program_that_signs_in_for_every_request_is_slowed_down(anonymous, owner, monkeypatch):
    monkeypatch.setattr(tokens, "MAKING", attempts.Limit(2, seconds=300))

    replies = [sign_in(anonymous) for _ in range(3)]

    assert [reply.status_code for reply in replies] == [201, 201, 429]
    assert int(replies[2]["Retry-After"]) > 0
