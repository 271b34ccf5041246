"""What a link shows and sends, and that it shows nothing else."""

from uuid import uuid4

from tests.files.conftest import entry_of, names_in, write_file
from tests.files.links.conftest import SENDS, content_of, every_reply, link_to


@SENDS
def test_a_link_lists_its_folder_and_those_below_and_sends_their_files(owner, album, visitor):
    _, url = link_to(owner, album)

    assert "a.jpg" in visitor.get(url).text
    assert "b.html" in visitor.get(f"{url}/folders/{entry_of('day 1').id}").text
    assert visitor.get(content_of(url, "a.jpg")).status_code == 200
    assert visitor.head(content_of(url, "b.html")).status_code == 200


def test_a_folder_below_says_the_way_to_it_and_nothing_above_the_link(owner, album, visitor):
    _share, url = link_to(owner, album)

    page = visitor.get(f"{url}/folders/{entry_of('day 1').id}").text

    assert f'<a href="{url}">album</a>' in page
    assert "private" not in page and "My files</a>" not in page.partition("<main")[2]


def test_a_link_is_from_the_name_its_owner_chose(owner, album, visitor):
    owner.first_name, owner.last_name = "Marie", "Keller"
    owner.save()
    _, listed = link_to(owner, album)
    _, asked = link_to(owner, album, role="upload")

    assert "From Marie Keller" in visitor.get(listed).text
    assert "Send a file to Marie Keller" in visitor.get(asked).text


def test_a_list_leads_only_to_what_this_link_sends(owner, album, visitor):
    viewed, loaded = link_to(owner, album, role="view")[1], link_to(owner, album)[1]
    write_file(owner, "/private/album/c.zip")

    assert content_of(viewed, "c.zip") not in visitor.get(viewed).text
    assert f"{content_of(viewed, 'a.jpg')}?inline=1" in visitor.get(viewed).text
    assert content_of(loaded, "c.zip") in visitor.get(loaded).text


@SENDS
def test_all_that_a_link_lists_comes_as_one_archive(owner, album, visitor):
    _, url = link_to(owner, album, max_downloads=2)
    address = f"{url}/archive/{album.id}"
    assert f'href="{address}"' in visitor.get(url).text
    assert visitor.head(address).status_code == 200  # no download

    whole = names_in(visitor.get(address))
    below = names_in(visitor.get(f"{url}/archive/{entry_of('day 1').id}"))

    assert whole == ["a.jpg", "day 1/", "day 1/b.html"]
    assert below == ["b.html"]
    assert visitor.get(address).status_code == 410  # each of them was one download


def test_no_archive_of_what_may_only_be_seen_or_lies_elsewhere(owner, album, visitor):
    _, url = link_to(owner, album, role="view")
    assert "Download all" not in visitor.get(url).text
    assert visitor.get(f"{url}/archive/{album.id}").status_code == 403
    _, url = link_to(owner, album)
    assert visitor.get(f"{url}/archive/{entry_of('private').id}").status_code == 404
    assert visitor.get(f"{url}/archive/{entry_of('a.jpg').id}").status_code == 409
    _, url = link_to(owner, album, role="upload")
    assert visitor.get(f"{url}/archive/{album.id}").status_code == 404


def test_nothing_outside_of_it_is_to_be_had(owner, stranger, album, visitor):
    write_file(stranger, "/theirs.txt")
    _, url = link_to(owner, album)

    for name in ("private", "secret.txt", "theirs.txt"):
        assert visitor.get(f"{url}/folders/{entry_of(name).id}").status_code == 404
        assert visitor.get(content_of(url, name)).status_code == 404
    assert visitor.get(f"{url}/content/{uuid4()}").status_code == 404
    assert "secret" not in visitor.get(url).text and "private" not in visitor.get(url).text


@SENDS
def test_a_link_to_a_file_opens_this_file_alone(owner, album, visitor):
    _, url = link_to(owner, entry_of("a.jpg"))

    assert "a.jpg" in visitor.get(url).text
    assert visitor.get(content_of(url, "a.jpg")).status_code == 200
    assert visitor.get(content_of(url, "b.html")).status_code == 404
    assert visitor.get(f"{url}/folders/{album.id}").status_code == 404


@SENDS
def test_a_link_to_view_sends_only_what_is_shown_in_place(owner, album, visitor):
    _, url = link_to(owner, album, role="view")

    assert visitor.get(f"{content_of(url, 'a.jpg')}?inline=1")["Content-Disposition"].startswith("inline")
    assert visitor.get(content_of(url, "a.jpg")).status_code == 403
    write_file(owner, "/private/album/program.bin")
    assert visitor.get(f"{content_of(url, 'program.bin')}?inline=1").status_code == 403


@SENDS
def test_what_is_sent_never_runs_here_and_the_address_is_told_to_nobody(owner, album, visitor):
    _, url = link_to(owner, album)

    active = visitor.get(f"{content_of(url, 'b.html')}?inline=1")
    assert active["Content-Type"] == "text/plain; charset=utf-8"
    assert active["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert active["X-Content-Type-Options"] == "nosniff"
    assert visitor.get(content_of(url, "b.html"))["Content-Disposition"].startswith("attachment")
    for reply in every_reply(visitor, url):
        assert reply["Referrer-Policy"] == "same-origin"
        assert "noindex" in reply["X-Robots-Tag"]
        assert reply["Cache-Control"] == "private, no-store"


def test_names_are_escaped(owner, album, visitor):
    write_file(owner, "/private/album/<img src=x onerror=alert(1)>")
    _, url = link_to(owner, album)

    assert "<img src=x" not in visitor.get(url).text


def test_somebody_signed_in_gets_no_more_by_a_link(owner, stranger, album, client):
    client.force_login(stranger)
    _, url = link_to(owner, album)

    assert client.get(content_of(url, "secret.txt")).status_code == 404
