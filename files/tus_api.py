"""The door for tus clients: create, ask, send, end; and a list of what is unfinished."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.http import http_date
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.authentication import BaseAuthentication
from rest_framework.generics import GenericAPIView
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import idempotency, keyed
from accounts.keyed import Made
from accounts.models import Token
from files import access, joining, resumable, serializers, transfers, tus
from files.errors import BadHeader
from files.models import Upload
from files.resumable import Progress
from files.tree_views import INTO_A_FOLDER, ON_COMMIT, TreeView
from storagenode.protocol.body import RequestBody

_OVERRIDABLE = frozenset({"HEAD", "PATCH", "DELETE"})


def _header(name: str, meaning: str, kind: type = str, **more: Any) -> OpenApiParameter:
    return OpenApiParameter(name, kind, OpenApiParameter.HEADER, description=meaning, **more)


def _told(status: int) -> list[OpenApiParameter]:
    """Describe the headers of a reply that tells how far an upload is."""
    return [
        _header("Upload-Offset", "How many bytes have come.", int, response=[status]),
        _header(
            "Upload-Expires", "When it ends, if nothing more comes and nobody asks for it.", response=[status]
        ),
        _header("Dfs-Entry", "The id of the file, once all bytes have come.", response=[status]),
    ]


_VERSION = _header("Tus-Resumable", "The version of tus.", enum=[tus.VERSION], required=True)
_REPR_DIGEST = _header(
    "Repr-Digest", "sha-256=:<base64>: of the upload's bytes; with a request that brings all of them."
)
_CREATION = [
    _VERSION,
    _header("Upload-Length", "How many bytes there will be; or send Upload-Defer-Length.", int),
    _header("Upload-Defer-Length", "1: the length comes with a later request.", enum=["1"]),
    _header(
        "Upload-Metadata",
        "filename and parent (the id of a folder; else the topmost one), or instead of parent a path from the"
        " topmost folder and parents (1 makes missing folders); filetype; mtime (RFC 3339, or seconds since"
        " 1970); on_conflict (replace or rename, else fail). Each value in Base64.",
    ),
    _header(
        "Upload-Concat",
        "partial, or final; and the addresses of the parts. A part with Upload-Metadata is refused where the"
        " file would be.",
    ),
    _header("Upload-Checksum", "sha1 or sha256, and the digest of this request's bytes in Base64."),
    _header("Content-Digest", "sha-256=:<base64>: of this request's bytes."),
    _REPR_DIGEST,
    keyed.PARAMETER,
    _header("Location", "The address of the upload, for what follows.", response=[201]),
    *_told(201),
]
_APPENDING = [
    _VERSION,
    _header("Upload-Offset", "Where these bytes go: at the end of those that came.", int, required=True),
    _header("Upload-Length", "How many bytes there will be, when that was deferred.", int),
    _header("Upload-Checksum", "sha1 or sha256, and the digest of this request's bytes in Base64."),
    _header("Content-Digest", "sha-256=:<base64>: of this request's bytes."),
    _REPR_DIGEST,
    *_told(204),
]


class _OnlyJson(BaseContentNegotiation):
    """A tus client may ask for any type: what it gets is in the headers."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return None

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class TusView(TreeView):
    """What the tus views share: the version in both directions, and OPTIONS for everybody."""

    content_negotiation_class = _OnlyJson

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        method = request.META.get("HTTP_X_HTTP_METHOD_OVERRIDE", "").upper()
        if request.method == "POST" and method in _OVERRIDABLE:
            request.method = method
        return super().dispatch(request, *args, **kwargs)

    @property
    def default_response_headers(self) -> dict[str, str]:
        headers: dict[str, str] = super().default_response_headers
        return headers | {
            "Tus-Resumable": tus.VERSION,
            "Tus-Version": tus.VERSION,
            "Cache-Control": "no-store",
        }

    def get_authenticators(self) -> list[BaseAuthentication]:
        return [] if self._is_question() else super().get_authenticators()

    def get_permissions(self) -> Any:
        return [AllowAny()] if self._is_question() else super().get_permissions()

    @extend_schema(exclude=True)
    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        capabilities = {
            "Tus-Extension": tus.EXTENSIONS,
            "Tus-Max-Size": str(tus.MAX_SIZE),
            "Tus-Checksum-Algorithm": ",".join(tus.CHECKSUMS),
        }
        return Response(status=HTTPStatus.NO_CONTENT, headers=capabilities)

    def _is_question(self) -> bool:
        return getattr(self, "request", None) is not None and self.request.method == "OPTIONS"


class UploadsView(TusView, GenericAPIView[Upload]):
    @extend_schema(responses=serializers.UploadOut(many=True))
    def get(self, request: Request) -> Response:
        """List one's own unfinished uploads, the newest first."""
        page = self.paginate_queryset(resumable.unfinished(access.signed_in(request))) or ()
        results = [
            {
                "id": str(progress.upload.id),
                "url": _url(progress),
                "name": progress.upload.name,
                "parent": str(progress.upload.parent_id),
                "length": progress.upload.length,
                "offset": progress.offset,
                "metadata": progress.upload.metadata,
                "created_at": progress.upload.created_at,
                "expires_at": progress.expires_at,
            }
            for progress in map(resumable.progress_of, page)
        ]
        return self.get_paginated_response(results)

    @extend_schema(
        parameters=_CREATION,
        request={tus.BODY_TYPE: bytes},
        responses={201: None},
        extensions={
            "x-problems": [
                *INTO_A_FOLDER,
                *ON_COMMIT,
                "parent_not_found",
                "part_unfinished",
                "upload_expired",
            ]
        },
    )
    def post(self, request: Request) -> Response:
        """Begin an upload (tus 1.0.0: creation, with or without bytes).

        Under an Idempotency-Key that is known, the upload is told as it is now, and bytes that come along are
        dropped: go on from its offset. Without a key it ends when bytes that come along are refused.
        """
        tus.require_version(request.headers)
        user, body = access.signed_in(request), RequestBody(request.META)
        metadata = request.headers.get("Upload-Metadata", "")
        wanted = tus.parse_wanted(tus.parse_metadata(metadata))
        concat = tus.parse_concat(request.headers, prefix=reverse("uploads") + "/")
        is_final = concat is not None and not concat.is_partial
        length = None if is_final else tus.parse_length(request.headers)
        checksums = tus.parse_checksums(request.headers)
        tus.require_comparable(checksums, offset=0, brought=body.remaining, length=length)
        has_bytes = not is_final and body.remaining != 0
        if has_bytes:
            tus.require_body_type(request.headers)

        def begin() -> Made:
            if concat is not None and not concat.is_partial:
                begun = joining.join(user, wanted, concat, metadata=metadata)
            else:
                begun = resumable.create(
                    user, wanted, length=length, metadata=metadata, is_part=concat is not None
                )
            return Made(HTTPStatus.CREATED, str(begun.upload.id))

        made, is_repeated = keyed.once_by_reference(request, "", begin)
        progress = resumable.progress_of(resumable.find(user, UUID(made.reference)))
        if has_bytes and not is_repeated and progress.entry_id is None:
            upload_id, is_keyed = progress.upload.id, idempotency.HEADER in request.headers
            with resumable.ended_on_failure(user, upload_id, is_known=is_keyed), transfers.one():
                progress = resumable.append(user, upload_id, body, offset=0, checksums=checksums)
        return _created(progress, idempotency.REPLAYED if is_repeated else {})


class UploadView(TusView):
    required_scope = Token.Scope.WRITE  # asking takes an upload over

    def head(self, request: Request, upload_id: UUID) -> Response:
        """Tell the offset from which to go on."""
        tus.require_version(request.headers)
        progress = resumable.take_over(access.signed_in(request), upload_id)
        headers = _progress_headers(progress)
        if progress.upload.length is None:
            headers["Upload-Defer-Length"] = "1"
        else:
            headers["Upload-Length"] = str(progress.upload.length)
        if progress.upload.concat:
            headers["Upload-Concat"] = progress.upload.concat
        if progress.upload.metadata:
            headers["Upload-Metadata"] = progress.upload.metadata
        return Response(headers=headers)

    @extend_schema(
        parameters=_APPENDING,
        request={tus.BODY_TYPE: bytes},
        responses={204: None},
        extensions={
            "x-problems": [*ON_COMMIT, "offset_mismatch", "final_upload", "upload_expired", "upload_locked"]
        },
    )
    def patch(self, request: Request, upload_id: UUID) -> Response:
        """Send the next bytes; the reply to the last ones carries the entry's id in Dfs-Entry.

        While an earlier request is sending and gets on: 423, as for HEAD.
        """
        tus.require_version(request.headers)
        tus.require_body_type(request.headers)
        with transfers.one():
            progress = resumable.append(
                access.signed_in(request),
                upload_id,
                RequestBody(request.META),
                offset=tus.parse_offset(request.headers),
                length=tus.parse_later_length(request.headers),
                checksums=tus.parse_checksums(request.headers),
            )
        return Response(status=HTTPStatus.NO_CONTENT, headers=_progress_headers(progress))

    @extend_schema(
        parameters=[_VERSION], responses={204: None}, extensions={"x-problems": ["upload_expired"]}
    )
    def delete(self, request: Request, upload_id: UUID) -> Response:
        """Give an upload up."""
        tus.require_version(request.headers)
        resumable.end(access.signed_in(request), upload_id)
        return Response(status=HTTPStatus.NO_CONTENT)

    @extend_schema(exclude=True)
    def post(self, request: Request, upload_id: UUID) -> Response:
        """Refuse what stands for no other method: `dispatch` has taken away what does."""
        raise BadHeader(
            f"X-HTTP-Method-Override says what this stands for: {', '.join(sorted(_OVERRIDABLE))}."
        )


def _created(progress: Progress, further: Mapping[str, str]) -> Response:
    headers = {"Location": _url(progress)} | _progress_headers(progress) | dict(further)
    return Response(status=HTTPStatus.CREATED, headers=headers)


def _url(progress: Progress) -> str:
    return reverse("upload", args=[progress.upload.id])


def _progress_headers(progress: Progress) -> dict[str, str]:
    headers = {
        "Upload-Offset": str(progress.offset),
        "Upload-Expires": http_date(progress.expires_at.timestamp()),
    }
    if progress.entry_id:
        headers["Dfs-Entry"] = str(progress.entry_id)
    return headers
