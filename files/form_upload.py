"""Takes one file from a plain HTML form, for browsers without scripts, and streams it into the store.

Django's form parsing would first write the file to memory or disk; here its parser only finds the boundaries.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.http.multipartparser import (
    FIELD,
    FILE,
    LazyStream,
    MultiPartParser,
    MultiPartParserError,
    Parser,
)
from django.middleware.csrf import CsrfViewMiddleware

from files import transfers, uploads
from files.details import EntryDetails
from files.errors import Invalid
from files.models import Upload
from storagenode.protocol.body import BodyCut, RequestBody

if TYPE_CHECKING:
    from uuid import UUID

    from accounts.models import User

READ_BYTES = 1024 * 1024
FIELD_BYTES = 4096  # the longest field before the file: the token
MOST_PARTS = 20  # with the file; a form of ours has two, and to read a part takes time
TOKEN_FIELD = "csrfmiddlewaretoken"


class CsrfFailed(Exception):
    """The token before the file does not prove that the form is ours; `response` says so."""

    def __init__(self, response: HttpResponseBase) -> None:
        self.response = response


class _Body:
    """The request's body in pieces; it tells one that was cut from one that ended well."""

    def __init__(self, request: HttpRequest) -> None:
        self._body = RequestBody(request.META)
        self._last = b""

    def pieces(self) -> Iterator[bytes]:
        """Yield what comes. Raises BodyCut when the peer goes away."""
        piece = memoryview(bytearray(READ_BYTES))
        while count := self._body.readinto(piece):
            data = bytes(piece[:count])
            self._last = (self._last + data[-FIELD_BYTES:])[-FIELD_BYTES:]
            yield data

    def require_end(self, boundary: bytes) -> None:
        """Raise BodyCut when all was read and the form's last boundary was not in it."""
        if not self._body.remaining and b"--" + boundary + b"--" not in self._last:
            raise BodyCut("the form breaks off before its end")


class _FileSource:
    """The bytes of the form's file, as `contents` takes them."""

    def __init__(self, stream: Iterator[bytes], body: _Body, boundary: bytes) -> None:
        self._stream = stream
        self._body = body
        self._boundary = boundary
        self._held = memoryview(b"")

    def readinto(self, view: memoryview, /) -> int:
        filled = 0
        while filled < len(view):
            if not self._held:
                self._held = memoryview(next(self._stream, b""))
                if not self._held:
                    self._body.require_end(self._boundary)
                    break
            count = min(len(view) - filled, len(self._held))
            view[filled : filled + count] = self._held[:count]
            self._held = self._held[count:]
            filled += count
        return filled


def receive(
    request: HttpRequest, user: "User", folder_id: "UUID", *, guard: Callable[[], None] | None = None
) -> EntryDetails:
    """Store the form's file in a folder, beside one of the same name, and return it.

    The form's token comes before its file and is checked before a byte of the file is taken; the guard is
    asked when the bytes have come. Raises CsrfFailed, Invalid (no such form), and what storing a file raises;
    then nothing is visible.
    """
    boundary = _boundary(request)
    body = _Body(request)
    token = ""
    for kind, headers, stream in _parts(body, boundary):
        if kind == FIELD and _parameter(headers, "name") == TOKEN_FIELD:
            token = stream.read(FIELD_BYTES).decode(errors="replace")
        elif kind == FILE:
            _check_token(request, token)
            source = _FileSource(stream, body, boundary)
            return _store(user, folder_id, headers, source, guard)
    _check_token(request, token)
    raise Invalid("Choose a file first.", field="file")


def _parts(body: _Body, boundary: bytes) -> Iterator[tuple[str, dict[str, Any], LazyStream]]:
    """Yield the first parts of a form: what they are, their headers and their bytes. Raises Invalid."""
    try:
        yield from islice(Parser(LazyStream(body.pieces()), boundary), MOST_PARTS)  # type: ignore[arg-type]
    except MultiPartParserError as error:
        raise Invalid("This form cannot be read.") from error


def _store(
    user: "User",
    folder_id: "UUID",
    headers: dict[str, Any],
    source: _FileSource,
    guard: Callable[[], None] | None,
) -> EntryDetails:
    name = _parameter(headers, "filename").replace("\\", "/").rpartition("/")[2]
    content_type = headers.get("content-type", ("", {}))[0].strip()
    target = uploads.target_in(user, folder_id, name, on_conflict=Upload.OnConflict.RENAME)
    with transfers.one():
        return uploads.put_file(user, target, source, content_type=content_type, guard=guard)[0]


def _parameter(headers: dict[str, Any], name: str) -> str:
    """Return a parameter of a part's disposition; Django's parser leaves it as bytes."""
    value: bytes = headers["content-disposition"][1].get(name, b"")
    return value.decode(errors="replace")


def _boundary(request: HttpRequest) -> bytes:
    boundary = (request.content_params or {}).get("boundary", "")
    if request.content_type != "multipart/form-data" or not MultiPartParser.boundary_re.fullmatch(boundary):
        raise Invalid("A form with a file has the type multipart/form-data.")
    return boundary.encode("ascii")


def _check_token(request: HttpRequest, token: str) -> None:
    """Let Django judge the token as if it had parsed the form itself."""
    form = QueryDict(mutable=True)
    form[TOKEN_FIELD] = token
    request.POST = form  # type: ignore[assignment]  # Django's own parsing leaves one that cannot be changed
    judge = CsrfViewMiddleware(_never)
    refusal = judge.process_view(request, _never, (), {})
    if refusal is not None:
        raise CsrfFailed(refusal)


def _never(request: HttpRequest) -> HttpResponseBase:
    raise AssertionError("a judge of tokens calls no view")
