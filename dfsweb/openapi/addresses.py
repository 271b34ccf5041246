"""Names the API's operations in its description, by method and address, and says what REST framework refuses.

An operation names the codes of its own errors under `x-problems`; `dfsweb.openapi.errors` makes replies of
them.
"""

import re
from collections.abc import Iterator
from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework.negotiation import DefaultContentNegotiation

from accounts.permissions import ScopedAccess, permission_for

_BASE = "/api/v1/"


class AddressSchema(AutoSchema):
    def get_operation_id(self) -> str:
        """Return `get_entries_id_content` for GET /api/v1/entries/{id}/content."""
        words = re.findall(r"\w+", self.path.removeprefix(_BASE))
        return "_".join([self.method.lower(), *words])

    def get_tags(self) -> list[str]:
        """Return what the address is about: `entries`, `auth`, `nodes` …"""
        return re.findall(r"\w+", self.path.removeprefix(_BASE))[:1]

    def get_paginated_name(self, serializer_name: str) -> str:
        """Return `NodePageOut` for a page of NodeOut."""
        return f"{serializer_name.removesuffix('Out')}PageOut"

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """Add to the codes that are named beside the view those by which it is not even asked."""
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is not None:
            operation["x-problems"] = [*operation.get("x-problems", ()), *self._refused_before()]
        return operation

    def _refused_before(self) -> Iterator[str]:
        if isinstance(self.view.get_content_negotiator(), DefaultContentNegotiation):
            yield from ("not_acceptable", "not_found")  # by Accept, and by ?format=
        if any(isinstance(one, ScopedAccess) for one in self.view.get_permissions()):
            if getattr(self.view, "required_scope", None) == "admin":
                yield "staff_only"
            if permission_for(self.view, self.method):
                yield "forbidden"
            # A token whose folder is gone finds nothing.
            yield "not_found" if getattr(self.view, "is_of_tree", False) else "beyond_folder"
