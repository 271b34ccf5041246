"""What is shared with people and by links."""

import json

from tests.dfsclient.service.state import MOMENT, Problem
from tests.dfsclient.service.wire import Wire


class Shares(Wire):
    def list_shares(self, entry_id: str) -> None:
        given = [one for one in self.service.shares.values() if one["entry"]["id"] == entry_id]
        self.reply_json(200, {"results": given, "next": None})

    def share(self, entry_id: str) -> None:
        asked = json.loads(self.read_body())
        node, number = self.service.living(entry_id), f"share-{next(self.service.ids)}"
        if asked.get("user") == "nobody":
            raise Problem(422, "invalid", "Nobody here has this user name.")
        link = None
        if "user" not in asked and "group" not in asked:
            link = {
                "url": f"{self.service.url}/s/{number}",
                "has_password": "password" in asked,
                "expires_at": asked.get("expires_at"),
                "max_downloads": asked.get("max_downloads"),
                "downloads": 0,
            }
        self.service.shares[number] = {
            "id": number,
            "entry": {"id": entry_id, "path": self.service.path_of(node)},
            "role": asked["role"],
            "user": asked.get("user"),
            "group": asked.get("group"),
            "link": link,
            "created_at": MOMENT,
        }
        self.service.passwords.append(asked.get("password"))
        self.reply_json(201, self.service.shares[number])

    def revoke_share(self, share_id: str) -> None:
        if self.service.shares.pop(share_id, None) is None:
            raise Problem(404, "not_found", "You have no such share.")
        self.reply(204)


ROUTES = (
    ("GET", "/entries/([^/]+)/shares", "list_shares"),
    ("POST", "/entries/([^/]+)/shares", "share"),
    ("DELETE", "/shares/([^/]+)", "revoke_share"),
)
