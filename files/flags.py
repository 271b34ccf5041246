"""Reads yes-or-no parameters of an address. Pure."""

from collections.abc import Mapping

from files.errors import Invalid

_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off"})


def is_set(parameters: Mapping[str, str], name: str) -> bool:
    """Tell whether a parameter says yes; it says no when it is left out. Raises Invalid for neither."""
    value = parameters.get(name, "false").lower()
    if value not in _YES | _NO:
        raise Invalid(f"{name} is true or false.", field=name)
    return value in _YES
