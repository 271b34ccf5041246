"""Who did what with an entry, and who has access: what the details panel tells, and to whom."""

import pytest
from django.db import connection

from files import activity, batches, panel, purging, restoring, sharing, tree
from files.batches import Operation
from files.errors import NotFound
from files.models import Activity, Version
from files.sharing import LinkTerms
from tests.files.conftest import make_folder, person, write_file


def told(user, entry) -> list[str]:
    return [f"{deed.actor} {deed.words}" for deed in panel.deeds(user, entry.id)]


def test_every_deed_is_told_with_its_actor_the_latest_first(owner):
    entry = write_file(owner, "/Family/notes.txt", size=1)
    there = make_folder(owner, "/Work")
    write_file(owner, "/Family/notes.txt", size=2)
    tree.change(owner, entry.id, name="plan.txt", parent_id=there.id)
    tree.trash(owner, entry.id)
    restoring.restore(owner, entry.id)
    sharing.share_with(owner, entry.id, role="editor", username=person("lena").username)
    link = sharing.make_link(owner, entry.id, role="view", terms=LinkTerms())
    sharing.revoke(owner, link.id)

    assert told(owner, entry) == [
        "owner took a link to it away",
        "owner made a link to it",
        "owner shared it with lena",
        "owner took it out of the trash",
        "owner put it into the trash",
        "owner renamed it; it was “notes.txt”",
        "owner moved it here from “Family”",
        "owner saved a new version",
        "owner made it",
    ]


def test_what_changes_nothing_and_a_star_leave_no_note(owner):
    folder = make_folder(owner, "/Family")
    tree.change(owner, folder.id, name="Family", parent_id=folder.parent_id, starred=True)

    assert told(owner, folder) == ["owner made it"]


def test_many_put_into_the_trash_at_once_are_noted_each(owner):
    entries = [write_file(owner, f"/{name}", size=1) for name in "ab"]
    batches.run(owner, Operation.TRASH, [entry.id for entry in entries])
    batches.run(owner, Operation.RESTORE, [entry.id for entry in entries])

    for entry in entries:
        assert told(owner, entry)[:2] == ["owner took it out of the trash", "owner put it into the trash"]


def test_others_are_not_told_of_shares_and_of_folders_above_what_they_see(owner, stranger):
    entry = write_file(owner, "/Secret plans/notes.txt", size=1)
    with pytest.raises(NotFound):
        panel.deeds(stranger, entry.id)
    sharing.share_with(owner, entry.id, role="editor", username=stranger.username)
    tree.move(owner, entry.id, make_folder(owner, "/Work").id)
    write_as(stranger, entry)

    assert told(stranger, entry) == ["stranger saved a new version", "owner moved it", "owner made it"]
    assert panel.panel(stranger, entry.id).access.words == "owner and you"


def write_as(user, entry) -> None:
    """As an upload by somebody with whom it is shared does."""
    Version.objects.create(
        entry=entry,
        number=2,
        content_id=entry.version.content_id,
        size=1,
        content_type="",
        created_by=user,
        modified_at=entry.modified_at,
    )


def test_who_has_access_counts_what_is_shared_above_and_links_that_live(owner):
    entry = write_file(owner, "/Family/Summer/notes.txt", size=1)
    assert panel.panel(owner, entry.id).access.words == "Only you"

    for name in ("lena", "jonas"):
        person(name)
    sharing.share_with(owner, entry.id, role="editor", username="lena")
    sharing.share_with(owner, make_folder(owner, "/Family").id, role="viewer", username="jonas")
    assert panel.panel(owner, entry.id).access.words == "You, lena and jonas"

    link = sharing.make_link(owner, make_folder(owner, "/Family/Summer").id, role="view", terms=LinkTerms())
    assert panel.panel(owner, entry.id).access.words == "You, lena, jonas and anyone with the link"
    with connection.cursor() as cursor:
        cursor.execute("UPDATE files_share SET expires_at = now() WHERE id = %s", [link.id])
    assert panel.panel(owner, entry.id).access.people == ["owner", "lena", "jonas"]
    assert panel.panel(owner, entry.id).access.words == "You, lena and jonas"


def test_notes_go_with_their_entry_and_after_a_year(owner):
    gone, kept = write_file(owner, "/a", size=1), write_file(owner, "/b", size=1)
    for entry in (gone, kept):
        tree.rename(owner, entry.id, f"new {entry.name}")
    purging.purge(owner, gone.id)
    while purging.sweep():
        pass
    assert list(Activity.objects.values_list("entry", flat=True)) == [kept.id]

    assert activity.forget(10) == 0
    with connection.cursor() as cursor:
        cursor.execute("UPDATE files_activity SET done_at = done_at - interval '366 days'")
    assert activity.forget(10) == 1
