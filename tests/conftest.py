"""What every test needs before Django reads its settings: a PostgreSQL and a Redis; static files uncollected.

This file is imported before any other conftest, by each process of a run.
"""

import atexit
import os
import signal
from collections.abc import Generator, Iterator

import django
import hypothesis
import pytest
from django.conf import settings
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests import described, embedded
from tests.system import System

# A shell's background job ignores both, and so would the processes that stories send them to.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)
# How long an example takes says how busy the machine is, and nothing of what is tested.
hypothesis.settings.register_profile(
    "any speed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any speed")
given = dict(os.environ)
started = embedded.start()  # starts nothing when DATABASE_URL and REDIS_URL are set
atexit.register(started.stop)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dfsweb.settings")
static = started.folder / "static"
static.mkdir()
os.environ.setdefault("STATIC_ROOT", str(static))
django.setup()
# One process plays the gateway, workers and an admin at once, each with the connections it would have alone.
settings.DATABASES["default"]["OPTIONS"]["pool"]["max_size"] = 8
# Many stories run within one transaction, and wait there for others.
settings.DATABASES["default"]["OPTIONS"]["options"] += " -c idle_in_transaction_session_timeout=0"
settings.MIDDLEWARE.insert(0, "tests.described.DescribedMiddleware")
settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}


def pytest_configure(config: pytest.Config) -> None:
    """Have each of the processes that share the tests start servers of its own, as this one did.

    On one PostgreSQL a transaction of one would hold up what another waits for.
    """
    if config.getoption("numprocesses", None) and "PYTEST_XDIST_WORKER" not in os.environ:
        for name in ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "STATIC_ROOT"):
            if name not in given:
                del os.environ[name]


class ByFolder(LoadScopeScheduling):
    """Keeps the stories of one folder, which share a system, in one process."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0].rpartition("/")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFolder | None:
    """What xdist itself calls a scope is a file."""
    return ByFolder(config, log) if config.getoption("dist") == "loadscope" else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Function) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show with a story that failed what the systems it ran in had to say."""
    report = yield
    if report.failed:
        systems = [given for given in item.funcargs.values() if isinstance(given, System)]
        report.sections += [("what the system wrote", system.logs()) for system in systems]
    return report


@pytest.fixture(autouse=True)
def answers_are_as_described() -> Iterator[None]:
    """Fail a story in which the API answered what its description does not tell."""
    described.wrong.clear()
    yield
    assert not described.wrong, "\n".join(described.wrong)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """End what connections threads of stories have kept: the database could not be dropped."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
