"""Real proxies in front of a gateway: nginx as docs/operations.md says, Caddy by deploy/Caddyfile itself."""

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from dfsweb.launcher.options import free_port
from tests.storagenode.running_node import wait_until
from tests.system import PATIENCE_SECONDS, PROJECT

Proxy = Callable[[Path, int, int], tuple[list[str], Mapping[str, str]]]
"""Writes settings for a gateway's port and one of its own; returns the command and what it needs in addition
to the environment."""

NGINX = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream gateway {{
        server 127.0.0.1:{gateway};
        keepalive 1;  # who left bytes behind on it would answer for the next one
    }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://gateway;
            proxy_http_version 1.1;
            proxy_request_buffering off;
            proxy_buffering off;
            proxy_ignore_client_abort on;  # the tests end what they send before they read
            client_max_body_size 0;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
        }}
    }}
}}
"""
# The address of the site is a setting there; these are the others.
OF_CADDY = {
    "gateway:8000": "127.0.0.1:{gateway}",
    "admin 127.0.0.1:2019": "admin off",
    "{$DOMAIN} {": "{$DOMAIN} {\n\tbind 127.0.0.1",
}


def nginx(folder: Path, gateway: int, port: int) -> tuple[list[str], Mapping[str, str]]:
    settings = folder / "nginx.conf"
    settings.write_text(NGINX.format(folder=folder, gateway=gateway, port=port))
    return ["-c", str(settings), "-e", str(folder / "error.log")], {}


def caddy(folder: Path, gateway: int, port: int) -> tuple[list[str], Mapping[str, str]]:
    text = (PROJECT / "deploy/Caddyfile").read_text()
    for there, here in OF_CADDY.items():
        assert text.count(there) == 1, there
        text = text.replace(there, here.replace("{gateway}", str(gateway)))
    settings = folder / "Caddyfile"
    settings.write_text(text)
    own = {"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    return ["run", "--config", str(settings)], {"DOMAIN": f"http://localhost:{port}", **own}


PROXIES: dict[str, Proxy] = {"nginx": nginx, "caddy": caddy}


def program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")


each_proxy = pytest.mark.parametrize(
    "proxy_name",
    [
        pytest.param(name, marks=pytest.mark.skipif(program(name) is None, reason=f"{name} is not installed"))
        for name in PROXIES
    ],
)


@contextmanager
def running(name: str, folder: Path, gateway: int) -> Iterator[tuple[str, int]]:
    """Run a proxy in front of the gateway at this port; gives its own address."""
    port = free_port("127.0.0.1")
    arguments, needed = PROXIES[name](folder, gateway, port)
    with (folder / "proxy.log").open("wb") as log:
        process = subprocess.Popen(
            [str(program(name)), *arguments], env={**os.environ, **needed}, stdout=log, stderr=log
        )
    try:
        wait_until(lambda: _listens(port), f"{name} to listen")
        yield "127.0.0.1", port
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
