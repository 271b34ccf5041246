"""How remote paths are written, joined and carried in a URL; knows nothing of the network.

A remote path is absolute, `/`-separated and NFC. A trailing `/` in what a person types means "a folder".
"""

from __future__ import annotations

import sys
import unicodedata
from urllib.parse import quote

from dfsclient.errors import LocalProblem

NAME_LIMIT_BYTES = 255
_WINDOWS_DEVICES = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"} | {
    f"{port}{number}" for port in ("COM", "LPT") for number in "0123456789¹²³"
}


def check_name(name: str) -> str:
    """Return the name in NFC, or raise `LocalProblem` if the service cannot hold such a name."""
    name = unicodedata.normalize("NFC", name)
    try:
        size_bytes = len(name.encode())
    except UnicodeEncodeError:
        raise LocalProblem(f"The name {name!a} is not valid UTF-8; rename it first.") from None
    if name in ("", ".", ".."):
        raise LocalProblem(f"{name!r} is not a name a file or folder can have.")
    if size_bytes > NAME_LIMIT_BYTES:
        raise LocalProblem(f"The name {name[:40]!r}… is longer than {NAME_LIMIT_BYTES} bytes; shorten it.")
    if any(char == "/" or unicodedata.category(char) == "Cc" for char in name):
        raise LocalProblem(f"The name {name!r} holds a slash or a control character; rename it first.")
    return name


def normalize(path: str) -> str:
    """Write a typed path in its one form: absolute, NFC, no empty or `.` segments, no trailing slash."""
    names = [check_name(name) for name in path.split("/") if name not in ("", ".")]
    return "/" + "/".join(names)


def means_folder(path: str) -> bool:
    """Whether the path was typed as a folder: empty, the root, or with a trailing slash."""
    return path in ("", ".") or path.endswith(("/", "/."))


def join(folder: str, name: str) -> str:
    """Put a name into a folder."""
    return normalize(folder).rstrip("/") + "/" + check_name(name)


def split(path: str) -> tuple[str, str]:
    """Split a path into its folder and its name; the root has no name and raises `LocalProblem`."""
    path = normalize(path)
    if path == "/":
        raise LocalProblem("The root folder has no name and cannot be moved, replaced or removed.")
    folder, _, name = path.rpartition("/")
    return folder or "/", name


def quoted(path: str) -> str:
    """Percent-encode each segment for a URL; the result has no leading slash, the root is empty."""
    return "/".join(quote(name, safe="") for name in normalize(path).split("/") if name)


def local_name(name: str, *, on_windows: bool = sys.platform == "win32") -> str:
    """Return a name from the server if it is safe in a local folder, else raise `LocalProblem`."""
    if name in ("", ".", "..") or any(char in name for char in "/\\\0"):
        raise LocalProblem(f"The name {name!r} cannot be kept in a local folder; rename it on the server.")
    if on_windows and _is_special_on_windows(name):
        raise LocalProblem(f"Windows cannot hold a file named {name!r}; rename it on the server.")
    return name


def _is_special_on_windows(name: str) -> bool:
    """Whether Windows takes the name for a drive, stream, device or other name (Naming Files, Win32)."""
    stem = name.partition(".")[0].rstrip(" ").upper()
    return (
        stem in _WINDOWS_DEVICES
        or name.endswith((".", " "))
        or any(char in '<>:"|?*' or char < " " for char in name)
    )
