"""S21, S22: no secret reaches a log, no name breaks its line; a worker knows no messages but ours."""

import io
import json
import logging
import pickle
import re
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client, RequestFactory
from django.urls import resolve
from kombu.exceptions import ContentDisallowed
from kombu.serialization import loads

from accounts.models import User
from dfsweb import api_errors
from dfsweb.celery import app
from dfsweb.request_ids import RequestIdFilter
from files import links, sharing
from files.sharing import LinkTerms
from nodes.errors import QuorumNotReached
from tests import leaks
from tests.files.conftest import make_folder, write_file

CANARY = "canary-9f31c7"
BROKEN_LINES = "a\nFAKE 2026-01-01 ERROR\x1b[31m\r\u2028b"


@pytest.fixture
def written():
    """What the log of this process says, as it is written."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(RequestIdFilter())
    handler.setFormatter(logging.Formatter(settings.LOGGING["formatters"]["line"]["format"]))
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.django_db(transaction=True)
def test_s21_no_secret_is_logged_by_any_door_and_each_line_is_one(owner, api, written, settings):
    settings.JOIN_TOKEN = settings.METRICS_TOKEN = CANARY + "-own"
    browser, secrets = Client(), [CANARY]
    folder, file = make_folder(owner, "/in"), write_file(owner, "/in/file")
    link = sharing.make_link(owner, folder.id, role="download", terms=LinkTerms(password=CANARY))
    secrets.append(links.token_of(link.id))

    def post(client, address, body):
        return client.post(address, json.dumps(body), content_type="application/json")

    post(api, "/api/v1/auth/register", {"username": CANARY[:6], "password": CANARY + " long enough"})
    made = post(api, "/api/v1/auth/tokens", {"username": "canary", "password": CANARY + " long enough"})
    secrets.append(made.json()["token"])
    for token in (made.json()["token"], CANARY, CANARY * 30):
        for address in ("/api/v1/me", f"/api/v1/entries/{uuid4()}", "/api/v1/content/x", "/api/v1/nodes"):
            browser.get(address, headers={"Authorization": f"Token {token}"})
            browser.get(address, headers={"Authorization": f"Basic {token}"})
    post(api, "/api/v1/auth/password", {"current_password": CANARY, "new_password": CANARY})
    post(api, f"/api/v1/entries/{file.id}/shares", {"role": "view", "password": CANARY, "max_downloads": 0})
    post(browser, "/api/v1/nodes/announce", {"store_id": CANARY, "url": BROKEN_LINES, "name": BROKEN_LINES})
    browser.post("/sign-in", {"username": "owner", "password": CANARY})
    browser.post(f"/s/{links.token_of(link.id)}", {"password": CANARY + "x"})
    browser.get(f"/s/{links.token_of(link.id)}")
    browser.get("/metrics", headers={"Authorization": f"Bearer {CANARY}"})
    browser.cookies["sessionid"] = CANARY
    browser.get("/")
    for name in (BROKEN_LINES, "%0aFAKE%1b"):
        browser.get("/api/v1/nothing", {"q": name}, headers={"X-Request-Id": name.replace("\n", "_")})
        post(api, "/api/v1/entries", {"kind": "folder", "name": name})
        browser.get(f"/api/v1/{name}")
        logging.getLogger("dfsweb").warning("%s was refused", name.encode("unicode_escape").decode())

    for error in (RuntimeError("broken"), QuorumNotReached()):
        for opening in (
            f"/s/{links.token_of(link.id)}",
            f"/password-reset/MQ/{CANARY}",
            f"/confirm-email/{CANARY}",
        ):
            request = RequestFactory().get(opening)
            request.resolver_match = resolve(opening)
            api_errors.problem_response(error, request)

    text = written.getvalue()
    assert "/s/[hidden]" in text and User.objects.filter(username="canary").exists()
    for secret in secrets:
        assert secret not in text, secret
    line = re.compile(r"\d{4}-\d\d-\d\d [\d:,]+ [A-Z]+ [\w.]+ \[[\w.-]*\] ")
    lines = [one for one in text.split("\n") if one and not one.startswith(("Traceback", "RuntimeError"))]
    assert [one for one in lines if not line.match(one) and "NoneType: None" not in one] == []
    assert "\x1b" not in text and "\u2028" not in text


@pytest.mark.parametrize(
    "said",
    [
        "Authorization: Token dfs_" + "0a" * 32,
        "GET /s/" + "x" * 32,
        "signed Dfs1 key=",
        "the key is " + CANARY,
        "signed in with hunter2-or-so",
    ],
)
def test_s21_a_secret_in_a_log_of_a_whole_system_is_seen(tmp_path, said):
    quiet = "2026-01-01 INFO GET /s/[hidden] by Token [hidden]\n"
    (tmp_path / "gateway.log.1").write_text(quiet + said + "\n")
    (tmp_path / "worker.log").write_text(quiet)

    found = leaks.found_in(tmp_path, {"SECRET_KEY": CANARY, "JOIN_TOKEN": ""}, ["hunter2-or-so"])

    assert found == [f"gateway.log.1: {said}"]


class Boom:
    def __reduce__(self):
        return (pytest.fail, ("a message was unpickled",))


def test_s22_a_worker_takes_json_of_known_tasks_alone():
    assert app.conf.accept_content == ["json"] and app.conf.task_serializer == "json"
    for kind, body in (
        ("application/x-python-serialize", pickle.dumps(Boom())),
        ("application/x-yaml", b"!!python/object/apply:os.system ['true']"),
        ("application/x-msgpack", b"\x80"),
    ):
        with pytest.raises(ContentDisallowed):
            loads(body, kind, "binary", accept=app.conf.accept_content)
    app.loader.import_default_modules()
    ours = {name for name in app.tasks if not name.startswith("celery.")}
    assert ours and all(re.match(r"(accounts|files|nodes)\.tasks\.\w+\Z", name) for name in ours)
    assert all(entry["task"] in ours for entry in app.conf.beat_schedule.values())
