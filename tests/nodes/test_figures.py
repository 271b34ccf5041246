"""Figures of the workers grow in rows, whoever adds to them."""

import pytest
from django.db import transaction

from nodes import figures, replication
from nodes.figures import Figure
from tests.nodes.living_cluster import CHUNK_BYTES
from tests.nodes.test_writing import some_bytes

pytestmark = pytest.mark.django_db


def test_what_was_never_counted_is_zero():
    assert {reading.value for reading in figures.read().values()} == {0}


def test_amounts_add_up_and_zeros_leave_no_row():
    figures.add({Figure.COPIES_MADE: 2, Figure.COPIED_BYTES: 10, Figure.COPIES_FAILED: 0})
    figures.add({Figure.COPIES_MADE: 3})

    read = figures.read()
    assert (read[Figure.COPIES_MADE].value, read[Figure.COPIED_BYTES].value) == (5, 10)
    assert read[Figure.COPIES_MADE].raised_at is not None
    assert read[Figure.COPIES_FAILED] == figures.Reading(0, None)


def test_what_is_rolled_back_was_not_counted():
    with transaction.atomic():
        figures.add({Figure.COPIES_MADE: 7})
        transaction.set_rollback(True)

    assert figures.read()[Figure.COPIES_MADE].value == 0


def test_replication_counts_the_copies_it_made(cluster):
    cluster.store(some_bytes(2 * CHUNK_BYTES, seed=5))

    while replication.replicate_due():
        pass

    read = figures.read()
    assert read[Figure.COPIES_MADE].value == 2
    assert read[Figure.COPIED_BYTES].value == 2 * CHUNK_BYTES
    assert read[Figure.CHUNKS_SETTLED].value >= 2
