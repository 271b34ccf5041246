"""What a search reads does not grow with what it does not show, whatever the tables' figures were once."""

from collections.abc import Iterator

import pytest
from django.db import connection

from accounts.models import User
from bench import large_tree
from dfsweb.database.base import PlanAge
from files import candidates, places, sampling
from tests.files.conftest import person, token_client
from tests.files.rows import ask, begin_anew, on_one_connection, rows_read
from tests.files.test_large_trees import ThisProcess

ENTRIES = 6_000
EACH = 300
"""Files of a folder; the large one holds half of all."""
PAGE = 20
MOST_READ = 20 * PAGE
"""Rows that one search may read by one index: for each of a page its path, and who may see it."""


@pytest.fixture
def one_connection(transactional_db: None) -> Iterator[None]:
    with on_one_connection():
        yield


@pytest.fixture
def admin(one_connection: None, monkeypatch: pytest.MonkeyPatch) -> User:
    monkeypatch.setattr(large_tree, "FOLDER_ENTRIES", EACH)
    monkeypatch.setattr(candidates, "FREQUENT_MATCHES", ENTRIES // 10)
    monkeypatch.setattr(places, "PLACE_LOOKED_AT", MOST_READ)
    monkeypatch.setattr(sampling, "SAMPLED_PAGES", 5)
    return person("admin")


def keep_plans() -> None:
    """Plan by the figures of this moment, and never again."""
    begin_anew()
    ask("SELECT 1")
    connection.connection.plan_age = PlanAge(lambda: 0.0)


def searches(tree: large_tree.LargeTree) -> dict[str, str]:
    half = f"q=report&parent={tree.listed}"
    return {
        "a frequent word": "q=report",
        "two frequent words": "q=rep+pdf",
        "a rare word": f"q={ENTRIES - 1}",
        "a frequent word with a rare one": f"q=report+{ENTRIES - 1}",
        "a frequent word, by name": "q=report&order=name",
        "a frequent word, by name, backwards": "q=report&order=-name",
        "a frequent word, the oldest first": "q=report&order=modified_at",
        "a frequent word, the last made first": "q=report&order=-created_at",
        "a frequent word, the first made first": "q=report&order=created_at",
        "a frequent word, the largest first": "q=report&order=-size",
        "a frequent word, the smallest first": "q=report&order=size",
        "a frequent word in half of all": half,
        "a frequent word in half of all, by name": f"{half}&order=name",
        "a frequent word in half of all, the oldest first": f"{half}&order=modified_at",
        "a frequent word in the folder of the oldest": f"q=report&parent={tree.rare}",
        "a frequent word of the size of most": "q=report&max_size=0",
        "a frequent word of the size of most, by name, in half of all": f"{half}&max_size=0&order=name",
        "a frequent word of a rare size": "q=report&min_size=1",
        "a frequent word of a rare size, by name, in half of all": f"{half}&min_size=1&order=name",
        "the large folder": f"parent={tree.listed}",
        "the large folder, the latest first": f"parent={tree.listed}&order=-modified_at",
    }


@pytest.mark.parametrize("figures_of", ["today", "a small tree"])
def test_a_search_reads_about_a_page(admin: User, monkeypatch: pytest.MonkeyPatch, figures_of: str) -> None:
    api = token_client(admin)
    if figures_of == "a small tree":
        monkeypatch.setattr(candidates, "FREQUENT_MATCHES", 1)
        small = large_tree.plant(ThisProcess(), 60)
        keep_plans()
        for query in searches(small).values():
            api.get(f"/api/v1/entries?{query}")
        ask("SET session_replication_role = replica")  # what refers goes, too
        ask("DELETE FROM files_entry WHERE parent_id IS NOT NULL")
        ask("DELETE FROM files_version")
        ask("RESET session_replication_role")
        monkeypatch.setattr(
            large_tree,
            "_PLANT",
            large_tree._PLANT.replace("VACUUM (ANALYZE)", "TABLE").replace("ANALYZE", "TABLE"),
        )
    tree = large_tree.plant(ThisProcess(), ENTRIES)
    ask(
        "UPDATE files_version SET size = 1 WHERE id = (SELECT version_id FROM files_entry WHERE name = %s)",
        ["report 9.pdf"],
    )
    if figures_of == "today":
        keep_plans()
    backend = ask("SELECT pg_backend_pid()")
    bound = token_client(admin, folder_id=tree.rare)
    asked = [(name, api, query) for name, query in searches(tree).items()]
    asked.append(("a frequent word by a token for the folder of the oldest", bound, "q=report"))

    excessive = {}
    for name, client, query in asked:
        client.get(f"/api/v1/entries?{query}&limit={PAGE}")
        before = rows_read()
        found = client.get(f"/api/v1/entries?{query}&limit={PAGE}").json()["results"]
        assert len(found) == (1 if "rare" in name else PAGE), name
        for index, rows in (rows_read() - before).items():
            if rows > MOST_READ:
                excessive[name, index] = rows
    assert not excessive
    assert ask("SELECT pg_backend_pid()") == backend
