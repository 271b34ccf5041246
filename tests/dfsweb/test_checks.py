"""Settings that would lose data, leak or never work are named before the first request."""

import pytest
from django.core.checks import run_checks

from dfsweb import checks

SANE = {
    "DEBUG": False,
    "SECRET_KEY": "k" * 50,
    "CLUSTER_SECRET": "ab" * 32,
    "WRITE_QUORUM": 2,
    "REPLICAS": 3,
    "CHUNK_SIZE": 4 * 2**20,
    "GRACE_SECONDS": 90_000,
    "UPLOAD_EXPIRY_SECONDS": 86_400,
    "SCRUB_PERIOD_SECONDS": 14 * 86_400,
    "SCRUB_BYTES_PER_SECOND": 20_000_000,
    "ORPHAN_GRACE_SECONDS": 86_400,
    "TRASH_RETENTION_SECONDS": 30 * 86_400,
    "VERSIONS_KEPT": 50,
    "HASH_BYTES_PER_SECOND": 50_000_000,
    "REGISTRATION": "open",
    "EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend",
    "DEFAULT_FROM_EMAIL": "dfsweb@localhost",
}
SMTP = "django.core.mail.backends.smtp.EmailBackend"


def found(settings, **changed):
    for name, value in {**SANE, **changed}.items():
        setattr(settings, name, value)
    return [message.id for message in (*checks.check_settings(), *checks.check_secrets())]


def test_sane_settings_pass(settings):
    assert found(settings) == []


@pytest.mark.parametrize(
    ("changed", "check_id"),
    [
        ({"SECRET_KEY": "insecure-until-set: see the system check dfsweb.E001"}, "dfsweb.E001"),
        ({"CLUSTER_SECRET": ""}, "dfsweb.E002"),
        ({"CLUSTER_SECRET": "ab" * 31}, "dfsweb.E002"),
        ({"CLUSTER_SECRET": "xy" * 32}, "dfsweb.E002"),
        ({"WRITE_QUORUM": 0}, "dfsweb.E003"),
        ({"WRITE_QUORUM": 4}, "dfsweb.E004"),
        ({"CHUNK_SIZE": 8 * 2**20 + 1}, "dfsweb.E005"),
        ({"CHUNK_SIZE": 0}, "dfsweb.E005"),
        ({"GRACE_SECONDS": 86_400}, "dfsweb.E006"),
        ({"REGISTRATION": "maybe"}, "dfsweb.E007"),
        ({"SCRUB_PERIOD_SECONDS": 0}, "dfsweb.E010"),
        ({"ORPHAN_GRACE_SECONDS": 60}, "dfsweb.E011"),
        ({"SCRUB_BYTES_PER_SECOND": 0}, "dfsweb.E010"),
        ({"NEARFULL_SHARE": 1.5}, "dfsweb.E008"),
        ({"QUARANTINE_SECONDS": -1}, "dfsweb.E013"),
        ({"TRASH_RETENTION_SECONDS": -1}, "dfsweb.E017"),
        ({"HASH_BYTES_PER_SECOND": -1}, "dfsweb.E014"),
        ({"EMAIL_BACKEND": SMTP, "EMAIL_HOST": None}, "dfsweb.E015"),
        ({"DEFAULT_FROM_EMAIL": ""}, "dfsweb.E016"),
        ({"DEFAULT_FROM_EMAIL": "Drive"}, "dfsweb.E016"),
        ({"DEFAULT_FROM_EMAIL": "drive@example.org\nBcc: eve@example.org"}, "dfsweb.E016"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_named_with_a_way_out(settings, changed, check_id):
    assert found(settings, **changed) == [check_id]
    assert all(message.hint for message in (*checks.check_settings(), *checks.check_secrets()))


@pytest.mark.parametrize("sender", ["drive@example.org", "Drive <drive@example.org>", "Drive <d@intranet>"])
def test_letters_may_be_from_an_address_with_and_without_a_name(settings, sender):
    assert found(settings, DEFAULT_FROM_EMAIL=sender) == []


def test_secrets_may_be_missing_while_debugging(settings):
    assert found(settings, DEBUG=True, SECRET_KEY="insecure-x", CLUSTER_SECRET="") == []


def test_the_checks_are_registered_and_secrets_are_asked_for_at_deployment_alone(settings):
    found(settings, CLUSTER_SECRET="", WRITE_QUORUM=4)

    always = {message.id for message in run_checks()}
    deployment = {message.id for message in run_checks(include_deployment_checks=True)}

    assert {"dfsweb.E004"} <= always
    assert "dfsweb.E002" in deployment - always
