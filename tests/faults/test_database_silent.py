"""The machine of the database falls silent after it has taken a statement, and before it answers."""

import json
import shutil
import subprocess
import sys

import pytest
from django.conf import settings

OWN_TO_DJANGO = ("server_side_binding", "prepare_threshold", "pool")
SILENT_SECONDS = 60
"""Two hours by default: an idle line is asked so seldom whether anybody is there."""
ASKER = """
import json, socket, struct, subprocess, sys, threading, time
import psycopg

def take_one_statement(listener):
    peer, _ = listener.accept()
    peer.recv(struct.unpack("!I", peer.recv(4))[0] - 4)
    peer.sendall(b"R" + struct.pack("!II", 8, 0) + b"Z" + struct.pack("!I", 5) + b"I")  # ready for queries
    peer.recv(1000)
    drop = ["iptables", "-A", "INPUT", "-p", "tcp", "--dport", str(port), "-j", "DROP"]
    subprocess.run(drop, check=True)
    threading.Event().wait()

subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
listener = socket.create_server(("127.0.0.1", 0))
port = listener.getsockname()[1]
threading.Thread(target=take_one_statement, args=[listener], daemon=True).start()
here = {"host": "127.0.0.1", "port": port, "user": "u", "sslmode": "disable", "gssencmode": "disable"}
asker = psycopg.connect(**json.loads(sys.argv[1]) | here, autocommit=True)
try:
    asker.execute("SELECT 1")
except psycopg.OperationalError as error:
    print("given up:", error)
"""


def test_a_statement_is_given_up_when_the_machine_that_took_it_falls_silent():
    tools = ["unshare", "ip", "iptables"]
    if (
        not all(map(shutil.which, tools))
        or subprocess.run(["unshare", "-n", "iptables", "-nL"], capture_output=True, check=False).returncode
    ):
        pytest.skip("a network namespace with a filter needs root, unshare, ip and iptables")
    options = {
        name: value
        for name, value in settings.DATABASES["default"]["OPTIONS"].items()
        if name not in OWN_TO_DJANGO
    }

    done = subprocess.run(
        ["unshare", "-n", sys.executable, "-c", ASKER, json.dumps(options)],
        capture_output=True,
        text=True,
        check=False,
        timeout=SILENT_SECONDS,
    )

    assert done.stdout.startswith("given up:"), done.stderr
