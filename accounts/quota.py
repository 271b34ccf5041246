"""How much a person may store and does store, in logical bytes. Who uses how many is told by the callers."""

import logging
from dataclasses import dataclass, replace

from django.db.models import BigIntegerField, F, Q, Value

from accounts.errors import QuotaExceeded
from accounts.models import Usage

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one person; no quota means no limit."""

    quota_bytes: int | None
    used_bytes: int
    reserved_bytes: int = 0

    @property
    def free_bytes(self) -> int | None:
        if self.quota_bytes is None:
            return None
        return max(0, self.quota_bytes - self.used_bytes - self.reserved_bytes)

    def with_more(self, size_bytes: int) -> "Figures":
        """Return what they are when so many bytes more are stored. Raises QuotaExceeded."""
        used_bytes = self.used_bytes + size_bytes
        if self.quota_bytes is not None and used_bytes + self.reserved_bytes > self.quota_bytes:
            raise self.exceeded_by(size_bytes)
        return replace(self, used_bytes=used_bytes)

    def exceeded_by(self, size_bytes: int) -> QuotaExceeded:
        """Say by how much something does not fit."""
        return QuotaExceeded(
            needed_bytes=size_bytes,
            free_bytes=self.free_bytes or 0,
            quota_bytes=self.quota_bytes or 0,
            reserved_bytes=self.reserved_bytes,
        )


def figures(user_id: int) -> Figures:
    usage = _usage(user_id)
    return Figures(usage.quota_bytes, usage.used_bytes, usage.reserved_bytes)


def add(user_id: int, size_bytes: int) -> None:
    """Charge a person, or raise QuotaExceeded and charge nothing.

    The last statement of the caller's transaction: the row stays locked until it ends, and everybody who
    stores for this person waits for it.
    """
    _raise(user_id, "used_bytes", size_bytes)


def reserve(user_id: int, size_bytes: int) -> None:
    """Keep room for bytes on their way, or raise QuotaExceeded and keep none. Last, as `add`."""
    _raise(user_id, "reserved_bytes", size_bytes)


def give_back(user_id: int, size_bytes: int) -> None:
    """Let go of room that was reserved. Last, as `add`."""
    Usage.objects.filter(user_id=user_id).update(reserved_bytes=F("reserved_bytes") - _wide(size_bytes))


def subtract(user_id: int, size_bytes: int) -> None:
    """Give room back. As the last statement of the caller's transaction, too."""
    enough = Usage.objects.filter(user_id=user_id, used_bytes__gte=size_bytes)
    if not enough.update(used_bytes=F("used_bytes") - _wide(size_bytes)):
        # Bytes must stay removable when a figure is wrong; the figure is then as right as it can be.
        logger.error("account %s gives %s bytes back and was charged fewer", user_id, size_bytes)
        Usage.objects.filter(user_id=user_id).update(used_bytes=0)


def exceeded(user_id: int, size_bytes: int) -> QuotaExceeded:
    """Say by how much something does not fit."""
    return figures(user_id).exceeded_by(size_bytes)


def _raise(user_id: int, figure: str, size_bytes: int) -> None:
    """Raise one of the figures, if what is stored and what is reserved stay within the quota together."""
    fits = Q(quota_bytes=None) | Q(quota_bytes__gte=F("used_bytes") + F("reserved_bytes") + _wide(size_bytes))
    mine = Usage.objects.filter(fits, user_id=user_id)
    if mine.update(**{figure: F(figure) + _wide(size_bytes)}):
        return
    _usage(user_id)  # makes the row if nobody has yet
    if not mine.update(**{figure: F(figure) + _wide(size_bytes)}):
        raise exceeded(user_id, size_bytes)


def _wide(size_bytes: int) -> Value:
    """Say that a number has 64 bits: in a sum Django sends a plain one with 32, and what is above is lost."""
    return Value(size_bytes, output_field=BigIntegerField())


def _usage(user_id: int) -> Usage:
    """Accounts that Django's own commands made have no row until somebody asks."""
    return Usage.objects.get_or_create(user_id=user_id)[0]
