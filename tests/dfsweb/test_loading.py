"""What a server loads before it forks is shared by its processes; what one of them loads later is its own."""

import subprocess
import sys

from tests.system import PROJECT

ASK_GATEWAY = """
import io
import sys
from dfsweb import wsgi
from dfsweb.launcher import gateway_children

def ask(path):
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "SERVER_NAME": "localhost", "SERVER_PORT": "80",
               "wsgi.input": io.BytesIO(), "wsgi.url_scheme": "http"}
    list(wsgi.application(environ, lambda status, headers: None))

loaded = set(sys.modules)
for path in ("/healthz", "/api/v1/entries", "/api/v1/nodes", "/api/v1/content/a", "/api/v1/uploads"):
    ask(path)
ours = ("accounts", "dfsweb", "files", "nodes", "rest_framework", "PIL", "zipstream")
print(sorted(name for name in set(sys.modules) - loaded if name.partition(".")[0] in ours))
"""
LOAD_WORKER = """
import os, sys
from dfsweb.launcher import worker
os.environ["CELERY_SKIP_CHECKS"] = "true"
worker.app.loader.import_default_modules()
print(sorted({"dfsweb.urls", "rest_framework.views", "prompt_toolkit"} & set(sys.modules)))
print("nodes.tasks.probe_nodes" in worker.app.tasks)
"""


def printed(program: str) -> list[str]:
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
        timeout=150,
    )
    return ended.stdout.splitlines()


def test_no_request_loads_what_the_gateway_could_have_loaded_before_it_forked() -> None:
    assert printed(ASK_GATEWAY) == ["[]"]


def test_a_worker_loads_its_tasks_and_neither_pages_nor_a_shell() -> None:
    assert printed(LOAD_WORKER) == ["[]", "True"]
