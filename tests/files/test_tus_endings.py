"""How a resumable upload ends without a file: given up, expired, forgotten with its entry."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.conf import settings
from django.db.models import F

from files import access, purging, resumable
from files.errors import UploadExpired
from files.models import Upload
from nodes.models import Segment
from tests.files.conftest import code
from tests.files.tus_requests import content, create, end, expire, head, patch

pytestmark = pytest.mark.usefixtures("cluster")


def test_an_upload_that_is_given_up_is_gone(api):
    url = create(api, 5)["Location"]
    patch(api, url, 0, b"he")

    assert end(api, url).status_code == 204

    for reply in (end(api, url), patch(api, url, 2, b"llo")):
        assert code(reply) == (404, "not_found")
    assert head(api, url).status_code == 404
    assert not Segment.objects.filter(sealed=False).exists()


def test_a_finished_upload_given_up_leaves_its_file(api):
    """GHSA-79pf-vx4x-7jmm: who might only add files deleted them as uploads given up."""
    url = create(api, 5, b"hello")["Location"]

    assert end(api, url).status_code == 204
    assert content(api) == b"hello"


def test_an_upload_without_progress_expires(api, owner):
    url = create(api, 5)["Location"]
    other = create(api, 5, filename="b")["Location"]
    expire(id=Upload.objects.get(id=url[-36:]).segment_id)

    assert code(patch(api, url, 0, b"hello")) == (410, "upload_expired")
    assert head(api, url).status_code == 410
    assert code(end(api, url)) == (410, "upload_expired")
    assert resumable.end_expired() == 1
    assert resumable.end_expired() == 0
    assert head(api, url).status_code == 404
    assert head(api, other).status_code == 200


def test_progress_puts_the_end_off(api):
    url = create(api, 5)["Location"]
    almost = timedelta(seconds=settings.UPLOAD_EXPIRY_SECONDS - 60)
    Segment.objects.update(recorded_at=F("recorded_at") - almost)
    before = Segment.objects.get().recorded_at

    patch(api, url, 0, b"he")

    assert Segment.objects.get().recorded_at > before


def test_what_a_finished_upload_became_is_forgotten_with_its_entry(api, owner):
    url = create(api, 5, b"hello")["Location"]
    purging.purge(owner, access.find_by_path(owner, "/a.bin").id)
    while purging.sweep():
        pass

    assert head(api, url).status_code == 410


def test_an_expired_upload_takes_no_part_in_use_cases(owner, api):
    upload_id = UUID(create(api, 5)["Location"][-36:])
    expire()

    for attempt in (resumable.take_over, resumable.end, resumable.find):
        with pytest.raises(UploadExpired):
            attempt(owner, upload_id)
    assert not resumable.unfinished(owner)
