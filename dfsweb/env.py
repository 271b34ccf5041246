"""Reads settings from the environment; one that cannot be read ends the start in a sentence with the way out.

It repeats no address, nor what was wrong in it: a password stands in many.
"""

import ipaddress
import logging
import math
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_YES = {"1", "true", "on", "ok", "y", "yes"}
_NO = {"0", "false", "off", "n", "no", ""}
_REDIS_SCHEMES = {"redis", "rediss", "unix"}


def _read_whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text!r} is no whole number; write one in digits alone") from None


def _read_number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{text!r} is no number; write one such as 60 or 0.5, without its unit")
    return number


def _read_count(text: str) -> int:
    number = _read_whole(text)
    if number < 1:
        raise ValueError(f"{text!r} is below 1; write 1 or more")
    return number


def _read_interval(text: str) -> float:
    number = _read_number(text)
    if number <= 0:
        raise ValueError(f"{text!r} is not above 0; write seconds such as 5 or 0.5")
    return number


def _read_yes_or_no(text: str) -> bool:
    word = text.strip().lower()
    if word not in _YES | _NO:
        raise ValueError(f"{text!r} is neither yes nor no; write 1 or 0")
    return word in _YES


def _read_networks(text: str) -> list[Network]:
    try:
        return [ipaddress.ip_network(network.strip()) for network in text.split(",") if network]
    except ValueError as error:
        way_out = "write networks such as 192.0.2.0/24 or 2001:db8::/32, with commas between them"
        raise ValueError(f"{error}; {way_out}") from None


def _read_level(text: str) -> str:
    if text not in logging.getLevelNamesMapping():
        raise ValueError(f"{text!r} is no level; write DEBUG, INFO, WARNING, ERROR or CRITICAL")
    return text


def _read_database(url: str) -> Any:
    return _read_address(url, environ.Env.POSTGRES_FAMILY, environ.Env.db_url_config, "postgres://…/dfsweb")


def _read_email(url: str) -> Any:
    return _read_address(url, environ.Env.EMAIL_SCHEMES, environ.Env.email_url_config, "smtp+tls://…:587")


def _read_redis(url: str) -> str:
    _read_address(url, _REDIS_SCHEMES, lambda url: urlsplit(url).port, "redis://…:6379/0")
    return url


def _read_address(url: str, schemes: Iterable[str], parse: Callable[[str], Any], example: str) -> Any:
    scheme = url.partition("://")[0].lower()
    try:
        if scheme in schemes:
            return parse(url)
        raise ValueError
    except ValueError:
        way_out = f"write one such as {example}, with %2F for a / in its password, %40 for an @ and so on"
        raise ValueError(f"this is no address that can be read; {way_out}") from None


_READERS: dict[Any, Callable[[str], Any]] = {bool: _read_yes_or_no, int: _read_whole, float: _read_number}
"""Stricter than what `environ` does for them, which takes `25h` for 25 and `ture` for no."""


class Env(environ.Env):  # type: ignore[misc]
    """Errors, of every method: ImproperlyConfigured."""

    def count(self, name: str, default: int) -> int:
        """At least one."""
        return int(self._parse(name, str(default), _read_count))

    def interval(self, name: str, default: float) -> float:
        """Seconds, above zero."""
        return float(self._parse(name, str(default), _read_interval))

    def networks(self, name: str, default: str) -> list[Network]:
        read: list[Network] = self._parse(name, default, _read_networks)
        return read

    def level(self, name: str, default: str) -> str:
        return str(self._parse(name, default, _read_level))

    def db(self, name: str, default: str) -> dict[str, Any]:
        read: dict[str, Any] = self._parse(name, default, _read_database)
        return read

    def email_url(self, name: str, default: str) -> dict[str, Any]:
        read: dict[str, Any] = self._parse(name, default, _read_email)
        return read

    def redis_url(self, name: str, default: str) -> str:
        return str(self._parse(name, default, _read_redis))

    def get_value(self, var: str, *args: Any, **kwargs: Any) -> Any:
        """Read any setting: every other method comes here."""
        try:
            return super().get_value(var, *args, **kwargs)
        except ValueError as error:
            raise ImproperlyConfigured(f"{var}: {error}.") from None

    @classmethod
    def parse_value(cls, value: str, cast: Any) -> Any:
        return super().parse_value(value, _READERS.get(cast, cast))

    def _parse(self, name: str, default: str, read: Callable[[str], Any]) -> Any:
        return self.get_value(name, cast=read, default=default, parse_default=True)
