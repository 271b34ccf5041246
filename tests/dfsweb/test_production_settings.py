"""With SECURE=1 and real secrets, Django's own check for deployment has nothing to say."""

import os
import subprocess
import sys

PRODUCTION = {
    "SECURE": "1",
    "DEBUG": "0",
    "SECRET_KEY": "9c0f5c8e7b6a4d3f2e1d0c9b8a7f6e5d4c3b2a1f0e9d8c7b6a5f",
    "CLUSTER_SECRET": "ab" * 32,
}


def manage(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        env={**os.environ, **PRODUCTION},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_deployment_check_finds_nothing():
    checked = manage("check", "--deploy", "--fail-level", "WARNING")

    assert checked.returncode == 0, checked.stderr


def test_cookies_belong_to_this_host_and_to_tls_alone():
    program = (
        "from django.conf import settings as s;"
        "print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE,"
        " s.SESSION_COOKIE_HTTPONLY, s.SECURE_HSTS_SECONDS >= 31536000)"
    )

    assert manage("shell", "--no-imports", "-c", program).stdout.split() == [
        "__Host-sessionid",
        "__Host-csrftoken",
        *["True"] * 4,
    ]
