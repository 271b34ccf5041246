"""What people are told in place of a page: in words, with a way out, and without a number."""

import re

import pytest

from dfsweb.api_errors import STATUSES
from dfsweb.faults import explain, ways_out

LINK = "/s/AbC"


@pytest.mark.parametrize("code", STATUSES)
@pytest.mark.parametrize("path", ["/files/1", LINK])
def test_every_problem_has_words_for_people(code, path):
    status = STATUSES[code][0]

    fault = explain(status, code, "The detail.", path=path)

    assert fault.title and fault.words
    assert not re.search(r"\b[45]\d\d\b|chunk|quorum|replica", fault.title + fault.words)


@pytest.mark.parametrize("code", ["internal_error", "database_unavailable"])
def test_what_only_an_admin_can_find_is_told_with_its_id(code):
    assert explain(STATUSES[code][0], code, "secret", path="/").is_for_admin


@pytest.mark.parametrize("code", ["quota_exceeded", "cluster_full"])
def test_a_lack_of_room_is_told_as_what_it_is(code):
    assert explain(507, code, "The detail.", path="/files/1").words == "The detail."


def test_a_link_says_whether_it_ended_is_used_up_or_opens_nothing():
    titles = [
        explain(STATUSES[code][0], code, "", path=LINK).title
        for code in ("link_expired", "link_exhausted", "not_found")
    ]

    assert titles == ["This link has ended", "This link is used up", "This link opens nothing"]


@pytest.mark.parametrize(
    ("status", "method", "path", "ways"),
    [
        (404, "GET", "/files/1", ["Back to my files"]),
        (503, "GET", "/files/1", ["Try again", "Back to my files"]),
        (429, "POST", "/account", ["Back to my files"]),  # again would be another deed
        (503, "GET", LINK, ["Try again"]),
        (410, "GET", LINK, []),  # there is nothing else here for who only has a link
    ],
)
def test_the_ways_out_are_those_that_lead_somewhere(status, method, path, ways):
    assert [way.words for way in ways_out(status, method=method, path=path, address=path)] == ways
