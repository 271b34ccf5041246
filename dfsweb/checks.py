"""System checks of the settings: what would lose data, leak or never work is said before it can."""

import re
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

MAX_CHUNK_SIZE = 8 * 2**20
"""A chunk is verified before its first byte is sent, so each transfer holds whole chunks in memory."""

LONGEST_RECORD_SECONDS = 60
"""A window of placed pieces older than this is refused by the database (`nodes_record`)."""

_SMTP = "django.core.mail.backends.smtp.EmailBackend"
_SECRET = re.compile(r"(?:[0-9a-fA-F]{2}){32,}\Z")


Fault = tuple[bool, str, str, str]
"""Whether it is there, its id, what is wrong, what to do."""


def check_secrets(**_: Any) -> list[CheckMessage]:
    """For `check --deploy`: commands that need no secrets, such as makemigrations, run without them."""
    return _messages(
        (
            not settings.DEBUG and settings.SECRET_KEY.startswith("insecure-"),
            "dfsweb.E001",
            "SECRET_KEY is not set.",
            "Set SECRET_KEY to at least 50 random characters and keep it.",
        ),
        (
            not settings.DEBUG and not _SECRET.match(settings.CLUSTER_SECRET),
            "dfsweb.E002",
            "CLUSTER_SECRET is not at least 32 bytes in hex.",
            "Set it to the output of `openssl rand -hex 32` and keep it: node keys derive from it.",
        ),
    )


def check_settings(**_: Any) -> list[CheckMessage]:
    return _messages(
        (
            settings.WRITE_QUORUM < 1,
            "dfsweb.E003",
            "WRITE_QUORUM is below 1: writes would be acknowledged that are stored nowhere.",
            "Set WRITE_QUORUM to 2.",
        ),
        (
            settings.WRITE_QUORUM > settings.REPLICAS,
            "dfsweb.E004",
            "WRITE_QUORUM is larger than REPLICAS.",
            "Lower WRITE_QUORUM or raise REPLICAS.",
        ),
        (
            not 0 < settings.CHUNK_SIZE <= MAX_CHUNK_SIZE,
            "dfsweb.E005",
            f"CHUNK_SIZE is not between 1 and {MAX_CHUNK_SIZE} bytes.",
            "Set CHUNK_SIZE to 4194304.",
        ),
        (
            settings.GRACE_SECONDS <= settings.UPLOAD_EXPIRY_SECONDS,
            "dfsweb.E006",
            "GRACE_SECONDS is not longer than UPLOAD_EXPIRY_SECONDS: "
            "chunks of a paused upload could be reclaimed.",
            "Set GRACE_SECONDS to at least an hour more than UPLOAD_EXPIRY_SECONDS.",
        ),
        (
            settings.ORPHAN_GRACE_SECONDS <= LONGEST_RECORD_SECONDS
            or settings.RECONCILE_INTERVAL_SECONDS <= 0,
            "dfsweb.E011",
            "ORPHAN_GRACE_SECONDS is not longer than a record may wait (60 s): "
            "files of uploads under way could be removed.",
            "Set ORPHAN_GRACE_SECONDS to 86400.",
        ),
        (
            settings.QUARANTINE_SECONDS < 0,
            "dfsweb.E013",
            "QUARANTINE_SECONDS is below 0.",
            "Set QUARANTINE_SECONDS to 1209600; 0 removes bad files as soon as they are replaced.",
        ),
        (
            settings.SCRUB_PERIOD_SECONDS <= 0 or settings.SCRUB_BYTES_PER_SECOND <= 0,
            "dfsweb.E010",
            "SCRUB_PERIOD_SECONDS or SCRUB_BYTES_PER_SECOND is not above 0: rot would never be found.",
            "Set SCRUB_PERIOD_SECONDS to 1209600 and SCRUB_BYTES_PER_SECOND to 20000000.",
        ),
        (
            settings.TRASH_RETENTION_SECONDS < 0 or settings.VERSION_RETENTION_SECONDS < 0,
            "dfsweb.E017",
            "TRASH_RETENTION_SECONDS or VERSION_RETENTION_SECONDS is below 0.",
            "Set both to 2592000 (30 days).",
        ),
        (
            settings.REGISTRATION not in ("open", "invitation", "closed"),
            "dfsweb.E007",
            "REGISTRATION is neither “open” nor “invitation” nor “closed”.",
            "Set REGISTRATION to one of them.",
        ),
        (
            not 0 <= settings.NEARFULL_SHARE < 1,
            "dfsweb.E008",
            "NEARFULL_SHARE is no share of a node's capacity.",
            "Set NEARFULL_SHARE to 0.15: a node with less free is told as nearly full.",
        ),
        (
            not 0 < settings.REBALANCE_THRESHOLD <= 1,
            "dfsweb.E012",
            "REBALANCE_THRESHOLD is not above 0 and at most 1.",
            "Set it to 0.1, or to 1 to have nothing moved.",
        ),
        (
            settings.REPAIR_BYTES_PER_SECOND < 0,
            "dfsweb.E009",
            "REPAIR_BYTES_PER_SECOND is below 0.",
            "Set it to 50000000, or to 0 for no limit.",
        ),
        (
            settings.HASH_BYTES_PER_SECOND < 0,
            "dfsweb.E014",
            "HASH_BYTES_PER_SECOND is below 0.",
            "Set it to 50000000, or to 0 to have nothing hashed later.",
        ),
        (
            settings.EMAIL_BACKEND == _SMTP and not settings.EMAIL_HOST,
            "dfsweb.E015",
            "EMAIL_URL names no mail server.",
            "Set it to smtp+tls://user:password@host:587, in a password / and @ as %2F and %40, "
            "or to consolemail:// for the log.",
        ),
        (
            "@" not in parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
            or not settings.DEFAULT_FROM_EMAIL.isprintable(),
            "dfsweb.E016",
            "EMAIL_FROM is no e-mail address.",
            "Set it to whom letters are from, such as “Drive <drive@example.org>”.",
        ),
    )


def _messages(*faults: Fault) -> list[CheckMessage]:
    return [Error(what, hint=hint, id=check_id) for is_wrong, check_id, what, hint in faults if is_wrong]
