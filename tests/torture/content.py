"""Bytes that name their writer: any 64 of them tell which operation of which run wrote them, and where."""

LINE = 64
WHO = len("0123abcd 0000000042 ")
"""Of each line, what names the run and the operation."""


def make(seed: int, op: int, length: int) -> bytes:
    """Return the `length` bytes that operation `op` writes in the run `seed`."""
    head = b"%08x %010d %010d " % (seed & 0xFFFFFFFF, op, length)
    tail = b"." * (LINE - len(head) - 11) + b"\n"
    lines = (length + LINE - 1) // LINE
    return b"".join([head + b"%010d" % number + tail for number in range(lines)])[:length]


def slice_of(seed: int, op: int, length: int, start: int, stop: int) -> bytes:
    """Return the bytes `start … stop` of what `make` returns, without making the rest."""
    head = b"%08x %010d %010d " % (seed & 0xFFFFFFFF, op, length)
    tail = b"." * (LINE - len(head) - 11) + b"\n"
    first, last = start // LINE, (min(stop, length) + LINE - 1) // LINE
    lines = b"".join([head + b"%010d" % number + tail for number in range(first, last)])
    return lines[start - first * LINE : min(stop, length) - first * LINE]


def writers(seed: int, data: bytes, start: int) -> set[int | None]:
    """Name the operations whose whole lines are in `data`, which begins at `start`; None is nobody's line."""
    found: set[int | None] = set()
    mine = b"%08x " % (seed & 0xFFFFFFFF)
    for at in range(-start % LINE, len(data) - LINE + 1, LINE):
        who = data[at : at + WHO]
        number = who[len(mine) : -1]
        found.add(int(number) if who.startswith(mine) and number.isdigit() else None)
    return found
