"""Pages of what the API lists in one order: REST framework's DEFAULT_PAGINATION_CLASS, for every app's views.

A cursor is the place of the last row shown, never a number of rows: what comes or goes meanwhile moves
nothing. The order that a query names must tell any two rows apart. Entries, versions and changes have orders,
and so cursors, of their own.
"""

from collections.abc import Sequence
from typing import Any

from django.core import signing
from django.db.models import Q, QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from files import cursors
from files.listing import DEFAULT_LIMIT, MAX_LIMIT
from files.replies import next_url
from files.serializers import LONGEST_CURSOR, PageIn


class PlacePagination(BasePagination):
    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: APIView | None = None
    ) -> list[Any]:
        """Return a page of an ordered query. Raises BadCursor for what is no cursor of this very list."""
        wanted = PageIn(data=request.query_params.dict())
        wanted.is_valid(raise_exception=True)
        limit, cursor = wanted.validated_data["limit"], wanted.validated_data.get("cursor")
        assert isinstance(queryset, QuerySet) and queryset.query.order_by, "only an order has places"
        order = [str(name) for name in queryset.query.order_by]
        salt = " ".join((__name__, request.path, *order))
        if cursor:
            queryset = queryset.filter(_behind(order, _read_place(cursor, salt)))
        found = list(queryset[: limit + 1])
        following = _write_cursor(order, found[limit - 1], salt) if len(found) > limit else None
        self._next = next_url(request, following)
        return found[:limit]

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self._next})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        following = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "properties": {"results": schema, "next": following},
            "required": ["next", "results"],
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        limit = {"type": "integer", "maximum": MAX_LIMIT, "minimum": 1, "default": DEFAULT_LIMIT}
        cursor = {"type": "string", "maxLength": LONGEST_CURSOR, "minLength": 1}
        return [
            {"in": "query", "name": "cursor", "schema": cursor},
            {"in": "query", "name": "limit", "schema": limit},
        ]


def _behind(order: Sequence[str], place: Sequence[str]) -> Q:
    """Return the condition of what follows a place."""
    behind, level = Q(), Q()
    for name, value in zip(order, place, strict=True):
        column = name.removeprefix("-")
        behind |= level & Q(**{f"{column}__{'lt' if name.startswith('-') else 'gt'}": value})
        level &= Q(**{column: value})
    return behind


def _write_cursor(order: Sequence[str], last: Any, salt: str) -> str:
    return signing.dumps([str(getattr(last, name.removeprefix("-"))) for name in order], salt=salt)


def _read_place(cursor: str, salt: str) -> list[str]:
    place: list[str] = cursors.read(cursor, salt=salt)
    return place
