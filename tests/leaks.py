"""Secrets in the logs of a whole system, which no story may leave there (S21): looked for when it stops."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

OWN_SECRETS = ("CLUSTER_SECRET", "JOIN_TOKEN", "METRICS_TOKEN", "SECRET_KEY")
"""Names of settings that nobody else may know."""
TOKEN = rb"dfs_[0-9a-f]{64}"
LINK = rb"/s/[A-Za-z0-9_:-]{20,}"
SIGNATURE = rb"Dfs1 [0-9A-Za-z_-]+="


def found_in(logs: Path, environment: Mapping[str, str], passwords: Iterable[str]) -> list[str]:
    """Return each line of a log below a folder that holds a secret of this system, or one by its shape."""
    known = [*passwords, *(environment[name] for name in OWN_SECRETS if environment.get(name))]
    secret = re.compile(b"|".join([TOKEN, LINK, SIGNATURE, *(re.escape(one.encode()) for one in known)]))
    return [
        f"{log.name}: {line.decode(errors='replace')}"
        for log in sorted(logs.glob("*.log*"))
        for line in log.read_bytes().splitlines()
        if secret.search(line)
    ]
