"""The map of pieces, as tables."""

from datetime import UTC, datetime, timedelta

import pytest

from files import piece_map
from nodes.contents import ChunkPlace, ReplicaPlace

NOW = datetime(2026, 8, 14, 18, 0, tzinfo=UTC)


def replica(node="attic", *, zone="", state="stored", health="online", days=0.0) -> ReplicaPlace:
    return ReplicaPlace(node, zone or node, health, state, NOW - timedelta(days=days))


def place(*replicas: ReplicaPlace) -> ChunkPlace:
    return ChunkPlace(0, 1, b"", replicas)


def lay_out(*places: ChunkPlace) -> piece_map.PieceMap:
    return piece_map.lay_out(iter(places), len(places), NOW)


def only_strip(*places: ChunkPlace) -> piece_map.Strip:
    [strip] = lay_out(*places).strips
    return strip


@pytest.mark.parametrize(
    ("seen", "look", "fact"),
    [
        (replica(days=0.5), piece_map.WEEK, "checked today, 06:00"),
        (replica(days=1), piece_map.WEEK, "checked yesterday"),
        (replica(days=20), piece_map.MONTH, "oldest check 20 days ago"),
        (replica(days=34), piece_map.EARLIER, "oldest check 34 days ago"),
        (replica(state="pending"), piece_map.HALF, "copying, 0 of 1"),
        (replica(state="corrupt"), piece_map.BAD, "1 bad copy set aside, being replaced"),
        (replica(health="offline"), piece_map.OFF, "does not answer"),
        (replica(health="suspect"), piece_map.WEEK, "checked today, 18:00"),
    ],
)
def test_a_piece_looks_as_its_copy_is(seen, look, fact):
    strip = only_strip(place(seen))

    assert [cell.look for cell in strip.cells] == [look]
    assert strip.fact == fact


def test_the_same_place_is_the_same_piece_on_every_node():
    drawn = lay_out(place(replica("attic")), place(replica("attic"), replica("office")))

    assert [[cell.look for cell in strip.cells] for strip in drawn.strips] == [["1", "1"], ["none", "1"]]


def test_a_good_copy_counts_where_a_bad_one_lies_beside_it():
    strip = only_strip(place(replica(state="corrupt"), replica()))

    assert strip.cells[0].look == piece_map.WEEK


def test_a_large_file_shows_the_worst_of_several_pieces_in_one_cell():
    places = [place(replica()) for _ in range(1_000)]
    places[500] = place(replica(state="corrupt"))

    drawn = lay_out(*places)

    assert drawn.pieces_a_cell == 7
    assert len(drawn.strips[0].cells) == 143
    assert [at for at, cell in enumerate(drawn.strips[0].cells) if cell.look == "bad"] == [500 // 7]
    assert drawn.strips[0].summary == "999 of 1000 pieces are here, 1 bad copy"


def test_cells_go_25_to_a_line():
    strip = only_strip(*[place(replica()) for _ in range(26)])

    cells = strip.cells
    assert (cells[24].x, cells[24].y, cells[25].x, cells[25].y) == (288, 0, 0, 12)
    assert strip.height == 22  # whole pixels: the strip below would lie between two of them, and be cut off


def test_four_nodes_have_a_strip_each_and_of_five_each_zone_has_one_that_opens():
    four = [replica(f"node-{number}", zone="here") for number in range(4)]
    assert lay_out(place(*four)).zones == []

    drawn = lay_out(
        place(*four, replica("far-1", zone="there", state="corrupt")),
        place(replica("node-0", zone="here", days=34), replica("node-1", zone="here", days=2)),
    )

    looks = {zone.strip.name: [cell.look for cell in zone.strip.cells] for zone in drawn.zones}
    assert looks == {"here": [piece_map.WEEK, piece_map.WEEK], "there": [piece_map.BAD, piece_map.ABSENT]}
    assert [zone.title for zone in drawn.zones] == ["here, 4 nodes", "there, 1 node"]
    assert [strip.name for strip in drawn.zones[0].nodes] == ["node-0", "node-1", "node-2", "node-3"]
    assert len(drawn.strips) == 5
