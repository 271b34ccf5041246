"""S12: files without a byte cost no quota; however many somebody stores, others are served as before."""

import time

import psutil
import pytest
from werkzeug.test import Client

from accounts import tokens
from dfsweb.wsgi import application
from tests import nightly

FILES = nightly.count(300, 100_000)
EVERY = 10
"""So many files of the one lie between two requests of the other."""
LONGEST_WAIT_SECONDS = 2 if nightly.IS_NIGHTLY else 60  # of 99 in 100
MOST_HELD_BYTES = 64 * 1024 * 1024


@pytest.mark.django_db(transaction=True)
def test_s12_any_number_of_files_without_bytes_holds_up_nobody_in_bounded_memory(owner, stranger):
    """Not by Django's test client: it keeps something of each request for as long as its process lives."""
    client, process, waits, before = Client(application), psutil.Process(), [], 0
    mine, others = ({"Authorization": f"Token {tokens.create(user)[1]}"} for user in (owner, stranger))
    for number in range(FILES):
        made = client.put(f"/api/v1/content/{number}", headers=others)
        assert made.status_code == 201, made.text
        if number % EVERY == 0:
            began = time.monotonic()
            assert client.get("/api/v1/entries", headers=mine).status_code == 200
            waits.append(time.monotonic() - began)
        if number == FILES // EVERY:  # all is loaded
            before = process.memory_info().rss

    assert sorted(waits)[len(waits) * 99 // 100] < LONGEST_WAIT_SECONDS
    assert process.memory_info().rss - before < MOST_HELD_BYTES
    began = time.monotonic()
    assert len(client.get("/api/v1/entries", headers=others).json["results"]) == min(FILES, 100)
    assert time.monotonic() - began < LONGEST_WAIT_SECONDS
