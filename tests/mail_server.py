"""A real mail server on loopback that speaks STARTTLS and asks for a password; it keeps what it is given."""

import email
import email.policy
import re
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from dfsweb.launcher.options import free_port

READY_SECONDS = 60


@dataclass(frozen=True)
class Delivery:
    """One letter, and by which way it came."""

    sender: str
    recipients: list[str]
    letter: EmailMessage
    user: str | None
    is_encrypted: bool

    @property
    def link(self) -> str:
        """The one address in it that leads further than the front page."""
        (found,) = re.findall(r"https?://[^\s/]+/\S+", self.letter.get_content())
        return str(found)


@dataclass
class MailServer:
    """Where it listens, whom it lets in, and what it was given so far."""

    port: int
    user: str
    password: str
    delivered: list[Delivery] = field(default_factory=list)
    refused_passwords: int = 0

    def to(self, address: str) -> list[Delivery]:
        """What came for one address, in order."""
        return [one for one in self.delivered if address in one.recipients]

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any
    ) -> AuthResult:
        right = LoginPassword(self.user.encode(), self.password.encode())
        if given != right:
            self.refused_passwords += 1
            return AuthResult(success=False, handled=False)
        return AuthResult(success=True, auth_data=self.user)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(letter, EmailMessage)
        self.delivered.append(
            Delivery(
                sender=envelope.mail_from or "",
                recipients=list(envelope.rcpt_tos),
                letter=letter,
                user=session.auth_data,
                is_encrypted=session.ssl is not None,
            )
        )
        return "250 OK"


@contextmanager
def mail_server(certificate: Path, *, user: str, password: str) -> Iterator[MailServer]:
    """Run one that takes letters only after STARTTLS and with this password."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    server = MailServer(free_port("127.0.0.1"), user, password)
    controller = Controller(
        server,
        hostname="127.0.0.1",
        port=server.port,
        ready_timeout=READY_SECONDS,
        tls_context=context,
        require_starttls=True,
        auth_required=True,
        authenticator=server.authenticate,
    )
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


def make_certificate(folder: Path) -> Path:
    """Make a certificate for loopback that is its own authority, its key beside it."""
    certificate = folder / "mail.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-noenc", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
            *("-keyout", str(certificate.with_suffix(".key")), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    return certificate
