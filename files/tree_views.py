"""What the REST views of the tree have in common: tokens bound to a folder may come in, and If-Match."""

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework.request import Request
from rest_framework.views import APIView

from files import access, conditions

IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="The entry's etag, or the ETag of a reply about it."
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match",
    str,
    OpenApiParameter.HEADER,
    description="The ETag of an earlier reply; it tells nothing of `copies`.",
)
INTO_A_FOLDER = ("not_a_folder", "name_taken", "too_deep", "read_only", "invalid_name")
"""Codes of the errors of whatever puts an entry into a folder, or names it."""
ON_COMMIT = ("parent_gone", "name_taken", "not_a_file", "read_only", "quota_exceeded")
"""Codes of the errors of whatever makes the bytes that came a file, where it was to be."""
UNCHANGED = {304: OpenApiResponse(description="All is as it was, but `copies` perhaps.")}


class TreeView(APIView):
    """All it reads and changes goes by the rule of access, which keeps such a token in its folder."""

    is_of_tree: ClassVar[bool] = True

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Let a token in whose folder is there; one whose folder is gone finds nothing."""
        super().initial(request, *args, **kwargs)
        if request.user.is_authenticated and request.user.confined_to is not None:
            access.root_folder(request.user)


def if_match(request: Request) -> list[str] | None:
    """Return the etags one of which an entry must have to be changed; None without the header."""
    return conditions.parse_etags(request.headers.get("If-Match"))
