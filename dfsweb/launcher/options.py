"""What the person asked for, checked: where to listen, where to write, how many nodes."""

import argparse
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dfsweb.launcher.errors import BadOption

MAX_NODES = 64  # each is a process of its own; more belong on more machines
WRITE_QUORUM = 2  # as in dfsweb.settings, which this process does not load
ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # nosec B104


@dataclass(frozen=True)
class Options:
    """The options of one run."""

    host: str
    port: int
    data: Path
    nodes: int
    with_parent: bool = False

    @property
    def bind(self) -> str:
        return _address(self.host, self.port)

    @property
    def url(self) -> str:
        """The gateway's address as a program on this machine reaches it."""
        return f"http://{_address(self.reachable_host, self.port)}"

    @property
    def reachable_host(self) -> str:
        return ANY_ADDRESS.get(self.host, self.host)


def parse(arguments: Sequence[str]) -> Options:
    """Read and check the command line; a port of 0 becomes a free one.

    Errors: BadOption.
    """
    parser = argparse.ArgumentParser(
        prog="python -m dfsweb.launcher", description="Run all of dfsweb on this machine."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", default="8000", help="port to listen on, 0 for a free one (default: %(default)s)"
    )
    parser.add_argument("--data", default="var", help="folder everything is kept in (default: %(default)s)")
    parser.add_argument("--nodes", default="3", help="number of storage nodes (default: %(default)s)")
    parser.add_argument(
        "--with-parent", action="store_true", help="stop when the process that started this ends"
    )
    given = parser.parse_args(arguments)
    port = _number(given.port, name="PORT", low=0, high=65535)
    nodes = _number(given.nodes, name="NODES", low=1, high=MAX_NODES)
    quorum = os.environ.get("WRITE_QUORUM", "")
    needed = int(quorum) if quorum.isdigit() else WRITE_QUORUM
    if nodes < needed:
        raise BadOption(
            f"NODES={nodes} is too few: a file is stored once {needed} nodes have it; give NODES={needed} or "
            f"more{', or set WRITE_QUORUM=1 and do without a second copy' if nodes == 1 else ''}."
        )
    if not given.data:
        raise BadOption("DATA is empty; name the folder everything is kept in, for example DATA=var.")
    host = given.host.strip("[]")
    return Options(host, port or free_port(host), Path(given.data).resolve(), nodes, given.with_parent)


def check_port_is_free(options: Options) -> None:
    """Try to listen where the gateway will.

    Errors: BadOption when that cannot be done.
    """
    try:
        _listen(options.host, options.port).close()
    except socket.gaierror as error:
        raise BadOption(f"HOST={options.host} is no address of this machine: {error.strerror}.") from None
    except PermissionError:
        raise BadOption(
            f"Port {options.port} may only be used by root; choose one from 1024 up, for example PORT=8000."
        ) from None
    except OSError as error:
        if error.errno == 99:  # EADDRNOTAVAIL
            raise BadOption(f"HOST={options.host} is no address of this machine.") from None
        raise BadOption(
            f"Port {options.port} on {options.host} is taken by another program; stop it or choose another "
            f"one, for example `make run PORT={_other_port(options)}`."
        ) from None


def free_port(host: str, *, wanted: int = 0) -> int:
    """A port nobody listens on: the `wanted` one when it is free."""
    try:
        listener = _listen(host, wanted)
    except OSError:
        if wanted == 0:
            raise BadOption(f"HOST={host} is no address of this machine.") from None
        listener = _listen(host, 0)
    with listener:
        return int(listener.getsockname()[1])


def _listen(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(1)
    except OSError:
        listener.close()
        raise
    return listener


def _other_port(options: Options) -> int:
    following = options.port + 1 if options.port < 65535 else 8000
    return free_port(options.host, wanted=following)


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _number(text: str, *, name: str, low: int, high: int) -> int:
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise BadOption(f"{name}={text} is no number from {low} to {high}.")
    return int(text)
