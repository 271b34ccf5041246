"""The API does what its description says: schemathesis, with all its checks and stories, finds nothing.

A sample with every change leaves out the phase that goes to each limit of each value; nightly has it.
`tests/cluster/test_contract.py` asks the same of a whole system over a socket.
"""

from dataclasses import replace

import pytest

from accounts import tokens
from accounts.models import Token
from dfsweb.wsgi import application
from files import resumable, sharing
from files.models import Entry, Share, Upload
from files.sharing import LinkTerms
from files.tus import Wanted
from tests import nightly
from tests.files.conftest import person, write_file
from tests.fuzz import contract, description, refusals
from tests.fuzz.contract import Scope, Visitor

SAMPLE = Scope(examples=2, phases=("examples", "fuzzing", "stateful"), seed=7)
WHOLE = Scope(
    examples=nightly.count(2, 500), phases=("examples", "coverage", "fuzzing", "stateful"), seed=nightly.SEED
)
SCOPE = WHOLE if nightly.IS_NIGHTLY else SAMPLE
pytestmark = pytest.mark.filterwarnings(
    "ignore::hypothesis.errors.HypothesisWarning"
)  # of its own generators


def visitor(user, *scopes):
    token, text = tokens.create(user, scopes=["read", "write", *scopes])
    return Visitor(text, str(token.id), is_staff=user.is_staff)


@pytest.fixture
def unlimited(settings):
    settings.REGISTRATIONS_PER_HOUR = settings.SIGN_IN_ATTEMPTS = 10**6


def test_the_api_does_what_its_description_says(cluster, unlimited):
    admin = person("admin")
    admin.is_staff = admin.is_superuser = True
    admin.save()

    found = contract.run(application, visitor(admin, "admin"), SCOPE)

    assert not found.failures and not found.errors, str(found)
    assert not found.undescribed and not found.unexplained
    assert set(SCOPE.phases) <= {phase.lower() for phase in found.phases}
    assert {status for _, status in found.answers} >= {200, 201, 204, 401, 404, 409, 422}


def test_a_person_who_is_no_administrator_is_refused_what_is_for_them_and_nothing_else(cluster, unlimited):
    stories = replace(SCOPE, phases=("examples", "stateful"))

    found = contract.run(application, visitor(person("somebody")), stories)

    assert not found.failures and not found.errors, str(found)
    assert not found.undescribed and not found.unexplained
    assert {"examples", "stateful"} <= {phase.lower() for phase in found.phases}
    got = {label: {status for one, status in found.answers if one == label} for label, _ in found.answers}
    for label, statuses in got.items():
        if refusals.named(label) in refusals.FOR_STAFF:
            assert not {status for status in statuses if status < 400}, label


def test_each_reason_to_refuse_is_of_operations_that_there_are():
    there = {
        refusals.named(f"{method.upper()} {path}")
        for path, item in description.document()["paths"].items()
        for method in item
    }
    named = {one for _, operations in refusals.BY_NAME.values() for one in operations.split(", ")}

    assert named | refusals.FOR_STAFF <= there


def test_each_reason_to_refuse_is_described():
    for path, item in description.document()["paths"].items():
        for label in (f"{method.upper()} {path}" for method in item):
            reasons = refusals.codes(label) - refusals.WITHOUT_A_TOKEN
            assert reasons <= description.codes(label), label


def test_s24_nothing_that_is_asked_of_another_persons_ids_is_answered_or_done(cluster):
    owner, other = person("owner"), person("other")
    file = write_file(owner, "/private/a.txt")
    share = sharing.make_link(owner, file.id, role="view", terms=LinkTerms())
    upload = resumable.create(owner, Wanted(filename="b"), length=9).upload
    ids = {"entry_id": file.id, "share_id": share.id, "upload_id": upload.id}
    ids["token_id"] = tokens.create(owner)[0].id
    before = state_of(owner)

    found = contract.run(
        application,
        visitor(other),
        replace(SCOPE, phases=("examples", "fuzzing")),
        ids={name: str(value) for name, value in ids.items()},
    )

    assert len({asked for asked, _ in found.answers}) > 15 and not found.errors
    answered = {asked for asked, status in found.answers if not 400 <= status < 500}
    assert answered <= {"OPTIONS /api/v1/uploads/{upload_id}"}  # what tus can do, told to everybody
    assert state_of(owner) == before


def state_of(owner):
    """Everything of an owner's that an id in a path could reach."""
    rows = (Entry.objects.filter(owner=owner), Share.objects.filter(created_by=owner))
    own = (Upload.objects.filter(owner=owner), Token.objects.filter(user=owner))
    return [list(some.order_by("pk").values()) for some in (*rows, *own)]
