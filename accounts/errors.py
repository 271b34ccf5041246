"""What can go wrong with people, tokens and quota, as a small vocabulary; statuses: `dfsweb.api_errors`.

AccountError
├── NotSignedIn
│   ├── TokenRefused
│   ├── TokenExpired
│   └── SignInRefused
├── Forbidden
│   ├── CsrfRefused
│   ├── ScopeMissing
│   ├── BeyondFolder
│   ├── StaffOnly
│   ├── RegistrationClosed
│   └── EmailUnconfirmed
├── InvitationRefused
├── InvitationNotFound
├── SessionNotFound
├── TooManyAttempts
├── UsernameTaken
├── FieldsRefused
├── KeyMalformed
├── KeyReused
├── TooManyTokens
├── TokenNotFound
└── QuotaExceeded
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from accounts import sizes


class AccountError(Exception):
    """The base: a stable code, whether trying again may help, facts, and a message with the way out."""

    code: ClassVar[str]
    retryable: ClassVar[bool] = False

    def __init__(self, message: str | None = None, **facts: Any) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())
        self.facts = facts


class NotSignedIn(AccountError):
    """Sign in, or send a token: Authorization: Token <token>."""

    code = "not_signed_in"


class TokenRefused(NotSignedIn):
    """This token is unknown or was revoked. Make a new one with POST /api/v1/auth/tokens."""

    code = "token_refused"


class TokenExpired(NotSignedIn):
    """This token has expired. Make a new one with POST /api/v1/auth/tokens."""

    code = "token_expired"


class SignInRefused(NotSignedIn):
    """Username and password do not match, or the account is switched off."""

    code = "sign_in_refused"


class Forbidden(AccountError):
    """You may not do this."""

    code = "forbidden"


class CsrfRefused(Forbidden):
    """The request did not prove that it comes from this site. Reload the page, or send X-CSRFToken."""

    code = "csrf_refused"


class ScopeMissing(Forbidden):
    """This token may not do that: its scopes leave it out."""

    code = "scope_missing"


class BeyondFolder(Forbidden):
    """This token is bound to a folder and reaches nothing else. Use one that is not."""

    code = "beyond_folder"


class StaffOnly(Forbidden):
    """Only an administrator may do this."""

    code = "staff_only"


class RegistrationClosed(Forbidden):
    """Nobody can register here by themselves: ask an administrator for an account or an invitation."""

    code = "registration_closed"


class EmailUnconfirmed(Forbidden):
    """Confirm your e-mail address first: by the link in the letter you got, or ask for a new password."""

    code = "email_unconfirmed"


class InvitationRefused(AccountError):
    """This invitation was used, has ended, or was taken back. Ask an administrator for another one."""

    code = "invitation_refused"


class InvitationNotFound(AccountError):
    """There is no such invitation, or none any more."""

    code = "not_found"


class SessionNotFound(AccountError):
    """You have no such session."""

    code = "not_found"


class TooManyAttempts(AccountError):
    """Too many attempts within a short time."""

    code = "too_many_attempts"
    retryable = True

    def __init__(self, *, retry_after_seconds: int) -> None:
        super().__init__(f"Too many attempts. Wait {retry_after_seconds} seconds.")
        self.retry_after_seconds = retry_after_seconds


class UsernameTaken(AccountError):
    """Somebody has this username already. Choose another one."""

    code = "username_taken"


class FieldsRefused(AccountError):
    """Some fields need another value."""

    code = "invalid_fields"

    def __init__(self, errors: Mapping[str, Sequence[str]]) -> None:
        super().__init__()
        self.errors = errors


class KeyMalformed(AccountError):
    """An Idempotency-Key has 1 to 255 printable ASCII characters and no quote among them."""

    code = "bad_header"


class KeyReused(AccountError):
    """Another request was sent with this Idempotency-Key. Make a new key for each request."""

    code = "idempotency_key_reused"


class TooManyTokens(AccountError):
    """You have as many tokens as one account may have. Revoke one that you no longer use."""

    code = "too_many_tokens"


class TokenNotFound(AccountError):
    """You have no such token."""

    code = "not_found"


class QuotaExceeded(AccountError):
    """There is not enough room left in the quota."""

    code = "quota_exceeded"

    def __init__(self, *, needed_bytes: int, free_bytes: int, quota_bytes: int, reserved_bytes: int) -> None:
        needed, free, reserved = map(sizes.in_words, (needed_bytes, free_bytes, reserved_bytes))
        kept = f" {reserved} is kept for unfinished uploads." if reserved_bytes else ""
        super().__init__(
            f"It needs {needed}, and {free} of the quota is free.{kept} "
            "Purge something from the trash, or ask an administrator for more.",
            needed_bytes=needed_bytes,
            free_bytes=free_bytes,
            quota_bytes=quota_bytes,
            reserved_bytes=reserved_bytes,
        )
