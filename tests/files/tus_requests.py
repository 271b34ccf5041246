"""The requests of a resumable upload by the tus protocol, as a client sends them."""

import base64
import random
from datetime import timedelta

from django.conf import settings
from django.db.models import F

from files import tus
from nodes.models import Segment
from tests.files.content_requests import body, get

UPLOADS = "/api/v1/uploads"
DATA = random.Random(7).randbytes(settings.CHUNK_SIZE + 1000)


def metadata(**pairs):
    return ",".join(f"{key} {base64.b64encode(str(value).encode()).decode()}" for key, value in pairs.items())


def create(api, length=None, data=b"", headers=None, **pairs):
    sent = {"Tus-Resumable": "1.0.0", "Upload-Metadata": metadata(**{"filename": "a.bin"} | pairs)}
    if length is not None:
        sent["Upload-Length"] = str(length)
    return api.post(UPLOADS, data, content_type=tus.BODY_TYPE, headers=sent | (headers or {}))


def patch(api, url, offset, data, content_type=tus.BODY_TYPE, **headers):
    sent = {"Tus-Resumable": "1.0.0", "Upload-Offset": str(offset)} | headers
    return api.patch(url, data, content_type=content_type, headers=sent)


def head(api, url):
    return api.head(url, headers={"Tus-Resumable": "1.0.0"})


def end(api, url):
    return api.delete(url, headers={"Tus-Resumable": "1.0.0"})


def content(api, path="a.bin"):
    return body(get(api, path))


def expire(**fields):
    past = timedelta(seconds=settings.UPLOAD_EXPIRY_SECONDS + 1)
    Segment.objects.filter(**fields).update(recorded_at=F("recorded_at") - past)
