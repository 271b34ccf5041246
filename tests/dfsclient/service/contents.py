"""The bytes of files, whole and in pieces, and what is known of their copies."""

import base64
import hashlib
import json
import re

from blake3 import blake3

from tests.dfsclient.service.state import MOMENT, Problem
from tests.dfsclient.service.wire import Wire


class Contents(Wire):
    def read_content(self, entry_id: str) -> None:
        node = self.service.living(entry_id)
        etag = f'"{self.service.etag(node)}"'
        headers = {"ETag": etag, "Accept-Ranges": "bytes", "Content-Type": "application/octet-stream"}
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        status, data = 200, node.data
        if wanted and self.headers.get("If-Range", etag) == etag:
            start = int(wanted[1])
            if start >= len(node.data):
                raise Problem(416, "range_not_satisfiable")
            status, data = 206, node.data[start:]
            headers["Content-Range"] = f"bytes {start}-{len(node.data) - 1}/{len(node.data)}"
        elif node.knows_sha256 and self.service.send_digest:
            digest = base64.b64encode(hashlib.sha256(node.data).digest()).decode()
            headers["Repr-Digest"] = f"sha-256=:{digest}:"
        self.reply(status, data, headers)

    def put_content(self, path: str) -> None:
        expected = self.headers.get("Repr-Digest")
        key = self.headers.get("Idempotency-Key", "")
        data = self.read_body()
        if expected and expected != f"sha-256=:{base64.b64encode(hashlib.sha256(data).digest()).decode()}:":
            raise Problem(422, "digest_mismatch", "The bytes are not those of the digest.")
        with self.service.lock:
            if key in self.service.replies_by_key:
                node = self.service.nodes[self.service.replies_by_key[key]]
            else:
                if self.headers.get("If-None-Match") == "*" and "/" + path in self.service.paths():
                    raise Problem(412, "precondition_failed", "It exists already.")
                if self.query.get("parents") != "true":
                    self.service.find(path.rpartition("/")[0])
                node = self.service.file(path, data)
                self.service.replies_by_key[key] = node.id
        self.reply_json(201 if node.version == 1 else 200, self.service.shown(node))

    def show_manifest(self, entry_id: str) -> None:
        data = self.service.living(entry_id).data
        size = self.service.chunk_bytes
        start = int(self.query.get("offset", 0))
        stop = min(start + int(self.query.get("length", len(data))), len(data))
        begins = range(-(-start // size) * size, stop, size)
        pieces = [(offset, data[offset : offset + size]) for offset in begins]
        chunks = [
            {"offset": offset, "length": len(piece), "blake3": blake3(piece).hexdigest(), "replicas": []}
            for offset, piece in pieces
        ]
        self.reply_json(200, {"size": len(data), "chunks": chunks})

    def verify(self, entry_id: str) -> None:
        """Two chunks a part, each with its copies; the last part is told by its offset."""
        node = self.service.nodes[entry_id]
        asked = json.loads(self.read_body())
        kept = self.service.kept_copies.get(self.service.path_of(node), 3)
        replica = {"node": "node-a", "zone": "a", "state": "stored", "verified_at": MOMENT}
        replicas = [replica] * kept + [{**replica, "state": "corrupt"}] * (3 - kept)
        stop = asked["offset"] + asked["length"]
        chunks = [
            {"offset": 0, "length": 1, "blake3": f"{asked['offset']}-{number}", "replicas": replicas}
            for number in range(2)
        ]
        self.reply_json(
            200,
            {
                "size": len(node.data),
                "chunks": chunks,
                "good_copies": 2 * kept - self.service.silent_copies,
                "next_offset": stop if stop < len(node.data) else None,
            },
        )


ROUTES = (
    ("GET|HEAD", "/entries/([^/]+)/content", "read_content"),
    ("PUT", "/content/(.+)", "put_content"),
    ("GET", "/entries/([^/]+)/manifest", "show_manifest"),
    ("POST", "/entries/([^/]+)/verify", "verify"),
)
