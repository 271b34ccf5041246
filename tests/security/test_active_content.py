"""S04, S18: what people store never runs in our origin, and nobody keeps it, by whichever door it comes."""

import pytest

from files import links, sharing
from files.models import Version
from files.sharing import LinkTerms
from tests.files.conftest import write_file
from tests.security.hostile import FILES


@pytest.mark.django_db(transaction=True)
def test_s04_nothing_runs_here_however_it_was_declared_and_asked_for(api, owner, client):
    """CVE-2026-28683: the script of a picture in SVG ran as a page of the site."""
    assert len(FILES) >= 25
    for number, (name, declared) in enumerate(FILES):
        file = write_file(owner, f"/{number}/{name}")
        Version.objects.filter(entry_id=file.id).update(content_type=declared.partition("\r")[0])
        link = sharing.make_link(owner, file.id, role="download", terms=LinkTerms())
        address, shared = f"/api/v1/entries/{file.id}", f"/s/{links.token_of(link.id)}/content/{file.id}"
        for ask, door in (
            (api.get, f"{address}/content"),
            (api.get, f"{address}/versions/1/content"),
            (client.get, shared),
        ):
            for inline in ("false", "true"):
                reply = ask(f"{door}?inline={inline}")
                said = (name, declared, door, inline, dict(reply.items()))
                assert reply.status_code == 200, said
                assert reply["X-Content-Type-Options"] == "nosniff", said
                assert (
                    reply["Content-Security-Policy"].replace(" ", "").startswith("sandbox;default-src'none'")
                ), said
                assert reply["Cross-Origin-Resource-Policy"] == "same-origin", said
                assert {"private", "no-store"} <= set(reply["Cache-Control"].split(", ")), said
                is_shown = reply["Content-Disposition"].startswith("inline")
                kind = reply["Content-Type"].partition(";")[0].lower()
                if is_shown:
                    assert inline == "true" and (
                        kind in ("text/plain", "application/pdf") or kind.startswith("image/")
                    ), said
                    assert not kind.endswith("+xml"), said


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("destination", ["script", "style", "worker", "serviceworker"])
def test_s04_nothing_is_sent_to_become_part_of_a_page(api, owner, client, destination):
    asked_as = {"HTTP_SEC_FETCH_DEST": destination}
    for name, kind in (("a.js", "text/javascript"), ("a.css", "text/css"), ("a.pdf", "application/pdf")):
        file = write_file(owner, f"/{name}")
        Version.objects.filter(entry_id=file.id).update(content_type=kind)
        shared = links.token_of(sharing.make_link(owner, file.id, role="download", terms=LinkTerms()).id)
        address = f"/api/v1/entries/{file.id}/content"
        for inline in ("false", "true"):
            for reply in (
                api.get(f"{address}?inline={inline}", **asked_as),
                client.get(f"/s/{shared}/content/{file.id}?inline={inline}", **asked_as),
            ):
                assert reply.status_code == 200
                assert reply["Content-Type"] == "application/octet-stream", (name, inline)
        assert api.get(address, HTTP_SEC_FETCH_DEST="empty")["Content-Type"] == kind


@pytest.mark.django_db(transaction=True)
def test_s04_a_type_that_breaks_its_header_is_not_kept(api, owner):
    for declared in (
        "x/y\r\nX-A: b",
        "text/html\x00",
        "a",
        "/",
        "text/" + "x" * 300,
        "text/html\x85b",
        "ä/ü",
    ):
        made = api.put(
            "/api/v1/content/a.bin", b"", content_type="text/plain", headers={"Content-Type": declared}
        )
        assert made.status_code in (200, 201)
        reply = api.get("/api/v1/content/a.bin")
        assert reply["Content-Type"].isprintable() and reply["Content-Type"].isascii()
        assert "X-A" not in reply
