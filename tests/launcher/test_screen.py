"""What is said arrives, whatever the place it is said to can show."""

import subprocess
import sys

from tests.system import PROJECT


def test_what_ascii_cannot_show_is_said_without() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from dfsweb.launcher.screen import say; say('Stopping …')"],
        cwd=PROJECT,
        env={"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "Stopping ?\n"), done.stderr
