"""The door to bytes: GET, HEAD, PUT and DELETE by path and by id.

Plain Django views, not REST framework's: thousands of small files wait for what a view costs.
"""

from collections.abc import Callable
from http import HTTPStatus
from uuid import UUID

from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
)
from django.views.decorators.csrf import csrf_exempt

from accounts import idempotency
from accounts.authentication import authenticate, authenticated
from accounts.models import User
from files import (
    access,
    arrival,
    conditions,
    flags,
    json_replies,
    purging,
    sending,
    transfers,
    tree,
    uploads,
    versions,
)
from files.details import EntryDetails, describe_one
from files.errors import BadHeader
from files.keyed_body import KeyedBody
from files.presenting import entry_out
from files.uploads import Target
from nodes import contents
from storagenode.protocol.body import RequestBody


@csrf_exempt  # `arrival` and `authenticate` check a session's token
def by_path(request: HttpRequest, path: str) -> HttpResponseBase:
    if request.method in ("GET", "HEAD"):
        arrived, row = arrival.to_read(request, path)
        file = arrived.file()
        return sending.send(request, file, only=contents.only_chunk(row, file.size or 0))
    if request.method == "PUT":
        return _receive_at_path(request, path)
    user = authenticate(request)
    if request.method == "DELETE":
        return _delete(request, user, access.find_by_path(user, path))
    return HttpResponseNotAllowed(["GET", "HEAD", "PUT", "DELETE"])


def _receive_at_path(request: HttpRequest, path: str) -> HttpResponseBase:
    body = RequestBody(request.META)
    arrived, glance = arrival.to_write(request, path, body.at_hand(arrival.SMALL_BODY_BYTES))
    terms = conditions.parse_preconditions(request.headers)
    parents = flags.is_set(request.GET, "parents")

    def aim() -> Target:
        return uploads.target_at(
            arrived.user,
            path,
            find_place=arrived.place,
            parents=parents,
            terms=terms,
        )

    return _receive(request, arrived.user, aim, body, glance)


@authenticated
def by_id(request: HttpRequest, entry_id: UUID) -> HttpResponseBase:
    user = access.signed_in(request)
    if request.method in ("GET", "HEAD"):
        return sending.send(request, access.find_file(user, entry_id))
    if request.method == "PUT":
        terms = conditions.parse_preconditions(request.headers)
        return _receive(
            request,
            user,
            lambda: uploads.target_of(access.find_file(user, entry_id), terms=terms),
            RequestBody(request.META),
        )
    return HttpResponseNotAllowed(["GET", "HEAD", "PUT"])


@authenticated
def by_version(request: HttpRequest, entry_id: UUID, number: int) -> HttpResponseBase:
    if request.method in ("GET", "HEAD"):
        return sending.send(request, versions.find(access.signed_in(request), entry_id, number))
    return HttpResponseNotAllowed(["GET", "HEAD"])


def _receive(
    request: HttpRequest,
    user: User,
    aim: Callable[[], Target],
    body: RequestBody,
    glance: contents.Glance | None = None,
) -> HttpResponseBase:
    if "Content-Range" in request.headers:  # RFC 9110, 14.5: a part would destroy the file
        raise BadHeader("A PUT stores a whole file; to go on with a broken one use /uploads.")
    key = idempotency.key_of(request.headers, user)
    keyed = KeyedBody(key, request, body) if key else None

    def store() -> HttpResponse:
        sha256 = conditions.parse_sha256(request.headers)
        target = aim()
        with transfers.one(body.remaining):
            made = uploads.put_file(
                user,
                target,
                keyed or body,
                content_type=request.headers.get("Content-Type", ""),
                length=body.remaining,
                sha256=sha256,
                glance=glance,
                told=(lambda *made: keyed.keep(_stored(*made))) if keyed else None,
            )
        return _stored(*made)

    return keyed.answer(store) if keyed else store()


def _stored(details: EntryDetails, is_new: bool) -> HttpResponse:
    return json_replies.reply(
        entry_out(details),
        status=HTTPStatus.CREATED if is_new else HTTPStatus.OK,
        headers={"ETag": f'"{details.content_etag}"', "Dfs-Entry": str(details.id)},
    )


def _delete(request: HttpRequest, user: User, found: EntryDetails) -> HttpResponseBase:
    """A file's content etag stands for its entry's as of now: whatever changes the bytes changes both."""
    terms = conditions.parse_preconditions(request.headers)
    if_match = terms.if_match
    if if_match is None and terms.unmodified_since is not None and found.version_at is not None:
        conditions.require_unmodified(found.version_at, terms.unmodified_since)
        if_match = [found.etag]
    if if_match is not None and found.content_etag in if_match:
        if_match = [*if_match, found.etag]
    if flags.is_set(request.GET, "permanent"):
        purging.purge(user, found.id, if_match=if_match)
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    tree.trash(user, found.id, if_match=if_match)
    trashed = describe_one(user, found.id)
    return json_replies.reply(entry_out(trashed), headers={"ETag": f'"{trashed.etag}"'})
