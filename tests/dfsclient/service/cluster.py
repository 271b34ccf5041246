"""The state of the cluster and of its one node, and what an administrator orders."""

from tests.dfsclient.service.state import MOMENT, Problem
from tests.dfsclient.service.wire import Wire


class Cluster(Wire):
    def show_cluster(self) -> None:
        self.reply_json(200, self.service.cluster)

    def confirm_restore(self) -> None:
        self.reply_json(200, {"was_open": self.service.is_restore_open})
        self.service.is_restore_open = False

    def list_nodes(self) -> None:
        self.reply_json(200, {"results": [self.service.storage_node], "next": None})

    def change_duty(self, node_id: str, verb: str) -> None:
        node = self.service.storage_node
        if node_id != str(node["id"]):
            raise Problem(404, "not_found")
        left = node.get("drain")
        if verb == "retire" and (left is None or left["copies_left"]):
            raise Problem(409, "node_still_needed", "12 pieces are still on node-a.")
        node["duty"] = {"activate": "active", "drain": "draining", "retire": "retired"}[verb]
        node["drain"] = self.service.drain if verb == "drain" else None
        self.reply_json(200, node)

    def order_scrub(self, node_id: str) -> None:
        self.service.scrub |= {"ordered_at": MOMENT, "copies_left": 12, "bytes_left": 48_000_000}
        self.tell_scrub(node_id)

    def tell_scrub(self, node_id: str) -> None:
        if node_id != str(self.service.storage_node["id"]):
            raise Problem(404, "not_found")
        self.reply_json(200, self.service.scrub)

    def rebalance(self) -> None:
        self.reply_json(202, self.service.rebalance)

    def tell_rebalance(self) -> None:
        self.reply_json(200, self.service.rebalance)


ROUTES = (
    ("GET", "/cluster", "show_cluster"),
    ("POST", "/cluster/confirm-restore", "confirm_restore"),
    ("GET", "/nodes", "list_nodes"),
    ("POST", "/nodes/([^/]+)/(activate|drain|retire)", "change_duty"),
    ("POST", "/nodes/([^/]+)/scrub", "order_scrub"),
    ("GET", "/nodes/([^/]+)/scrub", "tell_scrub"),
    ("POST", "/nodes/rebalance", "rebalance"),
    ("GET", "/nodes/rebalance", "tell_rebalance"),
)
