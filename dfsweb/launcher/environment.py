"""The environment the parts of one installation get: what the person set, and what the launcher fills in."""

import os
import re
import shlex
import socket
from pathlib import Path

from dfsweb.launcher.data_folder import DataFolder
from dfsweb.launcher.options import ANY_ADDRESS, Options

PROJECT = Path(__file__).resolve().parent.parent.parent
OF_NODES_TOO = {"JOIN_TOKEN", "METRICS_TOKEN"}
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


def settings_of_django() -> set[str]:
    """The names of all that `dfsweb.settings` reads from the environment, by its own text."""
    return set(re.findall(r'\benv\.\w+\(\s*"(\w+)"', (PROJECT / "dfsweb/settings.py").read_text()))


def of_gateway_and_worker(
    options: Options, folder: DataFolder, *, database_url: str, redis_url: str
) -> dict[str, str]:
    """Everything `dfsweb.settings` reads; what the person set wins, and this machine is always allowed."""
    return {
        **folder.secrets(),
        "AUTO_ACTIVATE": "1",
        "TMPDIR": str(folder.temporary),
        **_inherited(),
        "STATIC_ROOT": str(folder.static),
        "DJANGO_SETTINGS_MODULE": "dfsweb.settings",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "ALLOWED_HOSTS": ",".join(_allowed_hosts(options)),
    }


def of_node(name: str, port: int, options: Options, folder: DataFolder) -> dict[str, str]:
    """What one storage node reads; it learns neither the database nor any other setting of Django's."""
    kept = folder.secrets()
    hidden = (settings_of_django() | {"ADMIN_PASSWORD"}) - OF_NODES_TOO
    inherited = {key: value for key, value in _inherited().items() if key not in hidden}
    return {
        "JOIN_TOKEN": kept["JOIN_TOKEN"],
        "METRICS_TOKEN": kept["METRICS_TOKEN"],
        "RESERVE": "smaller",
        **inherited,
        "REQUIRE_MOUNT": "0",
        "NODE_DATA": str(folder.node(name)),
        "NODE_BIND": f"127.0.0.1:{port}",
        "NODE_URL": f"http://127.0.0.1:{port}",
        "NODE_NAME": name,
        "NODE_ZONE": name,
        "GATEWAY_URL": options.url,
    }


def as_shell(env: dict[str, str]) -> str:
    """What manage.py needs of DATA/run/environment: what the launcher added, and each setting given to it."""
    settings = settings_of_django()
    needed = {key: value for key, value in env.items() if key in settings or os.environ.get(key) != value}
    return "".join(f"{key}={shlex.quote(value)}\n" for key, value in sorted(needed.items()))


def _inherited() -> dict[str, str]:
    """This process's environment for Python children, which find the project from any folder."""
    path = os.pathsep.join([str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])])
    # Few malloc arenas: each of many threads would keep one, and memory with it.
    return {"MALLOC_ARENA_MAX": "2", **os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}


def _allowed_hosts(options: Options) -> list[str]:
    given = [host for host in os.environ.get("ALLOWED_HOSTS", "").split(",") if host]
    if not given and options.host in ANY_ADDRESS:
        given = [socket.gethostname(), f"{socket.gethostname()}.local", *_outward_address()]
    elif not given:
        given = [f"[{options.host}]" if ":" in options.host else options.host]
    return list(dict.fromkeys([*given, *LOOPBACK]))


def _outward_address() -> list[str]:
    """This machine's address towards others; connecting a datagram socket sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # a documentation address (RFC 5737)
        except OSError:
            return []
        return [str(probe.getsockname()[0])]
