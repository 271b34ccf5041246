"""The tree: folders and files, who finds them, and with whom they are shared."""

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex, GinIndex
from django.db import models
from django.db.models.functions import Coalesce, Greatest, Now
from django.db.models.lookups import IsNull

from files import names
from files.fields import CurrentTransaction, TransactionField, WordsField
from files.models.sight import (
    IsAlive,
    IsKept,
    IsWithin,
    MayEdit,
    MayPlace,
    MaySee,
    RootOf,
    folder_value,
    sight_of,
)
from nodes.ids import uuid7

if TYPE_CHECKING:
    from accounts.models import User

LIVING = models.Q(trashed_at__isnull=True, purged_at__isnull=True)


class EntryQuerySet(models.QuerySet["Entry"]):
    """Permission stands here: whoever reads or changes an entry starts from one of these."""

    def visible_to(self, user: "User") -> "EntryQuerySet":
        """What is the user's own or shared with them, and not in the trash.

        A walk for each entry: narrow the query by something that has an index.
        """
        return self.filter(MaySee(*sight_of(user)))

    def editable_by(self, user: "User") -> "EntryQuerySet":
        """What the user may write to: bytes of a file, entries of a folder."""
        return self.filter(MayEdit(*sight_of(user)))

    def placeable_by(self, user: "User") -> "EntryQuerySet":
        """What the user may rename, move and put into the trash."""
        return self.filter(MayPlace(*sight_of(user)))

    def root_of(self, user: "User") -> "EntryQuerySet":
        """The user's root folder, if there is one yet; never by a walk through all that is the user's."""
        return self.filter(id=RootOf(models.Value(user.pk, output_field=models.BigIntegerField())))

    def owned_by(self, user: "User") -> "EntryQuerySet":
        """What is the user's own and not in the trash."""
        return self._kept_in(user).filter(IsAlive("pk"), owner=user)

    def shared_with(self, user: "User") -> "EntryQuerySet":
        """What others share with this user, or with a group the user is in, each by itself."""
        shares = Share.objects.filter(models.Q(user=user) | models.Q(group__user=user))
        return self.visible_to(user).filter(id__in=shares.values("entry")).exclude(owner=user)

    def below(self, folder_id: uuid.UUID) -> "EntryQuerySet":
        """The entry itself and what lies in it at any depth; a walk for each."""
        return self.filter(IsWithin("pk", folder_value(folder_id)))

    def around(self, folder_id: uuid.UUID) -> "EntryQuerySet":
        """The folder itself and those it lies in, at any depth; a walk for each."""
        return self.filter(IsWithin(folder_value(folder_id), "pk"))

    def in_trash_of(self, user: "User") -> "EntryQuerySet":
        """What lies in this user's trash, each by itself; what lies below is not listed."""
        return self._kept_in(user).filter(IsKept("pk"), owner=user, trashed_at__isnull=False)

    def known_to(self, user: "User") -> "EntryQuerySet":
        """What this user sees, and what lies in their trash by itself: its details can be shown."""
        in_trash = models.Q(IsKept("pk"), owner=user, trashed_at__isnull=False)
        if user.confined_to is not None:
            is_within = models.Q(IsWithin("pk", folder_value(user.confined_to)))
            in_trash &= is_within & ~models.Q(pk=user.confined_to)
        return self.filter(models.Q(MaySee(*sight_of(user))) | in_trash)

    def purgeable_by(self, user: "User") -> "EntryQuerySet":
        """What the user may delete for good: their own, in the trash or not."""
        return self.known_to(user)._kept_in(user).filter(owner=user)

    def _kept_in(self, user: "User") -> "EntryQuerySet":
        """What lies in the folder that a request is confined to, without it; for everybody else all."""
        return self if user.confined_to is None else self.below(user.confined_to).exclude(pk=user.confined_to)

    def living(self) -> "EntryQuerySet":
        """Entries that are not themselves in the trash; says nothing of the folders above."""
        return self.filter(trashed_at__isnull=True, purged_at__isnull=True)


class Entry(models.Model):
    """A folder or a file. A person's root folder is the entry without a parent."""

    class Kind(models.TextChoices):
        FOLDER = "folder"
        FILE = "file"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="entries",
        db_index=False,
        help_text="Owns the root, is charged.",
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children", db_index=False)
    name = models.CharField(max_length=255, blank=True, db_collation="C", help_text="Empty for a root.")
    sort_key = models.TextField(db_collation="C", help_text="Casefolded, digit runs padded: natural order.")
    words = WordsField(default="", editable=False, help_text="What it is found by: see `files.names`.")
    kind = models.CharField(max_length=6, choices=Kind)
    version = models.ForeignKey("Version", models.PROTECT, null=True, related_name="+", db_index=False)
    revision = models.IntegerField(default=1, help_text="Raised by every change; the entry's etag.")
    created_at = models.DateTimeField(db_default=Now())
    modified_at = models.DateTimeField(db_default=Now())
    starred = models.BooleanField(default=False)
    trashed_at = models.DateTimeField(null=True, help_text="The entry itself was put into the trash.")
    purged_at = models.DateTimeField(null=True, help_text="Hidden for good; its rows go in slices.")
    changed_in = TransactionField(
        db_default=CurrentTransaction(), editable=False, help_text="Of its last change; a trigger keeps it."
    )

    objects = EntryQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["parent", "name"], name="entry_name_once", condition=LIVING),
            models.UniqueConstraint(
                fields=["owner"], name="entry_one_root", condition=models.Q(parent__isnull=True)
            ),
            models.CheckConstraint(
                condition=models.Q(kind="folder", version__isnull=True)
                | models.Q(kind="file", version__isnull=False, parent__isnull=False),
                name="entry_file_has_version",
            ),
        ]
        indexes = [
            models.Index(fields=["parent", "kind", "sort_key", "id"], name="entry_listing"),
            # Of the trashed, too: an index of the living alone would fit whatever asks for a living entry.
            models.Index(fields=["owner", "modified_at", "id"], name="entry_recent"),
            # Living, too, in the words of `files.orders`: no statement fits that does not mean them.
            models.Index(
                fields=["owner", "sort_key", "id"],
                name="entry_named",
                condition=models.Q(IsNull(Coalesce("purged_at", "trashed_at"), True)),
            ),
            models.Index(
                fields=["owner", "created_at", "id"],
                name="entry_made",
                condition=models.Q(IsNull(Greatest("purged_at", "trashed_at"), True)),
            ),
            models.Index(
                fields=["parent", "kind", "modified_at", "id"],
                name="entry_dated",
                condition=models.Q(IsNull(Coalesce("trashed_at", "purged_at"), True)),
            ),
            models.Index(fields=["owner", "changed_in", "id"], name="entry_changes"),
            # What is new waits in a list that is worked off in slices: an insert costs less, none waits long.
            GinIndex(fields=["words"], name="entry_words", fastupdate=True, gin_pending_list_limit=256),
            # Which pages of the table may hold what is of a time, in the words of `files.orders`.
            BrinIndex(
                Coalesce("modified_at", "created_at"),
                Coalesce("created_at", "modified_at"),
                name="entry_times",
                autosummarize=True,
                pages_per_range=16,
            ),
            models.Index(
                fields=["owner", "sort_key", "id"],
                name="entry_starred",
                condition=LIVING & models.Q(starred=True),
            ),
            models.Index(
                fields=["owner", "trashed_at", "id"],
                name="entry_trash",
                condition=models.Q(trashed_at__isnull=False),
            ),
            models.Index(
                fields=["purged_at"], name="entry_purged", condition=models.Q(purged_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def give_name(self, name: str) -> None:
        """Set the name, and what follows from it; the owner is known by then."""
        self.name, self.sort_key = name, names.sort_key(name)
        self.words = names.search_words(name, self.owner_id)


class Share(models.Model):
    """What an owner lets others do with an entry and all below it: a person, a group, or who has the link."""

    class Role(models.TextChoices):
        VIEWER = "viewer"
        EDITOR = "editor"
        VIEW = "view"
        DOWNLOAD = "download"
        UPLOAD = "upload"

    OF_PEOPLE = (Role.VIEWER, Role.EDITOR)
    OF_LINKS = (Role.VIEW, Role.DOWNLOAD, Role.UPLOAD)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    entry = models.ForeignKey(Entry, models.CASCADE, related_name="shares", db_index=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    created_at = models.DateTimeField(db_default=Now())
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="shares")
    group = models.ForeignKey("auth.Group", models.CASCADE, null=True, related_name="+")
    role = models.CharField(max_length=8, choices=Role)
    password = models.CharField(max_length=255, blank=True, help_text="Of a link, hashed; empty: none.")
    expires_at = models.DateTimeField(null=True)
    max_downloads = models.IntegerField(null=True, help_text="Of a link; null: no limit.")
    downloads = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entry", "user"], name="share_person_once"),
            models.UniqueConstraint(fields=["entry", "group"], name="share_group_once"),
            models.CheckConstraint(
                condition=models.Q(
                    models.Q(user__isnull=False, group__isnull=True)
                    | models.Q(user__isnull=True, group__isnull=False),
                    role__in=["viewer", "editor"],
                    password="",
                    expires_at__isnull=True,
                    max_downloads__isnull=True,
                )
                | models.Q(user__isnull=True, group__isnull=True, role__in=["view", "download", "upload"]),
                name="share_is_for_people_or_a_link",
            ),
            models.CheckConstraint(
                condition=models.Q(max_downloads__isnull=True)
                | models.Q(downloads__lte=models.F("max_downloads")),
                name="share_downloads_within_limit",
            ),
        ]
        indexes = [models.Index(fields=["created_by", "id"], name="share_given")]

    def __str__(self) -> str:
        return f"{self.entry_id}: {self.role}"

    @property
    def is_link(self) -> bool:
        return self.user_id is None and self.group_id is None

    @property
    def with_whom(self) -> str:
        """The name of the person or group; empty for a link."""
        return self.user.username if self.user else self.group.name if self.group else ""
