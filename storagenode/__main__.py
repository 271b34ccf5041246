"""Starts a storage node: `python -m storagenode`, told by its environment what to keep where."""

from __future__ import annotations

import os

from storagenode import log
from storagenode.errors import StoreRefused
from storagenode.serving import listen, serve
from storagenode.settings import Settings
from storagenode.store.marker import check_mount, lock_store, open_marker


def main() -> int:
    """Serve until told to stop; return non-zero, with one sentence in the log, when that cannot be."""
    log.configure()
    try:
        settings = Settings.from_environ(os.environ)
        if settings.require_mount:
            check_mount(settings.data)
        lock_store(settings.data)
        open_marker(settings.data)
        listener = listen(settings)
    except StoreRefused as refusal:
        log.error("refused_to_start", reason=str(refusal))
        return 1
    except OSError as error:
        log.error("refused_to_start", reason=f"{error.filename or 'the address'}: {error.strerror}")
        return 1
    return serve(settings, listener)


if __name__ == "__main__":
    os._exit(main())  # all that counts is synced, and a thread may wait for its peer for a minute
