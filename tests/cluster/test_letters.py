"""Letters go by SMTP from a real gateway to a real mail server; nobody waits for one that does not answer."""

import itertools
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from tests.cluster.second_gateway import second_gateway
from tests.fault_proxy import FaultProxy
from tests.mail_server import Delivery, MailServer, mail_server, make_certificate
from tests.system import System

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="OpenSSL's command is not installed"),
]

FROM = "The Drive <drive@example.org>"
USER, SECRET = "drive@example.org", "p@ss/w:rd #1%"
PASSWORD, NEW = "a long pass phrase", "another staple, please"
LONGEST_ANSWER_SECONDS = 8
"""Below the time for which a mail server that says nothing is waited for."""
HOMES = (f"192.0.2.{number}" for number in itertools.count(1))
"""Where each story's people are: from one address only so many letters are asked for."""


@dataclass
class Post:
    """A gateway that wants addresses confirmed, the mail server it was told of, and the way between them."""

    url: str
    server: MailServer
    way: FaultProxy
    log: Path
    system: System
    home: str

    def ask(self, path: str, **body: str) -> requests.Response:
        began = time.monotonic()
        headers = {"X-Forwarded-For": self.home}
        reply = requests.post(f"{self.url}/api/v1/auth{path}", json=body, headers=headers, timeout=60)
        assert time.monotonic() - began < LONGEST_ANSWER_SECONDS
        return reply

    def register(self, name: str) -> requests.Response:
        return self.ask("/register", username=name, email=f"{name}@example.org", password=PASSWORD)

    def sign_in(self, name: str, password: str = PASSWORD) -> requests.Response:
        return self.ask("/tokens", username=name, password=password)

    def letter(self, name: str, number: int = 1) -> Delivery:
        """Wait for the letter of this number that comes for a person."""
        came = self.system.wait_for(
            lambda: self.server.to(f"{name}@example.org")[number - 1 :], what=f"a letter to {name}"
        )
        return came[0]


@pytest.fixture
def post(system: System, tmp_path: Path) -> Iterator[Post]:
    certificate, log = make_certificate(tmp_path), system.data / "log/second-gateway.log"
    with (
        mail_server(certificate, user=USER, password=SECRET) as server,
        FaultProxy(server.port) as way,
    ):
        env = {
            "EMAIL_URL": f"smtp+tls://{quote(USER)}:{quote(SECRET, safe='')}@127.0.0.1:{way.port}",
            "EMAIL_FROM": FROM,
            "CONFIRM_EMAIL": "1",
            "SSL_CERT_FILE": str(certificate),
            "TRUSTED_PROXIES": "127.0.0.1/32",
        }
        with second_gateway(system, env) as url:
            yield Post(url, server, way, log, system, next(HOMES))
    assert SECRET not in (said := log.read_text())
    assert quote(SECRET, safe="") not in said


def press(browser: requests.Session, url: str, **fields: str) -> requests.Response:
    """Follow a link and send the form that it shows."""
    page = browser.get(url, timeout=60)
    assert page.status_code == 200
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert token is not None, page.text
    sent = {"csrfmiddlewaretoken": token[1], **fields}
    reply = browser.post(page.url, data=sent, headers={"Referer": page.url}, timeout=60)
    assert reply.status_code == 200, reply.text
    return reply


def test_letters_come_by_smtp_with_starttls_and_a_password_and_their_links_work(post: Post) -> None:
    assert post.register("anna").status_code == 201
    confirmation = post.letter("anna")
    assert (confirmation.is_encrypted, confirmation.user) == (True, USER)
    assert (confirmation.sender, confirmation.recipients) == (USER, ["anna@example.org"])
    assert (confirmation.letter["From"], confirmation.letter["To"]) == (FROM, "anna@example.org")
    assert confirmation.letter["Subject"] == "Confirm your e-mail address"
    assert confirmation.link.startswith(f"{post.url}/")
    assert post.sign_in("anna").status_code == 403
    with requests.Session() as browser:
        assert "confirmed" in press(browser, confirmation.link).text
    assert post.sign_in("anna").status_code == 201

    assert post.ask("/password-reset", email="anna@example.org").status_code == 202
    reset = post.letter("anna", 2)
    assert (reset.letter["From"], reset.letter["To"]) == (FROM, "anna@example.org")
    assert reset.letter["Subject"] == "Another password for anna"
    assert reset.link.startswith(f"{post.url}/")
    with requests.Session() as browser:
        press(browser, reset.link, new_password1=NEW, new_password2=NEW)
    assert post.sign_in("anna", NEW).status_code == 201
    assert post.sign_in("anna").status_code == 401
    assert "was not sent" not in post.log.read_text()


@pytest.mark.parametrize("trouble", ["refuses", "says nothing", "breaks off"])
def test_a_mail_server_in_trouble_holds_nobody_up_and_the_next_letter_gets_through(
    post: Post, trouble: str
) -> None:
    """The account is whole: another password, asked for when letters go again, confirms its address, too."""
    name = f"berta-{trouble.replace(' ', '-')}"
    post.way.refuse = trouble == "refuses"
    post.way.black_hole = trouble == "says nothing"
    post.way.to_client.cut_after_bytes = 60 if trouble == "breaks off" else None
    failures = post.log.read_text().count("was not sent")

    assert post.register(name).status_code == 201
    assert post.sign_in(name).status_code == 403
    assert post.ask("/password-reset", email=f"{name}@example.org").status_code == 202
    post.system.wait_for(
        lambda: post.log.read_text().count("was not sent") == failures + 2, what="two letters to fail"
    )
    assert not post.server.to(f"{name}@example.org")
    post.way.heal()

    assert post.ask("/password-reset", email=f"{name}@example.org").status_code == 202
    with requests.Session() as browser:
        press(browser, post.letter(name).link, new_password1=NEW, new_password2=NEW)
    assert post.sign_in(name, NEW).status_code == 201


def test_a_password_that_the_mail_server_refuses_is_told_of_and_not_told(post: Post) -> None:
    post.server.password = "another"
    failures = post.log.read_text().count("was not sent")

    assert post.register("carla").status_code == 201
    post.system.wait_for(
        lambda: post.log.read_text().count("was not sent") > failures, what="the letter to fail"
    )

    assert post.server.refused_passwords
    assert not post.server.delivered
