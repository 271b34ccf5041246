"""What the tree's API takes, and how what it gives is described; `presenting` writes the latter.

`parent` names a field here and, in REST framework, what encloses a field: only mypy confuses the two.
"""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework import serializers

from accounts.exact import BodySerializer
from files.batches import MAX_ITEMS, Operation
from files.file_types import FileType
from files.listing import DEFAULT_LIMIT, MAX_LIMIT, ORDERS, Paging
from files.models import Entry
from files.searching import Whose

VERIFIED_AT_ONCE_BYTES = 2**30
"""Seconds of every disk's time: one request takes no more."""
LONGEST_CURSOR = 4096  # characters
PLACES = ("starred", "trashed", "shared", "recent")
OF_SEARCH = ("type", "modified_after", "min_size", "max_size", "owner")
LARGEST_SIZE = 2**63 - 1  # bytes; no row has room for more
ENTRY_ROLES = ["owner", "editor", "viewer"]
_ORDER_CHOICES = [sign + order for order in ORDERS for sign in ("", "-")]


class PageIn(serializers.Serializer[Any]):
    limit = serializers.IntegerField(min_value=1, max_value=MAX_LIMIT, default=DEFAULT_LIMIT)
    cursor = serializers.CharField(required=False, max_length=LONGEST_CURSOR)


class EntryPageIn(PageIn):
    kind = serializers.ChoiceField(choices=Entry.Kind.choices, required=False)
    order = serializers.ChoiceField(choices=_ORDER_CHOICES, required=False)


def paging(fields: Mapping[str, Any], *, order: str = "name") -> Paging:
    """Return the page that the fields of an EntryPageIn name; in this order where they name none."""
    return Paging(
        order=fields.get("order", order),
        kind=fields.get("kind"),
        limit=fields["limit"],
        cursor=fields.get("cursor"),
    )


class ListIn(EntryPageIn):
    q = serializers.CharField(
        required=False, allow_blank=True, max_length=255, help_text="Beginnings of words in names."
    )
    parent = serializers.UUIDField(required=False)  # type: ignore[assignment]
    starred = serializers.BooleanField(default=False)
    trashed = serializers.BooleanField(default=False)
    shared = serializers.BooleanField(default=False, help_text="What others share with you, each by itself.")
    recent = serializers.BooleanField(default=False, help_text="Files wherever they lie, the latest first.")
    type = serializers.ChoiceField(
        choices=[each.value for each in FileType],
        required=False,
        help_text="With q, which may be empty then: only files of this type, by the ending of the name.",
    )
    modified_after = serializers.DateTimeField(
        required=False, help_text="With q: only what was modified then or later."
    )
    min_size = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=LARGEST_SIZE,
        help_text="With q, which may be empty then: only files of so many bytes or more.",
    )
    max_size = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=LARGEST_SIZE,
        help_text="With q, which may be empty then: only files of so many bytes or fewer.",
    )
    owner = serializers.ChoiceField(
        choices=[each.value for each in Whose],
        required=False,
        help_text="With q: one's own (me, so it is without), what others share, or both.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse what would be left out of account: a list of other entries than those asked for."""
        asked = [name for name in ("parent", *PLACES, *OF_SEARCH) if attrs.get(name, False) is not False]
        together = (
            {"parent", "starred", "trashed", *OF_SEARCH} if "q" in attrs else set(asked[:1]) - set(OF_SEARCH)
        )
        if "owner" in asked and set(asked) & {"parent", "starred", "trashed"}:
            together.discard("owner")
        if apart := sorted(set(asked) - together):
            raise serializers.ValidationError(dict.fromkeys(apart, "This does not go together."))
        if sizes(attrs) == range(0):
            raise serializers.ValidationError({"max_size": "This is less than min_size."})
        return attrs


def sizes(fields: Mapping[str, Any]) -> range | None:
    """Return the sizes that the fields of a ListIn name; None where they name none."""
    if "min_size" not in fields and "max_size" not in fields:
        return None
    return range(fields.get("min_size", 0), fields.get("max_size", LARGEST_SIZE) + 1)


class PathIn(EntryPageIn):
    children = serializers.BooleanField(default=False, help_text="A page of the folder's entries instead.")


class FolderIn(BodySerializer[Any]):
    """A new folder: by name and parent, or by path."""

    kind = serializers.ChoiceField(choices=[Entry.Kind.FOLDER])
    parent = serializers.UUIDField(required=False, help_text="The root when left out; goes with a name.")  # type: ignore[assignment]
    name = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False)
    path = serializers.CharField(
        required=False,
        allow_blank=True,
        trim_whitespace=False,
        help_text="From the root, instead of parent and name.",
    )
    parents = serializers.BooleanField(default=False, help_text="Make missing folders of the path, too.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("name" in attrs) == ("path" in attrs):
            raise serializers.ValidationError({"name": "Send a name or a path."})
        if "path" in attrs and "parent" in attrs:
            raise serializers.ValidationError({"parent": "A path begins at the root. Send parent and name."})
        return attrs


class ChangeIn(BodySerializer[Any]):
    name = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False)
    parent = serializers.UUIDField(required=False)  # type: ignore[assignment]
    starred = serializers.BooleanField(required=False)


class CopyIn(BodySerializer[Any]):
    parent = serializers.UUIDField(required=False, help_text="Its own folder when left out.")  # type: ignore[assignment]
    name = serializers.CharField(required=False, trim_whitespace=False, help_text='Else "name (copy)".')


class BatchIn(BodySerializer[Any]):
    operation = serializers.ChoiceField(choices=[operation.value for operation in Operation])
    ids = serializers.ListField(child=serializers.UUIDField(), allow_empty=False, max_length=MAX_ITEMS)
    parent = serializers.UUIDField(  # type: ignore[assignment]
        required=False, help_text="The folder to move or copy to."
    )


class CopiesOut(serializers.Serializer[Any]):
    """How safe the bytes are: the good copies of the part that has the fewest, of those wanted."""

    wanted = serializers.IntegerField()
    fewest = serializers.IntegerField()
    is_complete = serializers.BooleanField()
    is_being_copied = serializers.BooleanField()


class EntryOut(serializers.Serializer[Any]):
    """A folder or a file. What concerns bytes is null for a folder."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=Entry.Kind.choices)
    name = serializers.CharField()
    path = serializers.CharField()
    parent = serializers.UUIDField(  # type: ignore[assignment]
        allow_null=True, help_text="Null for a root, and for what is shared with you by itself."
    )
    owner = serializers.CharField()
    role = serializers.ChoiceField(choices=ENTRY_ROLES, help_text="What you may do with it.")
    size = serializers.IntegerField(allow_null=True)
    content_type = serializers.CharField(allow_null=True)
    sha256 = serializers.CharField(allow_null=True)
    etag = serializers.CharField()
    content_etag = serializers.CharField(allow_null=True)
    copies = CopiesOut(allow_null=True)
    starred = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    modified_at = serializers.DateTimeField()
    trashed_at = serializers.DateTimeField(required=False)


class ItemErrorOut(serializers.Serializer[Any]):
    """Why nothing was done to one item, by the codes of problems."""

    code = serializers.CharField()
    detail = serializers.CharField()


class BatchItemOut(serializers.Serializer[Any]):
    """What became of one item; without entry and error it is purged."""

    id = serializers.UUIDField()
    entry = EntryOut(allow_null=True, help_text="What was changed or made.")
    error = ItemErrorOut(allow_null=True)


class BatchOut(serializers.Serializer[Any]):
    results = BatchItemOut(many=True)


class EntryPageOut(serializers.Serializer[Any]):
    results = EntryOut(many=True)
    next = serializers.URLField(allow_null=True)


EntryOrPageOut = PolymorphicProxySerializer("EntryOrPageOut", [EntryOut, EntryPageOut], None)


class VersionOut(serializers.Serializer[Any]):
    """One state of a file."""

    number = serializers.IntegerField()
    content_etag = serializers.CharField()
    size = serializers.IntegerField()
    content_type = serializers.CharField()
    sha256 = serializers.CharField(allow_null=True)
    created_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    modified_at = serializers.DateTimeField()
    is_current = serializers.BooleanField()


class VersionPageOut(serializers.Serializer[Any]):
    results = VersionOut(many=True)
    next = serializers.URLField(allow_null=True)


class ChangeOut(serializers.Serializer[Any]):
    """An entry as it is now; null when it is gone for good, with all that lay below it."""

    id = serializers.UUIDField()
    entry = EntryOut(allow_null=True)


class ChangePageOut(serializers.Serializer[Any]):
    results = ChangeOut(many=True)
    cursor = serializers.CharField(help_text="To ask with again, now or when more has changed.")
    next = serializers.URLField(allow_null=True, help_text="Null when all is told for now.")


class EmptiedOut(serializers.Serializer[Any]):
    purged = serializers.IntegerField(help_text="How many entries had been put into the trash.")


class ReplicaOut(serializers.Serializer[Any]):
    node = serializers.CharField()
    zone = serializers.CharField()
    state = serializers.CharField()
    verified_at = serializers.DateTimeField(allow_null=True)


class ChunkOut(serializers.Serializer[Any]):
    offset = serializers.IntegerField()
    length = serializers.IntegerField()
    blake3 = serializers.CharField()
    replicas = ReplicaOut(many=True)


class ManifestIn(serializers.Serializer[Any]):
    offset = serializers.IntegerField(min_value=0, max_value=2**62, default=0)
    length = serializers.IntegerField(
        min_value=1,
        max_value=2**62,
        required=False,
        help_text="Only the chunks that begin in so many bytes; all that follow without it.",
    )


class ManifestOut(serializers.Serializer[Any]):
    size = serializers.IntegerField()
    chunks = ChunkOut(many=True)


class VerifyIn(BodySerializer[Any]):
    offset = serializers.IntegerField(min_value=0, max_value=2**62, default=0)
    length = serializers.IntegerField(
        min_value=1,
        max_value=VERIFIED_AT_ONCE_BYTES,
        default=VERIFIED_AT_ONCE_BYTES,
        help_text="How many bytes to look at now; less brings news earlier.",
    )


class VerifiedOut(ManifestOut):
    """The part of the manifest that was looked at, as it is now."""

    good_copies = serializers.IntegerField(help_text="That their nodes have just found good.")
    next_offset = serializers.IntegerField(allow_null=True, help_text="Where to go on; null at the end.")


class MeOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    username = serializers.CharField()
    email = serializers.CharField()
    quota_bytes = serializers.IntegerField(allow_null=True)
    used_bytes = serializers.IntegerField(help_text="Of all: the sum of the three below.")
    reserved_bytes = serializers.IntegerField(
        help_text="Kept for uploads on their way; with what is used it stays within the quota."
    )
    files_bytes = serializers.IntegerField(help_text="Of files as they are now.")
    versions_bytes = serializers.IntegerField(help_text="Of earlier versions of these files.")
    trash_bytes = serializers.IntegerField(help_text="Of what lies in the trash, earlier versions included.")
    root_id = serializers.UUIDField()


class UploadOut(serializers.Serializer[Any]):
    """An unfinished upload; it goes on with the tus protocol at its URL."""

    id = serializers.UUIDField()
    url = serializers.CharField()
    name = serializers.CharField()
    parent = serializers.UUIDField()  # type: ignore[assignment]
    length = serializers.IntegerField(allow_null=True)
    offset = serializers.IntegerField()
    metadata = serializers.CharField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
