"""Says how many bytes something has, the way people read it. Pure."""

SPACE = "\u00a0"  # the font's narrow one is hardly seen
_UNITS = ("kB", "MB", "GB", "TB", "PB")


def in_words(size_bytes: int) -> str:
    """Say a number of bytes in decimal units with two or three figures."""
    if size_bytes < 1000:
        return f"{size_bytes}{SPACE}B"
    power = 1
    while power < len(_UNITS) and size_bytes / 1000**power >= 999.5:
        power += 1
    amount, unit = size_bytes / 1000**power, _UNITS[power - 1]
    figure = f"{amount:.0f}" if unit == "kB" or amount >= 99.95 else f"{amount:.1f}"
    return f"{figure}{SPACE}{unit}"
