"""S20: many at the same moment, for what only some of them may have: each round has exactly its winners."""

import pytest
from django.test import Client

from accounts.errors import QuotaExceeded
from accounts.models import Usage
from files import links, resumable, sharing, tree
from files.errors import LinkExhausted, NameTaken
from files.models import Entry, Share, Version
from files.sharing import LinkTerms
from files.tus import Wanted
from tests import nightly
from tests.files.conftest import token_client, used_bytes, write_file
from tests.files.test_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = range(nightly.count(2, 100))
AT_ONCE = 8


def errors(results: list[object], kind: type[Exception]) -> int:
    return sum(isinstance(result, kind) for result in results)


def test_s20_as_many_files_as_there_is_room_for(owner):
    tree.root_folder(owner)
    for number in ROUNDS:
        before = used_bytes(owner)
        Usage.objects.filter(user=owner).update(quota_bytes=before + 100)

        results = at_once(
            *(lambda path=f"/{number}-{one}": write_file(owner, path, size=30) for one in range(AT_ONCE))
        )

        assert errors(results, QuotaExceeded) == AT_ONCE - 3
        assert used_bytes(owner) == before + 90


def test_s20_as_many_downloads_as_a_link_may_have(owner):
    file = write_file(owner, "/a.txt")
    for _ in ROUNDS:
        share = sharing.make_link(owner, file.id, role="download", terms=LinkTerms(max_downloads=3))
        link = links.open_link(links.token_of(share.id))

        results = at_once(*(lambda link=link: links.count_download(link) for _ in range(AT_ONCE)))

        assert errors(results, LinkExhausted) == AT_ONCE - 3
        assert Share.objects.get(id=share.id).downloads == 3


def test_s20_a_name_is_given_once(owner):
    tree.root_folder(owner)
    for number in ROUNDS:
        results = at_once(*(lambda name=str(number): tree.create_folder(owner, name) for _ in range(AT_ONCE)))

        assert errors(results, NameTaken) == AT_ONCE - 1
        assert Entry.objects.filter(name=str(number)).count() == 1


def test_s20_an_upload_becomes_one_version(owner, cluster):
    root = tree.root_folder(owner)
    sender = token_client(owner)
    for number in ROUNDS:
        wanted = Wanted(filename=f"{number}.txt", parent_id=root.id)
        upload = resumable.create(owner, wanted, length=5).upload

        def send(upload=upload):
            return sender.generic(
                "PATCH",
                f"/api/v1/uploads/{upload.id}",
                b"hello",
                content_type="application/offset+octet-stream",
                headers={"Tus-Resumable": "1.0.0", "Upload-Offset": "0"},
            ).status_code

        results = at_once(*[send] * AT_ONCE)

        assert sorted(set(results)) == [204, 409] and results.count(204) == 1, results
        assert Version.objects.filter(entry__name=f"{number}.txt").count() == 1


def test_s20_a_link_that_is_revoked_meanwhile_sends_a_file_or_nothing(owner):
    file = write_file(owner, "/a.txt")
    for _ in ROUNDS:
        share = sharing.make_link(owner, file.id, role="download", terms=LinkTerms())
        address = f"/s/{links.token_of(share.id)}/content/{file.id}"

        def fetch(address=address):
            return Client().get(address).status_code

        results = at_once(lambda share=share: sharing.revoke(owner, share.id), *[fetch] * (AT_ONCE - 1))

        assert set(results[1:]) <= {200, 404}
        assert fetch() == 404
