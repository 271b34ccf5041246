"""Answers OPTIONS of the API: the formats that an address takes and gives; the description has the rest."""

from typing import Any

from rest_framework.metadata import SimpleMetadata
from rest_framework.request import Request


class PlainMetadata(SimpleMetadata):
    def determine_actions(self, request: Request, view: Any) -> dict[str, Any]:
        """Name no fields: REST framework reads them from a view's one serializer, and ours have several."""
        return {}
