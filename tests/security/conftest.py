"""The cast of the tests of files, and their storage nodes."""

from tests.files.conftest import anonymous, api, cluster, owner, running_nodes, stranger, stranger_api

__all__ = ["anonymous", "api", "cluster", "owner", "running_nodes", "stranger", "stranger_api"]
