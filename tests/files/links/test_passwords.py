"""Links with a password: every address asks for it, and it opens one link for one browser."""

from django.test import Client
from django.urls import resolve

from accounts import attempts
from accounts.models import Attempt
from files import link_urls, links, sharing
from files.models import Share
from tests.files.links.conftest import PASSWORD, SENDS, every_address, every_reply, link_to, unlock


def test_the_addresses_that_are_tried_are_all_that_show_something(owner, album):
    _, url = link_to(owner, album)
    tried = {resolve(address.partition("?")[0]).route for address in every_address(url)}

    assert tried == {str(route.pattern) for route in link_urls.urlpatterns} - {"s/<str:token>/upload"}


def test_every_address_of_a_link_asks_for_its_password(owner, album, visitor):
    """CVE-2026-30230 left out small pictures, CVE-2026-56768 archives."""
    share, url = link_to(owner, album, password=PASSWORD)

    for address in every_address(url):
        refused = 401 if "/files/" in address else 403  # programs are asked for it as HTTP does
        for method in (visitor.get, visitor.head):
            assert method(address).status_code == refused
        ranged = visitor.get(address, headers={"Range": "bytes=0-0"})
        assert ranged.status_code == refused
        assert "a.jpg" not in ranged.text and "b.html" not in ranged.text
    assert PASSWORD not in Share.objects.get(id=share.id).password
    assert Share.objects.get(id=share.id).password.startswith("argon2$")


@SENDS
def test_the_right_password_opens_the_link_for_this_browser_alone(owner, album, visitor):
    _, url = link_to(owner, album, password=PASSWORD)

    assert unlock(visitor, url, "wrong").status_code == 403
    opened = unlock(visitor, url)

    assert (opened.status_code, opened["Location"]) == (302, url)
    cookie = opened.cookies["dfs_link"]
    assert cookie["httponly"] and cookie["samesite"] == "Lax" and cookie["path"] == url
    assert {reply.status_code for reply in every_reply(visitor, url)} == {200}
    assert Client().get(url).status_code == 403


def test_the_proof_of_one_link_opens_no_other_and_ends_with_the_password(owner, album, visitor):
    share, url = link_to(owner, album, password=PASSWORD)
    _, other = link_to(owner, album, password=PASSWORD)
    proof = unlock(visitor, url).cookies["dfs_link"].value

    stolen = Client()
    stolen.cookies["dfs_link"] = proof
    assert stolen.get(url).status_code == 200
    assert stolen.get(other).status_code == 403
    sharing.change(owner, share.id, {"password": "another one"})
    assert stolen.get(url).status_code == 403
    sharing.change(owner, share.id, {"password": ""})
    assert stolen.get(url).status_code == 200


def test_guessing_at_a_password_is_slowed_down(owner, album, visitor):
    _, url = link_to(owner, album, password=PASSWORD)

    replies = [unlock(visitor, url, "wrong") for _ in range(5)] + [unlock(visitor, url)]

    assert [reply.status_code for reply in replies] == [403] * 5 + [429]
    assert 0 < int(replies[-1]["Retry-After"]) <= 60
    Attempt.objects.all().delete()
    assert unlock(visitor, url).status_code == 302


def test_who_knows_the_password_locks_nobody_out(owner, album, monkeypatch):
    monkeypatch.setattr(links, "TRIES", attempts.Limit(3, seconds=60))
    monkeypatch.setattr(links, "TRIES_IN_ALL", attempts.Limit(6, seconds=60))
    _, url = link_to(owner, album, password=PASSWORD)

    right = [unlock(Client(), url) for _ in range(8)]
    assert [reply.status_code for reply in right] == [302] * 8

    guesses = []
    for number in range(7):
        guesser = Client(REMOTE_ADDR=f"10.0.0.{number}")
        guesses.append(unlock(guesser, url, "wrong").status_code)
        if number < 6:
            assert unlock(Client(), url).status_code == (302 if number < 5 else 429)
    assert guesses == [403] * 6 + [429]  # the right ones between them make no room for more


def test_a_password_form_from_elsewhere_is_refused(owner, album, visitor):
    _, url = link_to(owner, album, password=PASSWORD)

    assert visitor.post(url, {"password": PASSWORD}).status_code == 403
    assert "dfs_link" not in visitor.cookies
