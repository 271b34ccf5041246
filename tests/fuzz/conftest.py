"""The storage nodes that the tests of files use, too."""

from tests.files.conftest import cluster, running_nodes

__all__ = ["cluster", "running_nodes"]
