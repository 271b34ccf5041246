"""Brings the database, the first admin and the static files up to date, in one Django process that ends.

The password of the admin comes in ADMIN_PASSWORD; an admin who exists keeps the one they have.
"""

import hashlib
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

import django
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.checks import Tags, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

from dfsweb.launcher.errors import BadSetting


def main() -> None:
    django.setup()
    refuse_nonsense()
    call_command("migrate", interactive=False, verbosity=1)
    call_command("ensure_admin", username="admin")
    call_command("forget_health")
    collect_static_files(Path(settings.STATIC_ROOT))


def refuse_nonsense() -> None:
    """Check the settings, before anything is done by them; other checks are for who changes the code.

    Errors: ImproperlyConfigured, with all that is wrong and what to do.
    """
    found = run_checks(tags=[Tags.security, Tags.compatibility], include_deployment_checks=True)
    wrong = [f"{message.msg} {message.hint or ''}".strip() for message in found if message.is_serious()]
    if wrong:
        raise ImproperlyConfigured(" ".join(wrong))


def collect_static_files(root: Path) -> None:
    """Collect and compress them, which takes seconds, unless all are there and none has changed since.

    They are not synced: what a power cut leaves of them is seen by its size, and collected anew.
    """
    stamp = root.with_name(root.name + "-collected")
    if stamp.exists() and stamp.read_text() == fingerprint(root):
        return
    stamp.unlink(missing_ok=True)
    shutil.rmtree(root, ignore_errors=True)  # Django would read what is left of the last manifest
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(fingerprint(root))


def fingerprint(root: Path) -> str:
    """A digest of every static file's name, size and time, of what processes them, and of what came of it."""
    digest = hashlib.sha256(f"{version('Django')} {version('whitenoise')} {settings.STORAGES}".encode())
    for finder in get_finders():
        for name, storage in sorted(finder.list([]), key=lambda found: str(found[0])):
            stat = Path(storage.path(name)).stat()
            digest.update(f"{name}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    for path in sorted(root.rglob("*")):
        digest.update(f"{path.relative_to(root)}\0{path.stat().st_size if path.is_file() else ''}\n".encode())
    return digest.hexdigest()


if __name__ == "__main__":
    try:
        main()
    except ImproperlyConfigured as error:
        print(f"dfsweb: {error}", file=sys.stderr)
        sys.exit(BadSetting.exit_code)
