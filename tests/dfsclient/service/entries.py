"""Files and folders by their names and ids, the trash, and the versions of a file."""

import json

from tests.dfsclient.service.state import MOMENT, Problem
from tests.dfsclient.service.wire import BASE, Wire


class Entries(Wire):
    def list_entries(self) -> None:
        parent = self.query.get("parent", "root")
        nodes = list(self.service.nodes.values())
        if self.query.get("trashed") == "true":
            found = [n for n in nodes if n.trashed]
        else:
            found = [n for n in nodes if n.parent == parent and not n.trashed]
        found.sort(key=lambda node: node.name)
        start = int(self.query.get("cursor", 0))
        limit = min(int(self.query.get("limit", 100)), self.service.page_limit)
        following = None
        if start + limit < len(found):
            # Another origin on purpose, as behind a proxy: the client must not follow it there.
            query = self.path.partition("?")[2].partition("&cursor=")[0]
            following = f"http://elsewhere.invalid{BASE}/entries?{query}&cursor={start + limit}"
        page = [self.service.shown(node) for node in found[start : start + limit]]
        self.reply_json(200, {"results": page, "next": following})

    def make_folder(self) -> None:
        asked = json.loads(self.read_body())
        path, parents = asked["path"], asked.get("parents", False)
        with self.service.lock:
            try:
                found = self.service.find(path)
            except Problem:
                self.reply_json(201, self.service.shown(self.service.folder(path, parents=parents)))
                return
            if not parents or found.kind != "folder":
                raise Problem(409, "name_taken", "Something with this name is already there.")
            self.reply_json(200, self.service.shown(found))

    def entry_by_path(self, path: str) -> None:
        self.reply_json(200, self.service.shown(self.service.find(path)))

    def entry(self, entry_id: str) -> None:
        if entry_id not in self.service.nodes:
            raise Problem(404, "not_found")
        self.reply_json(200, self.service.shown(self.service.nodes[entry_id]))  # in the trash, too

    def change_entry(self, entry_id: str) -> None:
        asked = json.loads(self.read_body())
        node = self.service.living(entry_id)
        there = self.service.child(asked["parent"], asked["name"])
        if there and there is not node:
            raise Problem(409, "name_taken", "Something with this name is already there.")
        node.parent, node.name = asked["parent"], asked["name"]
        self.reply_json(200, self.service.shown(node))

    def copy_entry(self, entry_id: str) -> None:
        asked = json.loads(self.read_body())
        node = self.service.living(entry_id)
        copy = self.service.commit(asked["parent"], asked["name"], node.data, "fail")
        self.reply_json(201, self.service.shown(copy))

    def delete_entry(self, entry_id: str) -> None:
        node = self.service.living(entry_id)
        if self.query.get("permanent") == "true":
            del self.service.nodes[entry_id]
        else:
            node.trashed = True
        self.reply(204)

    def restore_entry(self, entry_id: str) -> None:
        node = self.service.nodes[entry_id]
        node.trashed = False
        self.reply_json(200, self.service.shown(node))

    def list_versions(self, entry_id: str) -> None:
        node = self.service.living(entry_id)
        versions = [
            {
                "number": number,
                "size": len(node.data),
                "created_by": "ada",
                "created_at": MOMENT,
                "is_current": number == node.version,
            }
            for number in range(node.version, 0, -1)
        ]
        self.reply_json(200, {"results": versions, "next": None})

    def restore_version(self, entry_id: str, number: str) -> None:
        node = self.service.living(entry_id)
        if not 0 < int(number) <= node.version:
            raise Problem(404, "not_found", "The file has no such version, or it has it no more.")
        node.version += 1
        self.reply_json(200, self.service.shown(node))


ROUTES = (
    ("GET", "/entries", "list_entries"),
    ("POST", "/entries", "make_folder"),
    ("GET", "/paths/(.+)", "entry_by_path"),
    ("GET", "/entries/([^/]+)", "entry"),
    ("PATCH", "/entries/([^/]+)", "change_entry"),
    ("POST", "/entries/([^/]+)/copy", "copy_entry"),
    ("DELETE", "/entries/([^/]+)", "delete_entry"),
    ("POST", "/entries/([^/]+)/restore", "restore_entry"),
    ("GET", "/entries/([^/]+)/versions", "list_versions"),
    ("POST", "/entries/([^/]+)/versions/([^/]+)/restore", "restore_version"),
)
