"""Sends letters by e-mail, by the way that EMAIL_URL names. Nobody waits for a letter.

A thread of this process sends: how long it takes tells nobody whether there was an account to write to. A
letter that fails is logged and lost; who misses it asks again.
"""

import logging
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

from django.core.mail import EmailMessage
from django.template.loader import render_to_string

logger = logging.getLogger(__name__)
_sender = ThreadPoolExecutor(1, thread_name_prefix="letters")


def send(to: str, name: str, context: dict[str, object]) -> None:
    """Write the letter `name` to an address and send it in the background.

    Its template's first line is the subject.
    """
    subject, _, text = render_to_string(f"letters/{name}.txt", context).partition("\n")
    letter = EmailMessage(subject.strip(), text.strip() + "\n", to=[to])
    _sender.submit(copy_context().run, _send, letter, name)  # the log then tells the id of the request


def flush(timeout_seconds: float = 30) -> None:
    """Wait until the letters given so far were sent, or failed."""
    _sender.submit(lambda: None).result(timeout_seconds)


def _send(letter: EmailMessage, name: str) -> None:
    try:
        letter.send()
    except Exception:  # whatever a mail server does: it is written down, and nobody waits for it
        logger.exception("the letter “%s” was not sent", name)
