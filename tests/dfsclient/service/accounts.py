"""Signing in and out, and who one is."""

import json

from tests.dfsclient.service.state import MOMENT, Problem
from tests.dfsclient.service.wire import Wire


class Accounts(Wire):
    def sign_in(self) -> None:
        asked = json.loads(self.read_body())
        if (asked["username"], asked["password"]) != ("ada", "correct horse"):
            raise Problem(401, "sign_in_refused", "Username and password do not fit.")
        number = next(self.service.ids)
        self.service.tokens[f"dfs_{number}"] = f"token-{number}"
        self.reply_json(
            201,
            {
                "id": f"token-{number}",
                "token": f"dfs_{number}",
                "name": asked["name"],
                "scopes": asked["scopes"],
                "expires_at": MOMENT,
            },
        )

    def revoke(self, token_id: str) -> None:
        kept = {token: ident for token, ident in self.service.tokens.items() if ident != token_id}
        if len(kept) == len(self.service.tokens):
            raise Problem(404, "not_found")
        self.service.tokens = kept
        self.reply(204)

    def me(self) -> None:
        self.reply_json(
            200,
            {
                "id": 1,
                "username": "ada",
                "email": "",
                "quota_bytes": None,
                "used_bytes": 0,
                "reserved_bytes": 0,
                "root_id": "root",
            },
        )


ROUTES = (
    ("POST", "/auth/tokens", "sign_in"),
    ("DELETE", "/auth/tokens/([^/]+)", "revoke"),
    ("GET", "/me", "me"),
)
