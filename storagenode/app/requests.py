"""One HTTP request as the doors see it: the path exactly as it was sent and signed, never decoded."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from storagenode.protocol import request_ids
from storagenode.protocol.body import RequestBody


class Request:
    """Method, path, query and body of a request."""

    __slots__ = ("body", "environ", "method", "name", "path", "payload", "query", "request_id")

    def __init__(self, environ: dict[str, Any]) -> None:
        self.environ = environ
        self.method: str = environ["REQUEST_METHOD"]
        raw: str = environ.get("RAW_URI") or environ["PATH_INFO"] + "?" + environ.get("QUERY_STRING", "")
        self.path, _, self.query = raw.partition("?")
        self.body = RequestBody(environ, may_cut_slow=lambda: True)
        self.request_id = request_ids.accept(environ.get("HTTP_X_REQUEST_ID"))
        self.name = ""
        """The chunk name in the path, when the route has one."""
        self.payload: bytes = b""
        """The body of a small request, read and checked by `access`."""

    @property
    def arguments(self) -> dict[str, str]:
        """The query's arguments; the last one of a name counts."""
        return dict(parse_qsl(self.query, keep_blank_values=True))
