"""The bar of a person's room: what it shows of files, earlier versions and trash."""

import pytest

from files.room_bar import WIDTH, drawn
from files.usage import Parts


def parts(quota, used, versions=0, trash=0):
    return Parts(quota_bytes=quota, used_bytes=used, versions_bytes=versions, trash_bytes=trash)


def test_an_empty_room_has_an_empty_bar():
    assert drawn(parts(100, 0)) == []


def test_the_parts_stand_side_by_side_and_the_rest_is_free():
    pieces = drawn(parts(1000, 500, versions=100, trash=50))

    assert [piece.kind for piece in pieces] == ["files", "versions", "trash"]
    assert pieces[-1].x + pieces[-1].width == pytest.approx(WIDTH / 2, abs=3)


def test_uploads_on_their_way_come_last():
    kept = Parts(quota_bytes=100, used_bytes=10, versions_bytes=0, trash_bytes=0, reserved_bytes=50)

    assert [piece.kind for piece in drawn(kept)] == ["files", "reserved"]


def test_without_a_quota_what_is_used_fills_the_bar():
    pieces = drawn(parts(None, 300, trash=100))

    assert pieces[-1].x + pieces[-1].width == pytest.approx(WIDTH, abs=3)


@pytest.mark.parametrize("used", [10**6, 2 * 10**12])
def test_what_is_there_at_all_is_seen_and_nothing_sticks_out(used):
    for piece in drawn(parts(10**12, used, versions=1, trash=1)):
        assert piece.width > 0
        assert piece.x + piece.width <= WIDTH
