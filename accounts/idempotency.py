"""Requests that are sent again under one key do their deed once: the first answer is given again.

After draft-ietf-httpapi-idempotency-key-header. A key is its user's own and lives for IDEMPOTENCY_SECONDS. It
is recorded in the transaction of the deed: there is no moment in which one is there without the other. Of two
requests at once the second waits for the first. A deed that failed has done nothing: its key is free again.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac

from accounts.errors import KeyMalformed, KeyReused
from accounts.models import KeptAnswer, User

HEADER = "Idempotency-Key"
REPLAYED = {"Idempotent-Replayed": "true"}
"""What tells an answer given again from the first one."""
LONGEST_KEY = 255
_KEY = re.compile(rf'[\x20-\x21\x23-\x7e]{{1,{LONGEST_KEY}}}|"[\x20-\x21\x23-\x7e]{{1,{LONGEST_KEY}}}"')
PATTERN = rf'^("[ !#-~]{{1,{LONGEST_KEY}}}"|[!#-~]([ !#-~]{{0,{LONGEST_KEY - 2}}}[!#-~])?)$'
"""The same for who reads the API's description; blanks around a header do not count."""
_CLAIM = """
INSERT INTO accounts_keptanswer (user_id, key, fingerprint, status, headers, body, expires_at)
VALUES (%(user)s::bigint, %(key)s::bytea, %(fingerprint)s::bytea, %(status)s::smallint, %(headers)s::jsonb,
        %(body)s::text, now() + %(life)s::interval)
ON CONFLICT (user_id, key) DO UPDATE
   SET fingerprint = excluded.fingerprint, status = excluded.status, headers = excluded.headers,
       body = excluded.body, expires_at = excluded.expires_at
 WHERE accounts_keptanswer.expires_at <= now()
RETURNING 1
"""


@dataclass(frozen=True, slots=True)
class Key:
    """One user's key; a digest, so that any key takes the same room."""

    user_id: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered: enough to answer it again."""

    status: int
    headers: Mapping[str, str]
    body: str


_NONE_YET = Answer(0, {}, "")


def text_of(headers: Mapping[str, str]) -> str | None:
    """Read the key under which a request is sent, in quotes or without. Raises KeyMalformed."""
    text = headers.get(HEADER)
    if text is None:
        return None
    if not _KEY.fullmatch(text.strip()):
        raise KeyMalformed
    return text.strip().strip('"')


def key_of(headers: Mapping[str, str], user: User) -> Key | None:
    """Return the user's key under which a request is sent. Raises KeyMalformed.

    A token that is bound to a folder has keys of its own: it is told nothing that others were answered.
    """
    text = text_of(headers)
    if text is None:
        return None
    reach = f"{user.confined_to or ''}\n"
    return Key(user.pk, hashlib.sha256((reach + text).encode()).digest())


def fingerprint(parts: Iterable[object]) -> bytes:
    """Return what tells a request from others: two with the same parts are the same request.

    Keyed by SECRET_KEY, for there may be a password in it.
    """
    text = "\0".join(map(repr, parts)).encode(errors="surrogatepass")
    return salted_hmac("accounts.idempotency", text, algorithm="sha256").digest()


def is_known(key: Key) -> bool:
    """Tell whether a request was answered under this key already."""
    return bool(_kept().filter(user_id=key.user_id, key=key.digest).exists())


def find(key: Key, mark: bytes) -> Answer | None:
    """Return the answer that was given under this key. Raises KeyReused when that was to another request."""
    kept = _kept().filter(user_id=key.user_id, key=key.digest).first()
    if kept is None:
        return None
    if bytes(kept.fingerprint) != mark:
        raise KeyReused
    return Answer(kept.status, kept.headers, kept.body)


def claim(key: Key, mark: bytes, answer: Answer = _NONE_YET) -> Answer | None:
    """Take the key for this request, in the transaction of its deed; None when it is the first.

    Else what was answered before; whoever is about to answer is waited for. Without an answer, `keep` follows
    in the same transaction. Raises KeyReused.
    """
    assert connection.in_atomic_block
    row: dict[str, Any] = {
        "user": key.user_id,
        "key": key.digest,
        "fingerprint": mark,
        "status": answer.status,
        "headers": json.dumps(dict(answer.headers)),
        "body": answer.body,
        "life": timedelta(seconds=settings.IDEMPOTENCY_SECONDS),
    }
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_CLAIM, row)
            if cursor.fetchone():
                return None
        if before := find(key, mark):  # it may have expired between the two statements
            return before


def keep(key: Key, answer: Answer) -> None:
    """Record the answer under a claimed key, in the transaction of the claim."""
    KeptAnswer.objects.filter(user_id=key.user_id, key=key.digest).update(
        status=answer.status, headers=dict(answer.headers), body=answer.body
    )


def once(key: Key, mark: bytes, deed: Callable[[], Answer]) -> tuple[Answer, bool]:
    """Do the deed in one transaction with its key; returns its answer, and True when it was done before.

    Raises KeyReused, and what the deed raises.
    """
    with transaction.atomic():
        before = claim(key, mark)
        if before is not None:
            return before, True
        answer = deed()
        keep(key, answer)
        return answer, False


def forget_expired() -> int:
    """Remove the keys whose time is over; returns how many."""
    return KeptAnswer.objects.filter(expires_at__lte=Now()).delete()[0]


def _kept() -> Any:
    return KeptAnswer.objects.filter(expires_at__gt=Now())
