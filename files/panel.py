"""What the details panel shows of one entry: facts, who has access, what was done, where its bytes are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from files import activity, browsing, kinds, piece_map, sharing
from files.activity import Happening
from files.browsing import Row
from files.models import Activity, Version
from files.piece_map import PieceMap
from nodes import contents
from nodes.contents import Copies

if TYPE_CHECKING:
    from accounts.models import User
    from files.details import EntryDetails

DEEDS_SHOWN = 100
AVATARS_SHOWN = 4
NAMES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Access:
    """Who can open an entry, as far as its reader is told: owners all, others themselves and the owner."""

    people: Sequence[str]
    """User names, the owner's first, and groups."""
    words: str

    @property
    def avatars(self) -> Sequence[str]:
        return self.people[:AVATARS_SHOWN]


@dataclass(frozen=True, slots=True)
class Panel:
    row: Row
    access: Access
    versions: int
    verdict: str
    more: str
    pieces: PieceMap | None

    @property
    def folder_names(self) -> str:
        return ", ".join([browsing.home_name(), *self.row.entry.path.split("/")[1:-1]])

    @property
    def kind(self) -> str:
        entry = self.row.entry
        return _("Folder") if entry.is_folder else kinds.words_of(entry.name, entry.content_type or "")


@dataclass(frozen=True, slots=True)
class Deed:
    """One line of the activity."""

    actor: str
    is_own: bool
    words: str
    done_at: datetime


def panel(user: "User", entry_id: UUID) -> Panel:
    """Tell all about one entry. Raises NotFound."""
    line = browsing.row(user, entry_id)
    entry, copies = line.entry, line.entry.copies
    access = _access(user, entry)
    if entry.content_id is None:
        return Panel(line, access, 0, "", "", None)
    versions = Version.objects.filter(entry_id=entry.id).count()
    if copies is None or not entry.size:
        return Panel(line, access, versions, "", "", None)
    pieces = piece_map.lay_out(
        chain.from_iterable(contents.manifest_windows(entry.content_id)),
        contents.count_chunks(entry.content_id),
        timezone.now(),
    )
    return Panel(line, access, versions, *_verdict(copies), pieces)


def deeds(user: "User", entry_id: UUID) -> list[Deed]:
    """Tell what was done with an entry in words, the latest first. Raises NotFound."""
    return [
        Deed(one.actor, one.actor == user.username, _words(one), one.done_at)
        for one in activity.of(user, entry_id, limit=DEEDS_SHOWN)
    ]


def _words(one: Happening) -> str:
    match one.deed:
        case Activity.Deed.RENAMED:
            return _("renamed it; it was “%(name)s”") % {"name": one.detail}
        case Activity.Deed.MOVED if one.detail is not None:
            return _("moved it here from “%(name)s”") % {"name": one.detail or browsing.home_name()}
        case Activity.Deed.MOVED:
            return _("moved it")
        case Activity.Deed.TRASHED:
            return _("put it into the trash")
        case Activity.Deed.RESTORED:
            return _("took it out of the trash")
        case Activity.Deed.SHARED:
            if not one.detail:
                return _("made a link to it")
            return _("shared it with %(name)s") % {"name": one.detail}
        case Activity.Deed.UNSHARED:
            if not one.detail:
                return _("took a link to it away")
            return _("ended sharing it with %(name)s") % {"name": one.detail}
        case activity.WRITTEN:
            return _("saved a new version")
        case _:
            return _("made it")


def _access(user: "User", entry: "EntryDetails") -> Access:
    if not entry.is_own:
        return Access([entry.owner, user.username], _("%(name)s and you") % {"name": entry.owner})
    shares = sharing.reaching([crumb.id for crumb in browsing.crumbs(entry)])
    others = list(dict.fromkeys(share.with_whom for share in shares if not share.is_link))
    named = [_("You"), *others[:NAMES_SHOWN]]
    if len(others) > NAMES_SHOWN:
        named.append(_("%(count)s more") % {"count": len(others) - NAMES_SHOWN})
    if any(share.is_link for share in shares):
        named.append(_("anyone with the link"))
    if len(named) == 1:
        return Access([entry.owner], _("Only you"))
    words = _("%(names)s and %(last)s") % {"names": ", ".join(named[:-1]), "last": named[-1]}
    return Access([entry.owner, *others], words)


def _verdict(copies: Copies) -> tuple[str, str]:
    wanted, there = copies.wanted, copies.fewest
    if copies.is_complete:
        return _("Safe: %(wanted)s of %(wanted)s copies") % {"wanted": wanted}, _survives(wanted - 1)
    if not there:
        return _("Waiting for nodes"), _("This file opens again when a node that holds it is back.")
    saved = ngettext("Saved on %(there)s of %(wanted)s node", "Saved on %(there)s of %(wanted)s nodes", there)
    left = wanted - there
    on_the_way = ngettext("The last copy is on the way.", "%(left)s more copies are on the way.", left)
    return saved % {"there": there, "wanted": wanted}, on_the_way % {"left": left}


def _survives(losses: int) -> str:
    match losses:
        case 0:
            return _("It is on one node only.")
        case 1:
            return _("It survives the loss of any one node.")
        case 2:
            return _("It survives the loss of any two nodes.")
        case _:
            return _("It survives the loss of any %(losses)s nodes.") % {"losses": losses}
