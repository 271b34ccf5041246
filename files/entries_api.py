"""The REST door to the tree's metadata: entries, paths, and who one is."""

from http import HTTPStatus
from uuid import UUID

from django.http import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import keyed
from files import (
    access,
    changes,
    copying,
    details,
    json_replies,
    listing,
    purging,
    restoring,
    searching,
    serializers,
    transfers,
    tree,
    usage,
)
from files.errors import NotAFile
from files.file_types import FileType
from files.flags import is_set
from files.presenting import chunks_out, entry_out
from files.replies import entry_response, next_url, page_response, read_response
from files.searching import Sought, Whose
from files.tree_views import IF_MATCH, IF_NONE_MATCH, INTO_A_FOLDER, UNCHANGED, TreeView, if_match
from nodes import contents

_LIST_IN, _PATH_IN, _MANIFEST_IN = serializers.ListIn(), serializers.PathIn(), serializers.ManifestIn()
"""Made once: to make all their fields for each request takes a tenth of the time of a page."""


class EntriesView(TreeView):
    @extend_schema(
        parameters=[serializers.ListIn],
        responses=serializers.EntryPageOut,
        extensions={"x-problems": ["invalid", "not_a_folder"]},
    )
    def get(self, request: Request) -> Response:
        """List a folder (by default the root), the starred, the recent, the shared or the trash; or search.

        With `q`, entries are found wherever they lie, below `parent`, among the starred or in the trash:
        those whose names have a word that begins like each word of the text. Files and folders are mixed
        then, the latest first; `type`, `modified_after`, `min_size`, `max_size` and `owner` narrow it: so
        `?q=&min_size=100000000&order=-size` finds one's largest files. Without `q` there is one list at a
        time.
        """
        user = access.signed_in(request)
        fields = _LIST_IN.run_validation(request.query_params.dict())
        if "q" in fields:
            sought = Sought(
                fields["q"],
                starred=fields["starred"],
                trashed=fields["trashed"],
                folder_id=fields.get("parent"),
                type=FileType(fields["type"]) if "type" in fields else None,
                since=fields.get("modified_after"),
                sizes=serializers.sizes(fields),
                whose=Whose(fields.get("owner", Whose.ME)),
            )
            page = searching.search(user, sought, serializers.paging(fields, order="-modified_at"))
        elif fields["trashed"]:
            page = listing.trashed(user, serializers.paging(fields, order="-trashed_at"))
        elif fields["starred"]:
            page = listing.starred(user, serializers.paging(fields))
        elif fields["shared"]:
            page = listing.shared(user, serializers.paging(fields))
        elif fields["recent"]:
            page = searching.recent(user, serializers.paging(fields, order="-modified_at"))
        else:
            page = listing.children(user, fields.get("parent"), serializers.paging(fields))
        return page_response(request, page)

    @extend_schema(
        request=serializers.FolderIn,
        responses={201: serializers.EntryOut, 200: serializers.EntryOut},
        parameters=[keyed.PARAMETER],
        extensions={"x-problems": [*INTO_A_FOLDER, "parent_not_found"]},
    )
    @keyed.once
    def post(self, request: Request) -> Response:
        """Make a folder. With a path and parents, one that is there already is fine (200)."""
        form = serializers.FolderIn(data=request.data)
        form.is_valid(raise_exception=True)
        fields, is_new = form.validated_data, True
        if "path" in fields:
            folder_id, is_new = tree.create_folder_at(
                access.signed_in(request), fields["path"], parents=fields["parents"]
            )
        else:
            folder_id = tree.create_folder(
                access.signed_in(request), fields["name"], parent_id=fields.get("parent")
            ).id
        described = details.describe_one(access.signed_in(request), folder_id)
        return entry_response(described, status=201 if is_new else 200)


class EntryView(TreeView):
    @extend_schema(responses={200: serializers.EntryOut, **UNCHANGED}, parameters=[IF_NONE_MATCH])
    def get(self, request: Request, entry_id: UUID) -> Response:
        """Tell about an entry, one that lies in the trash included."""
        return read_response(request, access.find_known(access.signed_in(request), entry_id))

    @extend_schema(
        request=serializers.ChangeIn,
        responses=serializers.EntryOut,
        parameters=[IF_MATCH],
        extensions={
            "x-problems": [*INTO_A_FOLDER, "move_into_itself", "another_tree", "root_is_fixed", "owner_only"]
        },
    )
    def patch(self, request: Request, entry_id: UUID) -> Response:
        """Rename, move, star: all of it or nothing."""
        form = serializers.ChangeIn(data=request.data)
        form.is_valid(raise_exception=True)
        fields = form.validated_data
        tree.change(
            access.signed_in(request),
            entry_id,
            name=fields.get("name"),
            parent_id=fields.get("parent"),
            starred=fields.get("starred"),
            if_match=if_match(request),
        )
        return entry_response(details.describe_one(access.signed_in(request), entry_id))

    @extend_schema(
        responses={200: serializers.EntryOut, 204: None},
        parameters=[IF_MATCH, OpenApiParameter("permanent", bool, description="Purge instead: 204.")],
        extensions={"x-problems": ["root_is_fixed", "read_only", "owner_only"]},
    )
    def delete(self, request: Request, entry_id: UUID) -> Response:
        """Put an entry into the trash, or purge it."""
        if is_set(request.query_params, "permanent"):
            purging.purge(access.signed_in(request), entry_id, if_match=if_match(request))
            return Response(status=HTTPStatus.NO_CONTENT)
        tree.trash(access.signed_in(request), entry_id, if_match=if_match(request))
        return entry_response(details.describe_one(access.signed_in(request), entry_id))


class CopyView(TreeView):
    @extend_schema(
        request=serializers.CopyIn,
        responses={201: serializers.EntryOut},
        parameters=[keyed.PARAMETER],
        extensions={"x-problems": [*INTO_A_FOLDER, "root_is_fixed", "too_many_entries", "quota_exceeded"]},
    )
    @keyed.once
    def post(self, request: Request, entry_id: UUID) -> Response:
        """Copy an entry with all below it: at once, at any size."""
        form = serializers.CopyIn(data=request.data)
        form.is_valid(raise_exception=True)
        fields = form.validated_data
        made = copying.copy(
            access.signed_in(request), entry_id, parent_id=fields.get("parent"), name=fields.get("name")
        )
        return entry_response(details.describe_one(access.signed_in(request), made.id), status=201)


class RestoreView(TreeView):
    @extend_schema(
        request=None,
        responses=serializers.EntryOut,
        parameters=[IF_MATCH, keyed.PARAMETER],
        extensions={"x-problems": ["not_in_trash", "name_taken"]},
    )
    @keyed.once
    def post(self, request: Request, entry_id: UUID) -> Response:
        """Take an entry out of the trash."""
        restoring.restore(access.signed_in(request), entry_id, if_match=if_match(request))
        return entry_response(details.describe_one(access.signed_in(request), entry_id))


class TrashView(TreeView):
    @extend_schema(responses={200: serializers.EmptiedOut})
    def delete(self, request: Request) -> Response:
        """Empty the trash: all that lies in it is purged."""
        return Response({"purged": purging.empty_trash(access.signed_in(request))})


class ChangesView(APIView):
    @extend_schema(
        parameters=[serializers.PageIn],
        responses=serializers.ChangePageOut,
        extensions={"x-problems": ["cursor_expired"]},
    )
    def get(self, request: Request) -> Response:
        """Tell what changed in one's own tree, in order, for whoever keeps a copy of it.

        Without a cursor all that is there. Each entry comes once, at the place of its last change, as it is
        now. A folder that comes back from the trash brings what lies below without naming it. A cursor lives
        for 30 days.
        """
        wanted = serializers.PageIn(data=request.query_params.dict())
        wanted.is_valid(raise_exception=True)
        fields = wanted.validated_data
        page = changes.page(access.signed_in(request), fields.get("cursor"), limit=fields["limit"])
        results = [
            {"id": str(change.entry_id), "entry": entry_out(change.entry) if change.entry else None}
            for change in page.results
        ]
        following = next_url(request, page.cursor if page.is_more else None)
        return Response({"results": results, "cursor": page.cursor, "next": following})


class ManifestView(TreeView):
    @extend_schema(
        parameters=[serializers.ManifestIn],
        responses=serializers.ManifestOut,
        extensions={"x-problems": ["not_a_file"]},
    )
    def get(self, request: Request, entry_id: UUID) -> HttpResponseBase:
        """Tell where the bytes of a file are, or of a part of it: its chunks, and each one's replicas."""
        fields = _MANIFEST_IN.run_validation(request.query_params.dict())
        file = access.find_file(access.signed_in(request), entry_id)
        if file.content_id is None or file.size is None:
            raise NotAFile
        start: int = fields["offset"]
        stop = start + fields["length"] if "length" in fields else None
        windows = map(chunks_out, contents.manifest_windows(file.content_id, start, stop))
        return json_replies.stream_list({"size": file.size}, "chunks", windows)


class VerifyView(TreeView):
    @extend_schema(
        request=serializers.VerifyIn,
        responses=serializers.VerifiedOut,
        extensions={"x-problems": ["not_a_file", "too_many_transfers"]},
    )
    def post(self, request: Request, entry_id: UUID) -> Response:
        """Have the nodes re-hash now what they store of a file, a GiB at most: ask again for the rest."""
        form = serializers.VerifyIn(data=request.data)
        form.is_valid(raise_exception=True)
        file = access.find_file(access.signed_in(request), entry_id)
        if file.content_id is None or file.size is None:
            raise NotAFile
        start: int = form.validated_data["offset"]
        stop = start + form.validated_data["length"]
        with transfers.one():  # it takes disks as much as a download does
            good = contents.verify(file.content_id, start, stop)
        places = contents.manifest(file.content_id, start, stop)
        return Response(
            {
                "size": file.size,
                "chunks": chunks_out(places),
                "good_copies": good,
                "next_offset": stop if stop < file.size else None,
            }
        )


class PathView(TreeView):
    @extend_schema(
        parameters=[serializers.PathIn, OpenApiParameter("path", str, OpenApiParameter.PATH), IF_NONE_MATCH],
        responses={200: serializers.EntryOrPageOut, **UNCHANGED},
        extensions={"x-problems": ["not_a_folder", "invalid"]},
    )
    def get(self, request: Request, path: str) -> Response:
        """Tell about what lies at a path, or list the folder there."""
        fields = _PATH_IN.run_validation(request.query_params.dict())
        found = access.find_by_path(access.signed_in(request), path)
        if fields["children"]:
            page = listing.children_of(access.require_folder(found), serializers.paging(fields))
            return page_response(request, page)
        return read_response(request, details.with_copies([found])[0])


class MeView(TreeView):
    @extend_schema(responses=serializers.MeOut)
    def get(self, request: Request) -> Response:
        """Tell who one is, and what one may store and does store."""
        user = access.signed_in(request)
        parts = usage.parts(user)
        return Response(
            {
                "id": user.pk,
                "username": user.username,
                "email": user.email,
                "quota_bytes": parts.quota_bytes,
                "used_bytes": parts.used_bytes,
                "reserved_bytes": parts.reserved_bytes,
                "files_bytes": parts.files_bytes,
                "versions_bytes": parts.versions_bytes,
                "trash_bytes": parts.trash_bytes,
                "root_id": str(tree.root_folder(user).id),
            }
        )
