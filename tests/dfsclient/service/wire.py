"""How the service in memory reads requests and answers them, and does wrong what a fault says."""

import json
import re
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.dfsclient.faults import Fault
from tests.dfsclient.service.state import Problem, State

BASE = "/api/v1"
BLOCK = 64 * 1024


class Cut(Exception):
    """The connection ends here."""


class Wire(BaseHTTPRequestHandler):
    """One connection; what a request asks for is found in the routes."""

    service: State
    routes: tuple[tuple[str, str, str], ...]
    protocol_version = "HTTP/1.1"
    fault: Fault | None

    def log_message(self, *_: object) -> None:
        pass

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (Cut, ConnectionError):
            self.close_connection = True

    def serve(self) -> None:
        parts = urlsplit(self.path)
        self.route = parts.path.removeprefix(BASE)
        self.query = dict(parse_qsl(parts.query))
        headers = {key.lower(): value for key, value in self.headers.items()}
        self.service.seen.append((self.command, self.route, headers))
        self.fault = self.service.faults.take(self.command, self.route)
        if self.fault and self.fault.meets:
            self.fault.meets.wait(60)
        try:
            if self.fault and self.fault.status:
                self.read_body()
                raise Problem(self.fault.status, self.fault.code, "Too few storage nodes answer.")
            if not parts.path.startswith(BASE):
                raise Problem(404, "not_found")
            self.answer_once()
        except Problem as problem:
            self.reply_problem(problem)

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = serve

    def answer_once(self) -> None:
        """A POST under a key that was answered gets that answer again."""
        key = self.headers.get("Idempotency-Key", "")
        answered = self.service.answers_by_key.get(key) if self.command == "POST" else None
        if answered is None:
            self.dispatch()
            return
        self.read_body()
        self.reply_json(*answered)

    def dispatch(self) -> None:
        if (self.command, self.route) != ("POST", "/auth/tokens"):
            given = self.headers.get("Authorization", "").removeprefix("Bearer ")
            if given not in self.service.tokens:
                raise Problem(401, "not_signed_in", "You are not signed in.")
        for method, pattern, name in self.routes:
            found = re.fullmatch(pattern, self.route)
            if found and self.command in method.split("|"):
                getattr(self, name)(*(unquote(group) for group in found.groups()))
                return
        raise Problem(404, "not_found")

    def read_body(self, into: bytearray | None = None) -> bytes:
        """Read the request's body; what came before a cut stays in `into`, as the service keeps it."""
        body = bytearray() if into is None else into
        before = len(body)
        for block in self.body_blocks():
            body += block
            fault = self.fault
            if fault and fault.cut_after is not None and len(body) - before >= fault.cut_after:
                del body[before + fault.cut_after :]
                self.cut(fault)
        return bytes(body[before:]) if into is None else b""

    def body_blocks(self) -> Any:
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline().strip() or b"0", 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return
        left = int(self.headers.get("Content-Length", 0))
        while left:
            block = self.rfile.read1(min(BLOCK, left))
            if not block:
                raise Cut
            left -= len(block)
            yield block

    def cut(self, fault: Fault) -> None:
        if fault.hold:
            fault.held.set()
            self.connection.settimeout(60)
            while self.connection.recv(BLOCK):
                pass
        raise Cut

    def reply(self, status: int, data: bytes = b"", headers: dict[str, str] | None = None) -> None:
        if self.fault and self.fault.drop_reply:
            raise Cut
        self.send_response(status)
        for key, value in {"X-Request-Id": "req-1", **(headers or {})}.items():
            self.send_header(key, value)
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command == "HEAD":
            return
        fault = self.fault
        if self.command == "GET" and fault and fault.cut_after is not None and fault.cut_after < len(data):
            self.wfile.write(data[: fault.cut_after])
            self.wfile.flush()
            self.cut(fault)
        if fault and fault.damage:
            data = data[:-1] + bytes([data[-1] ^ 1])
        self.wfile.write(data)

    def reply_json(self, status: int, value: object) -> None:
        if self.command == "POST" and (key := self.headers.get("Idempotency-Key")):
            self.service.answers_by_key[key] = (status, value)
        self.reply(status, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def reply_problem(self, problem: Problem) -> None:
        body = {
            "title": "Problem",
            "status": problem.status,
            "detail": problem.detail,
            "code": problem.code,
            "request_id": "req-1",
        }
        headers = self.fault.headers if self.fault and self.fault.status else {}
        data = json.dumps(body).encode()
        self.reply(problem.status, data, {"Content-Type": "application/problem+json", **headers})
