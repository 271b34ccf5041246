"""Who knows the password of an account; and how often one address may guess at it."""

import ipaddress
from collections.abc import Iterable

from django.conf import settings
from django.contrib.auth import authenticate
from django.http import HttpRequest

from accounts import attempts, confirmation
from accounts.errors import SignInRefused
from accounts.models import User

WINDOW_SECONDS = 300


def verify(*, username: str, password: str, address: str) -> User:
    """Return the account that this password opens.

    Raises SignInRefused, TooManyAttempts or EmailUnconfirmed.
    """
    guessed_at = _spelled_alike(address, username)
    attempts.count("sign-in", guessed_at, attempts.Limit(settings.SIGN_IN_ATTEMPTS, WINDOW_SECONDS))
    user = authenticate(username=username, password=password)
    if not isinstance(user, User):
        raise SignInRefused
    attempts.forget("sign-in", guessed_at)
    confirmation.require(user)
    return user


def address_of(request: HttpRequest) -> str:
    """Return the client's address: what the nearest proxy that we do not trust, or the client itself, has.

    What a proxy tells instead of an address is not believed: then it is the proxy's own.
    """
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    address: str = request.META.get("REMOTE_ADDR", "")
    while hops and is_within(address, settings.TRUSTED_PROXIES):
        hop = hops.pop().strip()
        told = _read_address(hop)
        if told is None and hop:
            break
        address = address if told is None else str(told)
    return address


def is_within(address: str, networks: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    """Tell whether an address lies in one of these networks; what is no address lies in none."""
    parsed = _read_address(address)
    return parsed is not None and any(parsed in network for network in networks)


def site_of(request: HttpRequest) -> str:
    """Return the address of this site as its visitor has it, without a slash at its end."""
    return request.build_absolute_uri("/").rstrip("/")


def _spelled_alike(address: str, username: str) -> str:
    """Spellings that the database takes for one name count together, “ı” and “i” as well."""
    return f"{address}\n{username.upper().casefold()}"


def _read_address(hop: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Read an address; some proxies put brackets around it and a port behind, and IPv4 comes within IPv6."""
    host = hop
    if hop.startswith("["):
        host = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        host = hop.partition(":")[0]
    try:
        parsed = ipaddress.ip_address(host.partition("%")[0])  # behind it stands any text, a zone
    except ValueError:
        return None
    return getattr(parsed, "ipv4_mapped", None) or parsed
