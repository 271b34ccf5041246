"""What type of bytes a file holds, and which headers keep them from doing harm in a browser. Pure.

What people store never runs in our origin: it is an attachment, or one of a few types that cannot run, and a
sandbox without sources in both cases. Neither counts where a page asks for it as its script: there it is sent
as nothing that runs.
"""

import mimetypes
import re
from urllib.parse import quote

UNKNOWN = "application/octet-stream"
MAX_BYTES = 255
# What clients send when they know nothing about the file.
_SAYS_NOTHING = frozenset({"", UNKNOWN, "application/x-www-form-urlencoded"})
_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(?: *;[\x20-\x7e]+)?\Z")
_SHOWN = frozenset(
    [
        *("image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"),
        *("video/mp4", "video/webm", "video/ogg", "video/quicktime"),
        *("audio/mpeg", "audio/mp4", "audio/aac", "audio/ogg", "audio/webm", "audio/flac", "audio/wav"),
        *("audio/x-wav", "audio/x-flac", "audio/opus", "application/pdf"),
    ]
)
_TEXT = frozenset(["application/json", "application/javascript", "application/x-sh", "application/toml"])
# Of Sec-Fetch-Dest, where the bytes would become part of what a page does (W3C Fetch Metadata).
_RUNS = frozenset(
    [
        *("script", "style", "xslt", "worker", "sharedworker", "serviceworker"),
        *("audioworklet", "paintworklet"),
    ]
)
_MORE_TYPES = {
    ".avif": "image/avif",
    ".heic": "image/heic",
    ".webp": "image/webp",
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
    ".ogg": "audio/ogg",
    ".opus": "audio/opus",
    ".mkv": "video/x-matroska",
    ".webm": "video/webm",
    ".mp4": "video/mp4",
    ".md": "text/markdown",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".toml": "application/toml",
    ".7z": "application/x-7z-compressed",
    ".iso": "application/x-iso9660-image",
}
_COMPRESSED = {"gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz"}
_known = mimetypes.MimeTypes()  # the tables of Python alone: the same on every machine
for _suffix, _type in _MORE_TYPES.items():
    _known.add_type(_type, _suffix)

ISOLATION = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}


def settle(sent: str, name: str) -> str:
    """Return the type to store: what was sent when it says something, else what the name suggests."""
    sent = sent.strip()
    essence = sent.partition(";")[0].strip().lower()
    if essence not in _SAYS_NOTHING and len(sent) <= MAX_BYTES and _TYPE.match(sent):
        return sent
    kind, encoding = _known.guess_type("/" + name, strict=False)  # a path, or "data:…" would be an address
    return _COMPRESSED.get(encoding, UNKNOWN) if encoding else kind or UNKNOWN


def endings_of(family: str) -> set[str]:
    """Return the endings, without dots, of names that suggest a type of this family: "image", "video" …"""
    types = (pair for table in _known.types_map for pair in table.items())
    return {ending.removeprefix(".") for ending, kind in types if kind.partition("/")[0] == family}


def is_shown(essence: str) -> bool:
    """Tell whether bytes of this type are sent as what they are, to be looked at in place."""
    return essence in _SHOWN


def to_send(content_type: str, *, inline: bool, destination: str = "") -> tuple[str, bool]:
    """Return the type to name in a reply, and whether a browser may show the bytes in place.

    `destination` is what a browser says of its use for them, in Sec-Fetch-Dest.
    """
    if destination in _RUNS:
        return UNKNOWN, False
    essence = content_type.partition(";")[0].strip().lower()
    if not inline:
        return content_type, False
    if essence in _SHOWN:
        return essence, True
    if essence.startswith("text/") or essence in _TEXT:
        return "text/plain; charset=utf-8", True  # to be read, whatever language it is in
    return UNKNOWN, False


def disposition(name: str, *, inline: bool) -> str:
    """Write Content-Disposition (RFC 6266): the name in UTF-8, and in ASCII for what reads no better."""
    kind = "inline" if inline else "attachment"
    plain = "".join(letter if " " <= letter <= "~" and letter not in '"\\%;' else "_" for letter in name)
    if plain == name == name.strip():  # some read a quoted value without its outer blanks
        return f'{kind}; filename="{name}"'
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
