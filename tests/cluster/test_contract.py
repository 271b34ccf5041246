"""The whole system does over a socket what the description of its API says.

`tests/fuzz/test_contract.py` asks the same in one process, and more of it; here are the server, its gateway
processes, the worker and real storage nodes in between.
"""

import pytest
import requests

from tests import nightly
from tests.cluster.client import Client
from tests.fuzz import contract
from tests.fuzz.contract import Scope, Visitor
from tests.system import System

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning"),  # of its own generators
]

SAMPLE = Scope(examples=1, phases=("examples", "fuzzing", "stateful"), seed=7)
WHOLE = Scope(
    examples=nightly.count(1, 100), phases=("examples", "coverage", "fuzzing", "stateful"), seed=nightly.SEED
)
SCOPE = WHOLE if nightly.IS_NIGHTLY else SAMPLE


def test_the_system_does_over_a_socket_what_its_description_says(system: System, client: Client) -> None:
    """As a person without rights: the other stories' nodes are left alone."""
    person = {"username": "fuzz", "password": "a long pass phrase"}
    assert requests.post(f"{client.base}/auth/register", json=person, timeout=60).status_code == 201
    made = requests.post(f"{client.base}/auth/tokens", json=person | {"name": "fuzz"}, timeout=60).json()

    found = contract.run_over_a_socket(system.url, Visitor(made["token"], made["id"]), SCOPE)

    assert not found.failures and not found.errors, str(found)
    assert not found.undescribed and not found.unexplained
    assert set(SCOPE.phases) <= {phase.lower() for phase in found.phases}
    assert {status for _, status in found.answers} >= {200, 201, 204, 401, 403, 404, 409, 422}
