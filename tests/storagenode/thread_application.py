"""Tells which thread answers, and in the log when its process rests, for the tests of the worker."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

from storagenode.worker import AT_REST

AT_REST.append(lambda: sys.stderr.write("at rest\n"))


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    told = str(threading.get_ident()).encode()
    start_response("200 OK", [("Content-Length", str(len(told)))])
    return [told]
