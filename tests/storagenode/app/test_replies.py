"""What a node sends is as long as it says, or an error."""

import errno
import os
from pathlib import Path

import pytest

from storagenode.app.replies import Reply, read_now


def test_a_file_that_cannot_be_read_to_its_end_is_an_error_and_no_reply(tmp_path: Path) -> None:
    """Before a bad place on a disk the system returns the bytes up to it, and no error."""
    file = tmp_path / "chunk"
    file.write_bytes(b"four")
    fd = os.open(file, os.O_RDONLY)

    with pytest.raises(OSError) as caught:
        read_now(Reply(200, file=(fd, 0, 5)))

    assert caught.value.errno == errno.EIO
    with pytest.raises(OSError):
        os.fstat(fd)
