"""Gives memory back to the system that a process keeps in vain: glibc returns little of what was freed."""

import ctypes
import errno

SHORT_OF_SOMETHING = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
"""What the system says when it has no descriptor or no memory left."""

_malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
"""malloc_trim(3); other C libraries have none and keep less."""


def trim() -> None:
    """Give back every page that holds nothing any more; takes about a millisecond."""
    if _malloc_trim is not None:
        _malloc_trim(0)
