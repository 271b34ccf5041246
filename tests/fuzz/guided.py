"""Holds one law of the parsers under atheris, which goes on from whatever took a new way through the code.

`python -m tests.embedded -m tests.fuzz.guided LAW FOLDER -runs=1000000 -seed=7`: a law is one of
`tests.fuzz.laws`, the rest is libFuzzer's; what was worth going on from is kept in the folder.
"""

import inspect
import json
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import atheris

atheris.enabled_hooks.add("str")
with atheris.instrument_imports(include=["accounts", "dfsclient", "dfsweb", "files", "nodes", "storagenode"]):
    import django

    django.setup()
    from tests.fuzz.laws import LAWS

LONGEST_BYTES = 8190  # of a header at gunicorn's
TAKEN_BYTES = {bool: 1, int: 8, UUID: 16}


def value(kind: Any, data: atheris.FuzzedDataProvider, *, is_last: bool) -> Any:
    """Make a value of the fuzzer's bytes: a text as headers are read, or as addresses and bodies are."""
    if kind is bool:
        return data.ConsumeBool()
    if kind is int:
        return data.ConsumeIntInRange(0, 2**63)
    if kind is UUID:
        return UUID(bytes=data.ConsumeBytes(16).ljust(16, b"\0"))
    is_header = data.ConsumeBool()
    left = data.remaining_bytes()
    raw = data.ConsumeBytes(left if is_last else data.ConsumeIntInRange(0, left))
    text = raw.decode("latin-1") if is_header else raw.decode(errors="replace")
    return text if kind is str else read_json(text)


def read_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def escaped(text: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in text.encode("utf-8", "surrogatepass"))


def main() -> None:
    name, *options = sys.argv[1:]
    law = LAWS[name].hypothesis.inner_test
    *first, last = [(name, each.annotation) for name, each in inspect.signature(law).parameters.items()]

    def hold(raw: bytes) -> None:
        data = atheris.FuzzedDataProvider(raw)
        values = {name: value(kind, data, is_last=False) for name, kind in first}
        law(**values, **{last[0]: value(last[1], data, is_last=True)})

    kept = Path(options[0])
    words = kept.with_suffix(".words")
    words.write_text("".join(f'"{escaped(piece)}"\n' for piece in ("a", *law.pieces)))
    # Texts to begin with, a right one among them: nothing tells how near one is to a regular expression.
    before = bytes(1 + sum(TAKEN_BYTES.get(kind, 2) for _, kind in first))
    for count in range(1, len(law.pieces) + 1):
        text = "".join(law.pieces[:count])
        (kept / f"pieces {count}").write_bytes(before + text.encode(errors="replace"))
    atheris.Setup([name, f"-dict={words}", f"-max_len={LONGEST_BYTES}", *options], hold)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
