"""Every word that a page shows is marked for translation, in whichever language a browser asks for.

No catalogue is needed for that: a translator who only puts brackets round what is handed to him shows what
was not. What people typed is told apart by its Greek letters.
"""

import gettext
import re
import struct
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from uuid import uuid4

import pytest
from django.apps import apps
from django.conf import settings
from django.test import Client
from django.utils import timezone, translation
from django.utils.translation import trans_real

from accounts import tokens
from accounts.models import Token, Usage, User
from dfsweb.faults import LINKS
from nodes import doctor, findings, safety
from nodes.models import Node, Upkeep, Watermark
from nodes.problems import Code
from tests.accounts.conftest import person
from tests.files.conftest import write_file

pytestmark = pytest.mark.django_db
SPOKEN = ("aria-label", "title", "placeholder", "alt", "data-ask", "data-ask-words")
SILENT = {"script", "style", "svg", "kbd", "code", "noscript"}
# Names and figures, and what is the same in every language.
SAME = "dfsweb|English|Esperanto|dfs login|http|testserver|jpg|SHA-256"
DJANGOS = {"Search"}  # what Django's admin forgets to hand over
NO_WORDS = re.compile(rf"[\W\d_]|[\u0370-\u03ff]+|{SAME}|\b(?:kB|MB|GB|TB|B|ms|h|UTC)\b")


class Brackets(trans_real.DjangoTranslation):
    """Puts brackets round all that is handed over."""

    def __init__(self) -> None:
        super().__init__("eo")

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧" if message else ""

    def ngettext(self, one: str, many: str, count: int) -> str:
        return f"⟦{one if count == 1 else many}⟧"


@pytest.fixture
def spoken(settings) -> Iterator[None]:
    settings.LANGUAGES = [("en", "English"), ("eo", "Esperanto")]
    trans_real._translations["eo"] = Brackets()
    yield
    trans_real._translations.pop("eo", None)


class Words(HTMLParser):
    """Collects what of a page a person reads or hears."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "link", "input", "img", "hr", "br", "use", "path", "rect"):
            self._open.append(tag)
        self.found += [value for name, value in attributes if name in SPOKEN and value]

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not SILENT.intersection(self._open):
            self.found.append(data)


def unmarked(page: str) -> set[str]:
    """Return what a reader sees of a page outside of the brackets; they may hold tags, and each other."""
    found = 1
    while found:
        page, found = re.subn("⟦[^⟦⟧]*⟧", " ", page)
    texts = Words(page).found
    return {text.strip() for text in texts if NO_WORDS.sub("", text)}


PAGES = (
    *("/account", "/account/security", "/account/tokens", "/account/room", "/account/look"),
    *("/", "/shared", "/recent", "/starred", "/trash", "/search?q=x"),
    *("/sign-in", "/register", "/password-reset", "/password-reset/sent", "/password-reset/MQ/old"),
    *("/confirm-email/made-up", "/nothing-here", f"{LINKS}made-up"),
)


@pytest.fixture
def browser(spoken):
    user = person("μαρία", email="α@β.γ", is_staff=True)
    tokens.create(user, name="φορητός")
    for number in (1, 2):
        write_file(user, "/καλοκαίρι/λίμνη.jpg", size=number)
    client = Client(headers={"accept-language": "eo"})
    client.force_login(user)
    return client


@pytest.mark.parametrize("path", PAGES)
def test_every_word_of_a_page_is_handed_to_the_translator(browser, path):
    page = browser.get(path, follow=True).text

    assert '<html lang="eo"' in page
    assert unmarked(page) == set()
    assert not re.findall(r'="[-.\d]+,\d+"', page), "figures for drawings are not said in a language"


@pytest.mark.parametrize("deed", ["doctor", "node/", "node/add/", "drain"])
def test_our_own_pages_of_the_admin_are_handed_to_the_translator(browser, settings, deed):
    settings.CLUSTER_SECRET = "ab" * 32
    User.objects.filter(username="μαρία").update(is_superuser=True)
    gone = {"health": Node.Health.OFFLINE, "failing_since": timezone.now()}
    node = Node.objects.create(store_id=uuid4(), name="κόμβος", zone="ζώνη", url="http://testserver", **gone)
    if deed == "drain":
        page = browser.post("/admin/nodes/node/", {"action": deed, "_selected_action": [node.pk]}).text
    else:
        page = browser.get("/admin/doctor" if deed == "doctor" else f"/admin/nodes/{deed}").text

    assert unmarked(page[page.index("<h1>") : page.index("</main>")]) - DJANGOS == set()


def test_what_the_admin_calls_its_models_and_their_fields_is_handed_to_the_translator(spoken):
    fields = [field for field in Node._meta.fields if not field.primary_key]
    fields.append(Usage._meta.get_field("quota_bytes"))
    with translation.override("eo"):
        words = [word for field in fields for word in (field.verbose_name, field.help_text)]
        words += [model._meta.verbose_name_plural for model in (Node, Token, Usage)]
        words += [apps.get_app_config(name).verbose_name for name in ("accounts", "nodes")]

        assert unmarked(" ".join(map(str, words))) == set()


def sick_facts() -> findings.Facts:
    """Everything is wrong at once, as far as that goes together."""
    now = timezone.now()
    long_ago = now - timedelta(days=400)
    gone = {"health": Node.Health.OFFLINE, "problem": "λόγος", "failing_since": now}
    there = {"health": Node.Health.ONLINE, "capacity_bytes": 100, "filesystem_id": "δίσκος"}
    nodes = [
        Node(pk=1, problem_code="wrong_store", **gone),
        Node(pk=2, problem_code="marker_lost", **gone),
        Node(pk=3, problem_code="clock_skew", **gone),
        Node(pk=4, duty=Node.Duty.ACTIVE, clock_skew_seconds=-90, quarantined=2, **there),
        Node(pk=5, duty=Node.Duty.ACTIVE, clock_skew_seconds=90, quarantined=1, **there),
        Node(pk=6, health=Node.Health.SUSPECT, failing_since=now),
    ]
    for node in nodes:
        node.name, node.zone, node.created_at = f"κόμβος-{node.pk}", f"ζώνη-{node.pk}", long_ago
        node.url = node.clone_url = "http://testserver"
    return findings.Facts(
        now=now,
        own_skew_seconds=90,
        nodes=nodes,
        queue=findings.Queue(9, 5, long_ago, long_ago, thin=9, fewest_seen=0, bytes_left=9, lost=2),
        held={6: 3},
        counted_at=long_ago,
        same_zone=2,
        unavailable=2,
        settled_at=None,
        recount_corrected_at=now,
        condemned_overdue=2,
        is_reclaim_brake_on=True,
        doubt=safety.words_of(3, 6),
        went_back=Watermark(seen_by="κόμβος", seen_number=3, number=2),
        cloned=nodes[:1],
        scrub_overdue={4: long_ago},
        upkeep={5: Upkeep(pass_problem="λόγος", pass_ended_at=long_ago)},
        orphans={4: 2, 5: 1},
        is_orphans_brake_on=True,
        surplus_held_back=2,
    )


def test_every_problem_of_a_cluster_and_what_to_do_is_handed_to_the_translator(spoken):
    with translation.override("eo"):
        problems = doctor.diagnose(sick_facts())

        assert {problem.code for problem in problems} == set(Code) - {Code.TOO_FEW_NODES}
        for problem in problems:
            assert unmarked(f"{problem.detail} {problem.outlook} {problem.advice}") == set(), problem.code
    with translation.override("en"):
        assert "⟦" not in "".join(problem.advice for problem in problems)


@pytest.fixture
def catalogue(settings, tmp_path):
    """A language with two words, as `make messages` leaves it."""
    folder = tmp_path / "eo" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    head = {"": "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n"}
    (folder / "django.mo").write_bytes(compiled(head | {"Sign in": "Ensaluti"}))
    (folder / "djangojs.mo").write_bytes(compiled(head | {"New folder": "Nova dosierujo"}))
    settings.LOCALE_PATHS = [tmp_path]
    settings.LANGUAGES = [("en", "English"), ("eo", "Esperanto")]


def compiled(messages: dict[str, str]) -> bytes:
    """Write a catalogue as GNU gettext keeps it: two tables of lengths and places, then the texts."""
    pairs = sorted((key.encode(), value.encode()) for key, value in messages.items())
    place, tables, texts = 28 + 16 * len(pairs), b"", b""
    for text in [key for key, _value in pairs] + [value for _key, value in pairs]:
        tables += struct.pack("<II", len(text), place + len(texts))
        texts += text + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, place)
    return head + tables + texts


@pytest.mark.parametrize("path", sorted(settings.BASE_DIR.glob("locale/*/LC_MESSAGES/*.mo")), ids=str)
def test_a_catalogue_keeps_the_facts_and_the_tags_of_every_sentence(path):
    with path.open("rb") as file:
        messages = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]

    assert len(messages) > 100
    facts = re.compile(r"%\(\w+\)s|</?\w+")
    sentences = {key: said for key, said in messages.items() if isinstance(key, str) and key}
    for key, said in sentences.items():
        assert sorted(facts.findall(key)) == sorted(facts.findall(said)), key


def test_a_page_speaks_the_language_a_browser_asks_for_and_english_where_a_word_is_missing(catalogue):
    asked = Client(headers={"accept-language": "eo, en;q=0.5"}).get("/sign-in")
    other = Client(headers={"accept-language": "fr"}).get("/sign-in")

    assert "<h1>Ensaluti</h1>" in asked.text and "Stay signed in" in asked.text
    assert (asked["Content-Language"], other["Content-Language"]) == ("eo", "en")
    assert "<h1>Sign in</h1>" in other.text
    assert {"Accept-Language", "Cookie"} <= set(asked["Vary"].split(", "))


def test_what_a_person_chose_goes_before_what_the_browser_asks_for(catalogue):
    client = Client(headers={"accept-language": "fr"})
    client.force_login(person("marie"))

    reply = client.post("/account/look", {"deed": "look", "theme": "system", "language": "eo"}, follow=True)

    assert '<html lang="eo"' in reply.text and 'src="/words.js?eo"' in reply.text
    client.post("/account/look", {"deed": "look", "theme": "system", "language": ""})
    assert '<html lang="en"' in client.get("/account/look").text
    assert (
        client.post("/account/look", {"deed": "look", "theme": "dark", "language": "xx"})
        .context["forms"]["look"]
        .errors
    )


def test_scripts_get_their_words_as_a_script_that_the_content_policy_allows(catalogue):
    reply = Client(headers={"accept-language": "eo"}).get("/words.js")

    assert reply["Content-Type"].startswith("text/javascript")
    assert "Nova dosierujo" in reply.text
    assert "eval(" not in reply.text and "new Function" not in reply.text


def test_the_language_of_one_request_is_gone_with_it(catalogue):
    Client(headers={"accept-language": "eo"}).get("/sign-in")
    token = tokens.create(person("marie"))[1]

    Client(headers={"accept-language": "eo", "authorization": f"Token {token}"}).get("/api/v1/me")

    assert translation.get_language() == "en"


def test_in_english_no_catalogue_is_loaded(client):
    client.force_login(person("marie"))

    assert "/words.js" not in client.get("/account").text
