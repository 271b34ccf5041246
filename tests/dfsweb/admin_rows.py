"""The admin's part of `route_walk`: every page of every model, and what its form would do.

Who is no staff is led to the admin's sign-in, whatever the page; a form without its proof is refused before.
"""

from collections.abc import Iterator

from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.test import Client

from accounts.models import User
from tests.dfsweb.rows import STAFF, Row, everybody, signed_in
from tests.files.conftest import person

FORM = "application/x-www-form-urlencoded"
NEW_PASSWORD = "password1=another+staple&password2=another+staple&usable_password=true"
NO_QUOTA = "usage-TOTAL_FORMS=0&usage-INITIAL_FORMS=0"
YES = "post=yes"
ANY = ("GET", "POST", "PUT", "PATCH", "DELETE")

Answers = tuple[int, int, int]
"""Of a clerk, a looker and an administrator."""
ALL_SEE: Answers = (200, 200, 200)
LOOKERS_SEE: Answers = (403, 200, 200)
ADMINS_ALONE: Answers = (403, 403, 200)
NOBODY: Answers = (403, 403, 403)
DONE: Answers = (403, 403, 302)
NO_SUCH: Answers = (404, 404, 404)
LED_ON: Answers = (302, 302, 302)


def page(
    place: str,
    seen: Answers,
    *,
    form: str = "",
    sent: Answers | None = None,
    methods: tuple[str, ...] = ANY,
) -> Iterator[tuple[str, Row]]:
    """Yield the rows of a page: what is seen of it, and what `form` is answered when it is sent."""
    for method in methods:
        clerk, looker, admin = seen if method != "POST" or sent is None else sent
        anonymous = 302 if method == "GET" else 403
        answers = (anonymous, 302, 302, 302, 302, admin)
        body = form if method == "POST" else ""
        yield f"{method} admin/{place}", Row(answers, (clerk, looker), body, FORM)


def model(
    name: str,
    *,
    deed: str,
    add: tuple[str, Answers, Answers] = ("", NOBODY, NOBODY),
    change: tuple[str, Answers],
    delete: tuple[Answers, Answers] = (ADMINS_ALONE, DONE),
) -> Iterator[tuple[str, Row]]:
    """Yield the rows of a model's pages; `deed` is an action of its list."""
    one = f"{name}/<path:object_id>"
    yield from page(f"{name}/", LOOKERS_SEE, form=deed, sent=(403, 200, 302))
    yield from page(f"{name}/add/", add[1], form=add[0], sent=add[2])
    yield from page(f"{one}/change/", LOOKERS_SEE, form=change[0], sent=change[1])
    yield from page(f"{one}/delete/", delete[0], form=YES, sent=delete[1])
    yield from page(f"{one}/history/", LOOKERS_SEE)
    yield from page(f"{one}/", LED_ON)


ROWS: dict[str, Row] = dict(
    [
        *page("", ALL_SEE),
        *page(
            "doctor", ALL_SEE, form="confirm_restore=on", sent=DONE, methods=("GET", "POST")
        ),  # shown to all staff
        *page("^(?P<app_label>auth|accounts|nodes)/$", (404, 200, 200)),
        *page("(?P<url>.*)$", NO_SUCH),
        *page("r/<path:content_type_id>/<path:object_id>/", NO_SUCH),  # nothing has a page outside
        *page("autocomplete/", NOBODY, methods=("GET",)),  # no field asks it
        *page("jsi18n/", ALL_SEE, methods=("GET",)),
        *page("password_change/", LED_ON),  # to one's account
        *page("password_change/done/", ALL_SEE, methods=("GET",)),
        ("GET admin/login/", Row((200, 200, 200, 200, 200, 302), (302, 302))),
        ("HEAD admin/login/", everybody(200)),
        ("POST admin/login/", signed_in(200, anonymous=403)),
        ("PUT admin/login/", signed_in(200, anonymous=403)),
        ("POST admin/logout/", signed_in(302, anonymous=403)),
        *model(
            "auth/group",
            deed=f"action=delete_selected&_selected_action=<group>&{YES}",
            add=("name=new", ADMINS_ALONE, DONE),
            change=("name=other", DONE),
        ),
        *model(
            "accounts/user",
            deed=f"action=delete_selected&_selected_action=<person>&{YES}",
            add=(f"username=new&{NEW_PASSWORD}&{NO_QUOTA}", ADMINS_ALONE, DONE),
            change=(
                f"username=other&is_staff=on&date_joined_0=2026-01-01&date_joined_1=10:00:00&{NO_QUOTA}",
                DONE,
            ),
        ),
        *page("accounts/user/<id>/password/", ADMINS_ALONE, form=NEW_PASSWORD, sent=DONE),
        *model("accounts/token", deed="action=revoke&_selected_action=<a token>", change=("", NOBODY)),
        *model(
            "nodes/node",
            deed="action=drain&_selected_action=<node>&confirmed=yes",
            add=("name=new", ADMINS_ALONE, ADMINS_ALONE),  # it says how a node is added
            change=("zone=other", DONE),
            delete=(NOBODY, NOBODY),
        ),
    ]
)


def places(*, token_id: object, node_id: int) -> dict[str, object]:
    """What stands in the addresses and forms of the admin; the person has no files, and so can be deleted."""
    person_id = User.objects.create_user("newcomer").id
    ids = {
        "auth/group": Group.objects.create(name="family").id,
        "accounts/user": person_id,
        "accounts/token": token_id,
        "nodes/node": node_id,
    }
    kind = ContentType.objects.get_for_model(User).id
    return {
        **{f"{name}/<path:object_id>": f"{name}/{one}" for name, one in ids.items()},
        "accounts/user/<id>": f"accounts/user/{person_id}",
        "r/<path:content_type_id>/<path:object_id>": f"r/{kind}/{person_id}",
        "^(?P<app_label>auth|accounts|nodes)/$": "nodes/",
        "(?P<url>.*)$": "nowhere",
        **dict(zip(("<group>", "<person>", "<a token>", "<node>"), ids.values(), strict=True)),
    }


def staff_clients() -> dict[str, Client]:
    clients = {}
    for name in STAFF:
        user = person(name)
        user.is_staff = True
        user.save()
        if name == "looker":
            user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
        clients[name] = Client()
        clients[name].force_login(user)
    return clients
