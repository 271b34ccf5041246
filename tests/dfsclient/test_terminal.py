"""What `dfs` writes for a person at a terminal, wide or narrow, and what for a file or a script."""

import json
import os
import re

import pytest

from tests.dfsclient.conftest import MIB
from tests.dfsclient.terminals import COLOUR, HIDE_CURSOR, SHOW_CURSOR, Terminal
from tests.storagenode.running_node import wait_until

NAME = "a film from the summer holiday by the sea.mp4"
TIME_LEFT = r"\d:\d\d:\d\d"
FIGURES = rf"[5-8]\.\d/8\.4 MB .*{TIME_LEFT}"
"""Of a transfer that is held, or was cut, after 5 of its 8 MiB."""
DATA = os.urandom(8 * MIB)


def terminal(dfs, *words, columns=80, **env):
    seen = dfs.env | {"TERM": "xterm-256color"} | env
    return Terminal(dfs.words(*words), folder=dfs.home, env=seen, columns=columns)


@pytest.fixture(params=["put", "get"])
def film(request, service, dfs):
    """A film here or there; the command that moves it, and the request in which its bytes go."""
    if request.param == "put":
        (dfs.home / NAME).write_bytes(DATA)
        return ("put", NAME), ("PATCH", "/uploads/")
    service.file(f"/{NAME}", DATA)
    return ("get", f"/{NAME}"), ("GET", "/entries/entry-1/content")


@pytest.fixture
def transfer(film, service):
    """A command that moves the film and is cut off once in the middle."""
    words, request = film
    service.faults.add(*request, cut_after=5 * MIB)
    return words


@pytest.fixture
def held(film, service):
    """A command that comes to the middle of the film and no further."""
    words, request = film
    return words, service.faults.add(*request, cut_after=5 * MIB, hold=True)


def test_a_transfer_shows_how_far_it_is_how_fast_it_goes_and_what_is_left(dfs, held):
    with terminal(dfs, *held[0]) as seen:
        seen.wait_for(rf"━.* [5-8]\.\d/8\.4 MB .*B/s {TIME_LEFT}")


def test_a_transfer_leaves_one_clean_line(dfs, transfer):
    with terminal(dfs, *transfer) as seen:
        assert seen.end() == 0

        assert any("━" in line for line in seen.frames())
        assert len(seen.left().splitlines()) == 1
        assert re.fullmatch(rf"(sent|fetched) .*{NAME} → .*{NAME}\n", seen.left())
        assert seen.text.count(HIDE_CURSOR) == seen.text.count(SHOW_CURSOR) == 1
        assert seen.modes_are_restored


@pytest.mark.parametrize("columns", [40, 60, 72, 200])
def test_a_bar_keeps_to_one_line_of_a_terminal_of_any_width(dfs, held, columns):
    with terminal(dfs, *held[0], columns=columns) as seen:
        seen.wait_for(rf"^a film.*━.*{FIGURES}")

        *drawn, _perhaps_half = seen.frames()
        assert all(re.match("a film", line) and len(line) <= columns for line in drawn)


def test_a_name_of_wide_characters_leaves_room_for_the_figures(service, dfs):
    name = "海" * 40 + ".mp4"
    service.file(f"/{name}", DATA)
    service.faults.add("GET", "/entries/entry-1/content", cut_after=5 * MIB, hold=True)

    with terminal(dfs, "get", f"/{name}") as seen:
        seen.wait_for(rf"^海.*━.*{FIGURES}")


def test_a_bar_is_without_colours_where_they_are_not_wanted(dfs, held):
    with terminal(dfs, *held[0], NO_COLOR="1") as seen:
        seen.wait_for(FIGURES)
        assert not COLOUR.search(seen.text)


def test_a_terminal_that_can_do_nothing_gets_the_sentence_alone(dfs, transfer):
    with terminal(dfs, *transfer, TERM="dumb") as seen:
        assert seen.end() == 0

        assert re.fullmatch(rf"(sent|fetched) .*{NAME}\r\n", seen.text)


@pytest.mark.parametrize("plain", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=["NO_COLOR", "dumb"])
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--help",), 0),
        (("put", "--help"), 0),
        (("nodes", "--help"), 0),
        (("nodes",), 0),
        (("status",), 0),
        (("put",), 2),
        (("put", "--nonsense"), 2),
        (("share", "/a", "--expires", "soon", "--link"), 2),
        (("ls", "/nowhere"), 4),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_no_command_writes_an_escape_where_none_is_wanted(service, dfs, words, code, plain):
    with terminal(dfs, *words, **plain) as seen:
        assert seen.end() == code
        assert seen.text.strip() and "\x1b" not in seen.text


@pytest.mark.parametrize("env", [{}, {"FORCE_COLOR": "1"}], ids=["", "FORCE_COLOR"])
def test_what_does_not_go_to_a_terminal_has_neither_bars_nor_escapes(dfs, transfer, env):
    done = dfs(*transfer, TERM="xterm-256color", **env)

    assert (done.returncode, done.stdout) == (0, "")
    assert re.fullmatch(rf"(sent|fetched) .*{NAME}\n", done.stderr)
    assert "\x1b" not in dfs("nodes", TERM="xterm-256color", **env).stdout


def test_with_json_even_a_terminal_gets_the_document_alone(dfs, transfer):
    with terminal(dfs, *transfer, "--json") as seen:
        assert seen.end() == 0
        assert json.loads(seen.text)["done"] == 1


def test_quiet_shows_nothing_even_on_a_terminal(dfs, transfer):
    with terminal(dfs, *transfer, "--quiet") as seen:
        assert seen.end() == 0
        assert seen.text == ""


def test_a_narrow_terminal_cuts_no_name_of_a_node(service, dfs):
    with terminal(dfs, "nodes", columns=40) as seen:
        assert seen.end() == 0

        told = dfs("nodes").stdout
        assert seen.frames() == told.splitlines() and "…" not in told


def test_ctrl_c_leaves_a_terminal_as_it_was_and_a_transfer_that_goes_on(service, dfs, held):
    words, fault = held
    with terminal(dfs, *words) as seen:
        assert fault.held.wait(120)
        seen.wait_for(FIGURES)
        seen.press(b"\x03")
        assert seen.end() == 130

        told = "dfs: Stopped; the same command goes on where this one ended."
        assert seen.left().replace("^C", "").split("\n") == [told, ""]
        assert seen.text.rfind(SHOW_CURSOR) > seen.text.rfind(HIDE_CURSOR) >= 0
        assert seen.modes_are_restored

    assert dfs(*words).returncode == 0
    assert service.bytes_of(f"/{NAME}") == (dfs.home / NAME).read_bytes() == DATA
    if words[0] == "put":
        assert [headers["upload-offset"] for headers in service.asked("PATCH")] == ["0", str(5 * MIB)]
    else:
        assert service.asked("GET", "/entries/entry-1/content")[-1]["range"].startswith("bytes=")


def test_ctrl_c_while_a_password_is_asked_for_leaves_the_keys_echoed(service, dfs):
    with terminal(dfs, "login", service.url, "--username", "ada") as seen:
        seen.wait_for("Password:")
        wait_until(lambda: not seen.modes_are_restored, "keys not to be echoed")
        seen.press(b"\x03")

        assert seen.end() != 0
        assert seen.modes_are_restored
        assert "Traceback" not in seen.text
