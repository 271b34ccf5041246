"""Names the API's operations in its description: by method and address, so that no two are alike."""

import re

from drf_spectacular.openapi import AutoSchema

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
