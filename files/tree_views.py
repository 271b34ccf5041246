"""What the REST views of the tree have in common: a token that is bound to a folder may come in."""

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.views import APIView

from files import access


class TreeView(APIView):
    """All it reads and changes goes by the rule of access, which keeps such a token in its folder."""

    is_of_tree: ClassVar[bool] = True

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Let a token in whose folder is there; one whose folder is gone finds nothing."""
        super().initial(request, *args, **kwargs)
        if request.user.is_authenticated and request.user.confined_to is not None:
            access.root_folder(request.user)
