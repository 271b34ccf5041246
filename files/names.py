"""What a name may be, how names sort, and which other name to take when one is taken. Pure."""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from files.errors import InvalidName

MAX_BYTES = 255
MAX_DEPTH = 128  # folders on a path, and a file in the last: bounds every walk through the tree
MAX_ALTERNATIVES = 1000  # tries at "name (2)", "name (3)" …
_MAX_SUFFIX_BYTES = 32  # of what is kept as the file's extension when a name has to be shortened
MAX_WORD_LETTERS = 64  # of a word that is searched for: PostgreSQL takes 2,046 bytes
_WORD = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"[0-9]+")
_SUFFIX = re.compile(r"(?s)(?<=.)((?:\.tar)?\.[^. ]{1,16})\Z")


def clean(name: str) -> str:
    """Return the name in NFC; raises InvalidName for one that no entry can have."""
    name = unicodedata.normalize("NFC", name)
    if name in ("", ".", "..") or "/" in name:
        raise InvalidName(field="name")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in name):
        raise InvalidName(field="name")
    if len(name.encode()) > MAX_BYTES:
        raise InvalidName(field="name")
    return name


def split_path(path: str) -> list[str]:
    """Cut a path into clean names; one slash in front and one at the end mean nothing. Raises InvalidName."""
    path = path.removeprefix("/").removesuffix("/")
    parts = [clean(part) for part in path.split("/")] if path else []
    if len(parts) > MAX_DEPTH + 1:
        raise InvalidName(f"A path has at most {MAX_DEPTH} folders.", field="path")
    return parts


def join_path(parts: Sequence[str]) -> str:
    return "/" + "/".join(parts)


def sort_key(name: str) -> str:
    """Return what sorts names naturally by plain code points: casefolded, each number led by its length."""
    return _DIGITS.sub(_count_first, name.casefold())


def sort_keys_like(beginning: str) -> str:
    """Return what in SQL the sort keys are LIKE of all names that begin so; its last number may go on."""
    stem = beginning.rstrip("0123456789")
    digits = beginning[len(stem) :]
    escaped = re.sub(r"([\\%_])", r"\\\1", sort_key(stem))
    return f"{escaped}___{digits.lstrip('0')}%" if digits else f"{escaped}%"


def _count_first(match: re.Match[str]) -> str:
    digits = match[0].lstrip("0")
    return f"{len(digits):03d}{digits}"


def words(text: str) -> list[str]:
    """Return the words by which a name is found: letters and digits, without case and accents, each once."""
    bare = text.casefold()
    if not bare.isascii():
        letters = unicodedata.normalize("NFKD", bare)
        bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return list(dict.fromkeys(word[:MAX_WORD_LETTERS] for word in _WORD.findall(bare)))


def search_words(name: str, owner_id: int) -> str:
    """Write as a tsvector what an entry is found by: the words of its name, and whose tree it lies in."""
    return " ".join([owner_word(owner_id), *words(name)])


def owner_word(owner_id: int) -> str:
    """Return the word that all entries of an owner's tree have; no name has it."""
    return f"@{owner_id}"


def alternatives(name: str, *, word: str = "", is_file: bool) -> Iterator[str]:
    """Yield names to take instead of a taken one: "name (2).txt", "name (3).txt" …

    With a word "name (copy).txt", "name (copy 2).txt" … Each is valid: long ones are shortened.
    """
    stem, suffix = _cut(name, is_file=is_file)
    if word:
        yield _fitting(stem, f" ({word})", suffix)
    for number in range(2, MAX_ALTERNATIVES):
        yield _fitting(stem, f" ({word} {number})" if word else f" ({number})", suffix)


def numbered(name: str, number: int, *, is_file: bool) -> str:
    """Return the alternative with this number: "name (2).txt"."""
    stem, suffix = _cut(name, is_file=is_file)
    return _fitting(stem, f" ({number})", suffix)


def _cut(name: str, *, is_file: bool) -> tuple[str, str]:
    match = _SUFFIX.search(name) if is_file else None
    suffix = match[1] if match and len(match[1].encode()) <= _MAX_SUFFIX_BYTES else ""
    return name.removesuffix(suffix) if suffix else name, suffix


def _fitting(stem: str, mark: str, suffix: str) -> str:
    room = MAX_BYTES - len((mark + suffix).encode())
    return stem.encode()[:room].decode(errors="ignore") + mark + suffix
