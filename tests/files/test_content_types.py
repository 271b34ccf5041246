"""Types of bytes, and the headers that keep what people store from running in our origin."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from files import content_types


@pytest.mark.parametrize(
    ("sent", "name", "settled"),
    [
        ("", "photo.JPG", "image/jpeg"),
        ("application/octet-stream", "a.pdf", "application/pdf"),
        ("application/x-www-form-urlencoded", "notes.md", "text/markdown"),
        ("text/plain; charset=utf-8", "a.bin", "text/plain; charset=utf-8"),
        ("", "backup.tar.gz", "application/gzip"),
        ("", "mystery", "application/octet-stream"),
        ("no type", "a.txt", "text/plain"),
        ("text/plain\r\nX-Evil: 1", "a.txt", "text/plain"),
        ("text/html;\r\nX-Evil: 1", "a.txt", "text/plain"),
        ("text/html\r\n; a=b", "a.txt", "text/plain"),
        ("text/html\u2028;a=b", "a.txt", "text/plain"),
        ("text/" + "x" * 300, "a.txt", "text/plain"),
        ("", "data:text/html,x", "application/octet-stream"),
    ],
)
def test_a_type_is_settled_from_what_was_sent_and_the_name(sent, name, settled):
    assert content_types.settle(sent, name) == settled


@pytest.mark.parametrize(
    "stored",
    [
        *(
            "text/html",
            "image/svg+xml",
            "application/xhtml+xml",
            "text/xml",
            "application/xml",
            "text/javascript",
        ),
        *("application/javascript", "multipart/related", "message/rfc822", "application/x-shockwave-flash"),
        *("text/HTML ; charset=utf-7", "application/pdf+xml", "image/svg", "application/wasm"),
    ],
)
def test_active_content_is_never_shown_as_what_it_is(stored):
    sent, is_inline = content_types.to_send(stored, inline=True)

    assert (sent, is_inline) in [("text/plain; charset=utf-8", True), ("application/octet-stream", False)]


@pytest.mark.parametrize("stored", ["image/png", "video/mp4", "audio/mpeg", "application/pdf"])
def test_what_cannot_run_may_be_shown(stored):
    assert content_types.to_send(stored, inline=True) == (stored, True)
    assert content_types.to_send(stored, inline=False) == (stored, False)


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("a.txt", 'attachment; filename="a.txt"'),
        ("na me.txt", 'attachment; filename="na me.txt"'),
        ('q"uote.txt', "attachment; filename=\"q_uote.txt\"; filename*=UTF-8''q%22uote.txt"),
        ("back\\slash", "attachment; filename=\"back_slash\"; filename*=UTF-8''back%5Cslash"),
        ("semi;colon", "attachment; filename=\"semi_colon\"; filename*=UTF-8''semi%3Bcolon"),
        ("per%0d%0acent", "attachment; filename=\"per_0d_0acent\"; filename*=UTF-8''per%250d%250acent"),
        ("größe.txt", "attachment; filename=\"gr__e.txt\"; filename*=UTF-8''gr%C3%B6%C3%9Fe.txt"),
        ("🗺", "attachment; filename=\"_\"; filename*=UTF-8''%F0%9F%97%BA"),
    ],
)
def test_a_name_is_written_for_old_and_new_browsers(name, header):
    assert content_types.disposition(name, inline=False) == header


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=255))
def test_no_name_breaks_out_of_its_header(name):
    header = content_types.disposition(name, inline=True)

    assert header.isascii()
    assert header.isprintable()
    assert header.startswith('inline; filename="')
    assert header.count('"') == 2
