"""Says in a few words what a browser says of itself at length. Pure.

Browsers name others before themselves, so the first one found here is meant. Nothing is decided by it.
"""

from dataclasses import dataclass

from django.utils.translation import gettext as _

_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
LONGEST_WORDS = 60
"""Characters of what names itself otherwise."""
_HELD_IN_A_HAND = frozenset({"iPhone", "iPad", "Android"})


@dataclass(frozen=True, slots=True)
class Agent:
    words: str
    is_mobile: bool


def describe(agent: str) -> Agent:
    """Name the browser and the system of a User-Agent header, as far as they are known."""
    browser = next((name for sign, name in _BROWSERS if sign in agent), "")
    system = next((name for sign, name in _SYSTEMS if sign in agent), "")
    if browser and system:
        words = _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    else:
        words = browser or system or _first_word(agent) or _("A browser that says nothing of itself")
    return Agent(words, system in _HELD_IN_A_HAND)


def _first_word(agent: str) -> str:
    """Return by what a program names itself, if one can read it."""
    name = "".join(letter for letter in agent.partition("/")[0] if letter.isprintable())
    return name.strip()[:LONGEST_WORDS].strip()
