"""Says by its exit code whether the part in this container is well.

`healthcheck.py URL` asks for a 200; `healthcheck.py FILE SECONDS` wants a file touched that recently.
"""

import sys
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 8.0


def ask(url: str) -> str:
    """Return what is wrong with the reply from `url`, nothing when it is a 200."""
    target = urlsplit(url)
    connection = HTTPConnection(target.netloc, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", target.path)
        reply = connection.getresponse()
        text = reply.read(2000).decode(errors="replace")
    except (HTTPException, OSError) as error:
        return f"{url} does not answer: {error}"
    finally:
        connection.close()
    return "" if reply.status == 200 else f"{url} answers {reply.status}: {text}"


def look(file: Path, *, limit_seconds: float) -> str:
    """Return what is wrong with a file that should be touched again and again."""
    try:
        age_seconds = time.time() - file.stat().st_mtime
    except FileNotFoundError:
        return f"{file} is not there yet: nothing was done so far"
    if age_seconds <= limit_seconds:
        return ""
    return f"{file} is {age_seconds:.0f} s old: nothing was done since; is Redis up?"


def main() -> int:
    place = sys.argv[1]
    if place.startswith("http://"):
        problem = ask(place)
    else:
        problem = look(Path(place), limit_seconds=float(sys.argv[2]))
    sys.stdout.write(problem)
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main())
