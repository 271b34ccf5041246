"""Tells that memory is short, and gives back what is kept in vain: glibc returns little of what was freed."""

import ctypes
import errno

SHORT_OF_SOMETHING = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
"""What the system says when it has no descriptor or no memory left."""
_NO_THREAD = "can't start new thread"
"""What Python says, with a plain RuntimeError, where a thread finds no memory for its stack."""

_malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
"""malloc_trim(3); other C libraries have none and keep less."""


def is_shortage(error: BaseException | None) -> bool:
    """Tell whether an error says that this machine has too little of something, now."""
    if isinstance(error, OSError):
        return error.errno in SHORT_OF_SOMETHING
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and str(error) == _NO_THREAD)


def trim() -> None:
    """Give back every page that holds nothing any more; takes about a millisecond."""
    if _malloc_trim is not None:
        _malloc_trim(0)
