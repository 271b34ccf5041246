"""One JSON line an event on standard error, with the id of the request that is served.

No line ever holds a header, a key or a token.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Any

from storagenode.protocol import request_ids

_logger = logging.getLogger("storagenode")


class JsonLines(logging.Formatter):
    """Formats a record, its fields and its traceback as a single line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "request_id": request_ids.current.get(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def configure() -> None:
    """Send every logger of the process through one handler."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)


def info(event: str, **fields: Any) -> None:
    """Log what happened."""
    _logger.info(event, extra={"fields": fields})


def warning(event: str, **fields: Any) -> None:
    """Log what somebody may want to look at."""
    _logger.warning(event, extra={"fields": fields})


def error(event: str, **fields: Any) -> None:
    """Log what somebody has to act on."""
    _logger.error(event, extra={"fields": fields})


def failure(event: str, *, is_ours: bool, traceback: bool, **fields: Any) -> None:
    """Log a request that failed: an error when it is the node's fault, else a warning."""
    level = logging.ERROR if is_ours else logging.WARNING
    _logger.log(level, event, exc_info=traceback, extra={"fields": fields})
