"""A client for dfsweb: files and folders over its REST API, streaming and resumable."""

from dfsclient.client import Client
from dfsclient.errors import DfsError
from dfsclient.health import Cluster, Problem, Repair
from dfsclient.history import Share, Version
from dfsclient.journal import Journal
from dfsclient.models import Account, Copies, Drain, Entry, Node, Rebalance, Scrub, Token
from dfsclient.progress import Progress
from dfsclient.retry import Retries
from dfsclient.version import __version__

__all__ = [
    "Account",
    "Client",
    "Cluster",
    "Copies",
    "DfsError",
    "Drain",
    "Entry",
    "Journal",
    "Node",
    "Problem",
    "Progress",
    "Rebalance",
    "Repair",
    "Retries",
    "Scrub",
    "Share",
    "Token",
    "Version",
    "__version__",
]
