"""Says who sends a request for bytes, where its path leads, and what is known of the bytes: in one statement.

Thousands of small files wait for round trips. What each part means stands where it belongs: in `accounts`,
`files.access` and `nodes.contents`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accounts.authentication import Errand, authenticate, authenticate_and_ask
from files import access, names
from files.access import BY_PATH, Place
from files.details import EntryDetails
from files.errors import InvalidName
from nodes import contents

if TYPE_CHECKING:
    from django.http import HttpRequest

    from accounts.models import User

SMALL_BODY_BYTES = 64 * 1024
"""Up to here a body that has come with its request is looked up before it is known who sends it."""

_TO_READ = Errand(
    f"{BY_PATH.columns}, {contents.ONLY_CHUNK_COLUMNS}",
    BY_PATH.joins + contents.ONLY_CHUNK_JOIN.format(content="v.content_id", size="v.size"),
)
_TO_WRITE = Errand(f"{BY_PATH.columns}, {contents.GLANCE_COLUMNS}", BY_PATH.joins + contents.GLANCE_JOIN)
_READ_COLUMNS = contents.ONLY_CHUNK_COLUMNS.count(",") + 1
_WRITE_COLUMNS = contents.GLANCE_COLUMNS.count(",") + 1


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request whose sender is known and may do what its method means; where it leads is told when asked."""

    user: "User"
    _parts: Sequence[str]
    _row: Sequence[Any]

    def place(self) -> Place:
        """Raises what `access.locate` raises."""
        return access.place(self.user, self._parts, self._row)

    def file(self) -> EntryDetails:
        """Return the file that is there. Raises NotFound or NotAFile."""
        return access.require_file(access.found_by(self.place))


def to_read(request: "HttpRequest", path: str) -> tuple[Arrival, Sequence[Any]]:
    """Authenticate, and find the path and how its bytes are read, for `contents.only_chunk`."""
    parts = _parts(request, path)
    user, row = authenticate_and_ask(request, _TO_READ, ["/".join(parts)])
    return Arrival(user, parts, row[:-_READ_COLUMNS]), row[-_READ_COLUMNS:]


def to_write(request: "HttpRequest", path: str, body: bytes | None) -> tuple[Arrival, contents.Glance | None]:
    """Authenticate, find the path, and look up the whole body where it is at hand."""
    parts = _parts(request, path)
    bytes_asked = contents.glance_parameters(body)
    user, row = authenticate_and_ask(request, _TO_WRITE, ["/".join(parts), *bytes_asked])
    glance = contents.glance(bytes_asked, row[-_WRITE_COLUMNS:])
    return Arrival(user, parts, row[:-_WRITE_COLUMNS]), glance


def _parts(request: "HttpRequest", path: str) -> list[str]:
    """Cut the path into names; a stranger is told of nothing but that he is one."""
    try:
        return names.split_path(path)
    except InvalidName:
        authenticate(request)
        raise
