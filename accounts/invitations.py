"""Invitations to register: made by administrators, each good once. The row is the truth."""

from datetime import timedelta
from uuid import UUID

from django.core import signing
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from accounts import letters
from accounts.errors import InvitationNotFound, InvitationRefused
from accounts.models import Invitation, User

LIFE = timedelta(days=7)
LONGEST_LIFE = timedelta(days=90)
_SALT = "accounts.invitations"


def invite(admin: User, *, email: str = "", expires_in: timedelta = LIFE, site: str = "") -> Invitation:
    """Make an invitation; with an e-mail address it is sent there."""
    made = Invitation.objects.create(
        created_by=admin, email=email, expires_at=timezone.now() + min(expires_in, LONGEST_LIFE)
    )
    made.refresh_from_db()
    if email:
        letters.send(email, "invitation", {"url": site + path_of(made), "site": site, "admin": admin})
    return made


def open_ones() -> QuerySet[Invitation]:
    """Return the invitations that can still be used, the newest first."""
    return Invitation.objects.filter(used_at=None, expires_at__gt=Now()).order_by("-created_at", "-id")


def find(invitation_id: UUID) -> Invitation:
    """Return an invitation, used or not. Raises InvitationNotFound."""
    found = Invitation.objects.filter(id=invitation_id).first()
    if found is None:
        raise InvitationNotFound
    return found


def take_back(invitation_id: UUID) -> None:
    """End an invitation that was not used. Raises InvitationNotFound."""
    if not Invitation.objects.filter(id=invitation_id, used_at=None).delete()[0]:
        raise InvitationNotFound


def use(token: str, user: User) -> None:
    """Use an invitation for a new account, in the transaction that makes it: of two, one wins.

    Raises InvitationRefused.
    """
    mine = Invitation.objects.filter(id=_id_of(token), used_at=None, expires_at__gt=Now())
    if not mine.update(used_at=Now(), used_by=user):
        raise InvitationRefused


def require_good(token: str) -> None:
    """Raise InvitationRefused for one that cannot be used now."""
    if not Invitation.objects.filter(id=_id_of(token), used_at=None, expires_at__gt=Now()).exists():
        raise InvitationRefused


def path_of(invitation: Invitation) -> str:
    """Return where the invited person registers."""
    return f"{reverse('register')}?invitation={_signer().sign_object(invitation.id.hex)}"


def _id_of(token: str) -> UUID:
    try:
        return UUID(hex=_signer().unsign_object(token))
    except signing.BadSignature as error:
        raise InvitationRefused from error


def _signer() -> signing.Signer:
    """Sign without the time: an invitation has one address, and its row says when it ends."""
    return signing.Signer(salt=_SALT)
