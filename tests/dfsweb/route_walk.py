"""Every address there is, found in the URLconf itself, with every method, and kinds of visitor who ask.

A new route fails in `test_every_route` until it has its row in ROWS: what each visitor is answered. They are
asked in a world (`made_world`) where the owner shares an album with a viewer and an editor; the admin owns
nothing of it. Two tokens of the owner are bound to folders, one around the album and one beside it, and two
visitors have lost what they had, a share of the album and a token of the owner: what they are answered
follows from the same rows. The admin's pages have theirs in `admin_rows`, for two kinds of staff besides.
"""

import json
from base64 import b64encode
from collections.abc import Iterator
from copy import deepcopy
from types import SimpleNamespace
from urllib.parse import quote
from uuid import uuid4

from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts import invitations, sessions, tokens
from accounts.models import User
from files import links, resumable, sharing, tree, urls
from files.models import Entry
from files.sharing import LinkTerms
from files.tus import Wanted
from nodes.models import Node
from tests.dfsweb import admin_rows
from tests.dfsweb.rows import (
    VISITORS,
    Row,
    editors,
    everybody,
    owner_alone,
    readers,
    row,
    signed_in,
    staff,
)
from tests.files.conftest import person, write_file

BOUND = {"bound beside": "/beside", "bound around": "/private"}
"""Tokens of the owner, and the folder that each may reach."""
LOST = {"was an editor": "stranger", "had a token": "anonymous"}
"""Visitors who have lost what they had, and as whom they are answered since."""
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
FORM = "multipart/form-data; boundary=line"
EMPTY_FILE = (
    b'--line\r\nContent-Disposition: form-data; name="file"; filename="new.txt"\r\n\r\n\r\n--line--\r\n'
)
NOT_CHANGED = {"If-None-Match": "*"}  # 304 says that the bytes would be sent
CHANGED = {"If-Match": '"another"'}  # 412 says that the bytes would be taken
TUS = {"Tus-Resumable": "1.0.0"}


ENTRY = "api/v1/entries/<uuid:entry_id>"
UPLOAD = "api/v1/uploads/<uuid:upload_id>"
NODE = "api/v1/nodes/<int:node_id>"
LINK = "s/<str:token>"
FOR_NODES = "api/v1/nodes/announce"
"""Whoever comes without the join token is nobody there."""
FOLDER_PAGE, ENTRY_PAGE = "files/<uuid:folder_id>", "files/<uuid:entry_id>"

ROWS: dict[str, Row] = admin_rows.ROWS | {
    # who one is
    "GET api/v1/me": signed_in(200),
    "POST api/v1/auth/register": everybody(422),
    "GET api/v1/auth/tokens": signed_in(200),
    "POST api/v1/auth/tokens": everybody(422),  # a password is asked for, whoever is signed in
    "DELETE api/v1/auth/tokens/<uuid:token_id>": owner_alone(204),
    "POST api/v1/auth/password": signed_in(422),
    "POST api/v1/auth/password-reset": everybody(422),
    "GET api/v1/auth/sessions": signed_in(200),
    "DELETE api/v1/auth/sessions/<uuid:session_id>": owner_alone(204),
    "GET api/v1/auth/invitations": staff(200),
    "POST api/v1/auth/invitations": staff(201),
    "DELETE api/v1/auth/invitations/<uuid:invitation_id>": staff(204),
    # the tree: `entry_id` is a file in the shared album
    "GET api/v1/entries": signed_in(200),
    "POST api/v1/entries": editors(201, body={"kind": "folder", "name": "new", "parent": "{album}"}),
    f"GET {ENTRY}": readers(200),
    f"PATCH {ENTRY}": editors(200, body={"name": "new"}),
    f"DELETE {ENTRY}": editors(200),
    f"POST {ENTRY}/copy": readers(201),
    f"POST {ENTRY}/restore": readers(409),
    f"GET {ENTRY}/manifest": readers(200),
    f"POST {ENTRY}/verify": readers(200),
    f"GET {ENTRY}/content": readers(304, **NOT_CHANGED),
    f"PUT {ENTRY}/content": editors(412, **CHANGED),
    f"GET {ENTRY}/versions": readers(200),
    f"DELETE {ENTRY}/versions/<int:number>": owner_alone(204, shared=403),
    f"GET {ENTRY}/versions/<int:number>/content": readers(304, **NOT_CHANGED),
    f"POST {ENTRY}/versions/<int:number>/restore": editors(200),
    f"GET {ENTRY}/shares": owner_alone(200, shared=403),
    f"POST {ENTRY}/shares": owner_alone(201, shared=403, body={"user": "stranger", "role": "viewer"}),
    f"GET {ENTRY}/archive": readers(409),  # it is a file
    f"HEAD {ENTRY}/archive": readers(409),
    "POST api/v1/batch": signed_in(
        200, body={"operation": "trash", "ids": ["{album}"]}
    ),  # each has its answer
    "GET api/v1/changes": signed_in(200),
    "DELETE api/v1/trash": signed_in(200),
    "GET api/v1/shares": signed_in(200),
    "GET api/v1/shares/<uuid:share_id>": owner_alone(200),
    "PATCH api/v1/shares/<uuid:share_id>": owner_alone(200, body={"role": "view"}),
    "DELETE api/v1/shares/<uuid:share_id>": owner_alone(204),
    # a path leads through one's own tree
    "GET api/v1/paths": signed_in(200),
    "GET api/v1/paths/": signed_in(200),
    "GET api/v1/paths/<path:path>": owner_alone(200),
    "GET api/v1/content/<path:path>": owner_alone(304, **NOT_CHANGED),
    "PUT api/v1/content/<path:path>": owner_alone(412, **CHANGED),
    "DELETE api/v1/content/<path:path>": owner_alone(200),
    # uploads
    "GET api/v1/uploads": signed_in(200),
    "POST api/v1/uploads": editors(
        201, body=b"", Upload_Length="5", Upload_Metadata="filename bmV3,parent {album_base64}", **TUS
    ),
    f"HEAD {UPLOAD}": owner_alone(200, **TUS),
    f"PATCH {UPLOAD}": owner_alone(
        409, body=b"x", content_type="application/offset+octet-stream", Upload_Offset="3", **TUS
    ),
    f"DELETE {UPLOAD}": owner_alone(204, **TUS),
    f"POST {UPLOAD}": signed_in(400),  # it stands for no other method
    # the cluster
    "GET api/v1/cluster": signed_in(200),
    "POST api/v1/cluster/confirm-restore": staff(200),
    "GET api/v1/nodes": staff(200),
    "GET api/v1/nodes/rebalance": staff(200),
    "POST api/v1/nodes/rebalance": staff(202),
    f"POST {FOR_NODES}": everybody(401),  # the join token is asked for
    f"GET {NODE}": staff(200),
    f"POST {NODE}/activate": staff(200),
    f"POST {NODE}/drain": staff(200),
    f"POST {NODE}/retire": staff(409),
    f"GET {NODE}/scrub": staff(200),
    f"POST {NODE}/scrub": staff(200),
    "GET healthz": everybody(200),
    "GET readyz": everybody(503),  # no storage node is at hand here
    "GET metrics": everybody(401),  # the scrape token is asked for
    "GET api/schema": everybody(200),
    "GET api/docs": everybody(200),
    # public links: everybody is answered alike
    f"GET {LINK}": everybody(200),
    f"POST {LINK}": everybody(403),  # a password, and it has none
    f"GET {LINK}/folders/<uuid:folder_id>": everybody(200),
    f"GET {LINK}/content/<uuid:entry_id>": everybody(304, **NOT_CHANGED),
    f"GET {LINK}/files/": everybody(200),
    f"GET {LINK}/files/<path:below>": everybody(304, **NOT_CHANGED),
    f"GET {LINK}/archive/<uuid:entry_id>": everybody(409),  # it is a file
    f"POST {LINK}/upload": everybody(404, body=EMPTY_FILE, content_type=FORM),
    # pages
    "GET ": signed_in(302, anonymous=302),
    f"GET {FOLDER_PAGE}": readers(200, anonymous=302),
    f"GET {FOLDER_PAGE}/place": readers(200, anonymous=302),
    f"GET {FOLDER_PAGE}/news": readers(400, anonymous=302),  # since when, it does not say
    f"POST {FOLDER_PAGE}/taken": readers(200, anonymous=403, body={"names": ["a"]}),
    f"POST {FOLDER_PAGE}/upload": editors(302, anonymous=302, body=EMPTY_FILE, content_type=FORM),
    "POST files/rows": signed_in(200, anonymous=403, body={"ids": []}),
    "POST archive": signed_in(404, anonymous=403),  # it names nothing
    f"GET {ENTRY_PAGE}/details": readers(200, anonymous=302),
    f"GET {ENTRY_PAGE}/activity": readers(200, anonymous=302),
    "GET shared": signed_in(200, anonymous=302),
    "GET recent": signed_in(200, anonymous=302),
    "GET starred": signed_in(200, anonymous=302),
    f"GET {ENTRY_PAGE}/thumbnail": readers(202, anonymous=302),
    f"GET {ENTRY_PAGE}/versions": readers(200, anonymous=302),
    "GET search": signed_in(200, anonymous=302),
    "GET now": signed_in(200, anonymous=302),
    "GET trash": signed_in(200, anonymous=302),
    "GET cluster": staff(200, anonymous=302, other=404),
    "GET cluster/nodes/<int:node_id>/risk": staff(200, anonymous=302, other=404),
    "GET room": signed_in(200, anonymous=302),
    "GET words.js": everybody(200),
    # one's own account: a page with no form sent is only shown again
    "GET account": signed_in(200, anonymous=302),
    "POST account": signed_in(200, anonymous=403),
    "GET account/security": signed_in(200, anonymous=302),
    "POST account/security": signed_in(200, anonymous=403),
    "POST account/sessions/<uuid:session_id>/end": row(403, 404, 404, 404, 302, 404),
    "GET account/tokens": signed_in(200, anonymous=302),
    "POST account/tokens": signed_in(200, anonymous=403),
    "POST account/tokens/<uuid:token_id>/revoke": row(403, 404, 404, 404, 302, 404),
    "GET account/room": signed_in(200, anonymous=302),
    "GET account/look": signed_in(200, anonymous=302),
    "POST account/look": signed_in(200, anonymous=403),
    "GET sign-in": everybody(200),
    "POST sign-in": signed_in(200, anonymous=403),
    "PUT sign-in": signed_in(200, anonymous=403),
    "POST sign-out": signed_in(302, anonymous=403),
    "GET confirm-email/<str:proof>": everybody(200),
    "POST confirm-email/<str:proof>": signed_in(200, anonymous=403),
    "GET password-reset": everybody(200),
    "POST password-reset": signed_in(200, anonymous=403),
    "PUT password-reset": signed_in(200, anonymous=403),
    "GET password-reset/sent": everybody(200),
    "GET password-reset/<uidb64>/<token>": everybody(200),
    "POST password-reset/<uidb64>/<token>": signed_in(200, anonymous=403),
    "PUT password-reset/<uidb64>/<token>": signed_in(200, anonymous=403),
    "PATCH password-reset/<uidb64>/<token>": signed_in(200, anonymous=403),  # says that the link is no good
    "DELETE password-reset/<uidb64>/<token>": signed_in(200, anonymous=403),
    "GET register": everybody(200),
    "POST register": signed_in(200, anonymous=403),
    "PUT register": signed_in(200, anonymous=403),
}


def routes(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, prefix + str(pattern.pattern))
        elif isinstance(pattern, URLPattern):
            yield prefix + str(pattern.pattern)


def row_of(method: str, route: str) -> Row | None:
    """Return the row of a request; HEAD is answered as GET is, unless it has one of its own."""
    also = ROWS.get(f"GET {route}") if method == "HEAD" else None
    return ROWS.get(f"{method} {route}", also)


OF_TREE = {f"api/v1/{pattern.pattern}" for pattern in urls.urlpatterns}
ROUTES = sorted(set(routes(get_resolver())))


def made_world():
    """What the rows speak of, and a client for each visitor."""
    people = {name: person(name) for name in VISITORS[1:]}
    people["admin"].is_staff = people["admin"].is_superuser = True
    people["admin"].save()
    owner = people["owner"]
    file = write_file(owner, "/private/album/a.jpg", size=1)
    write_file(owner, "/private/album/a.jpg", size=2)
    album = Entry.objects.get(name="album")
    for name in ("viewer", "editor"):
        sharing.share_with(owner, album.id, role=name, username=name)
    link = sharing.make_link(owner, album.id, role="download", terms=LinkTerms())
    upload = resumable.create(owner, Wanted(filename="b", parent_id=album.id), length=9).upload
    node = Node.objects.create(
        name="node-a", store_id=uuid4(), url="http://127.0.0.1:1", zone="a", duty=Node.Duty.ACTIVE
    )
    places = {
        "<uuid:entry_id>": file.id,
        "<uuid:folder_id>": album.id,
        "<uuid:token_id>": tokens.create(owner)[0].id,
        "<uuid:share_id>": link.id,
        "<uuid:upload_id>": upload.id,
        "<int:node_id>": node.id,
        "<int:number>": 1,
        "<str:token>": links.token_of(link.id),
        "<path:path>": "private/album/a.jpg",
        "<path:below>": "a.jpg",
        "<str:proof>": "made-up",
        "<uidb64>": "MQ",
        "<token>": "made-up",
        "<uuid:invitation_id>": invitations.invite(people["admin"]).id,
    }
    clients = {"anonymous": Client(enforce_csrf_checks=True)}
    for name, user in people.items():
        clients[name] = Client()
        clients[name].force_login(user)
    clients |= admin_rows.staff_clients()
    places = admin_rows.places(token_id=places["<uuid:token_id>"], node_id=node.id) | places
    places["<uuid:session_id>"] = sessions.of(owner)[0].id
    clients |= {"was an editor": was_editor(owner, album), "had a token": had_token(owner)}
    for name, path in BOUND.items():
        folder_id, _ = tree.create_folder_at(owner, path, parents=True)
        text = tokens.create(owner, folder_id=folder_id)[1]
        clients[name] = Client(enforce_csrf_checks=True, headers={"Authorization": f"Token {text}"})
    return SimpleNamespace(places=places, clients=clients, album=album)


def was_editor(owner, album):
    """Somebody who was let in, has been there, and was put out again."""
    person("former")
    share, _ = sharing.share_with(owner, album.id, role="editor", username="former")
    client = Client()
    client.force_login(User.objects.get(username="former"))
    assert client.get(f"/api/v1/entries/{album.id}").status_code == 200
    sharing.revoke(owner, share.id)
    return client


def had_token(owner):
    """A token of the owner's that was good, and was taken back."""
    token, text = tokens.create(owner)
    client = Client(enforce_csrf_checks=True, headers={"Authorization": f"Token {text}"})
    assert client.get("/api/v1/me").status_code == 200
    tokens.revoke(owner, token.id)
    return client


def ask(world, visitor: str, method: str, route: str, row: Row | None):
    """Send a request and undo what it did."""
    with transaction.atomic():
        reply = send(world, visitor, method, route, row)
        transaction.set_rollback(True)
    return reply


def filled(text: str, places: dict[str, object]) -> str:
    for place, value in places.items():
        text = text.replace(place, quote(str(value)))
    return text


def send(world, visitor: str, method: str, route: str, row: Row | None):
    """Send a request; whoever is signed in stays so."""
    address = filled(f"/{route}", world.places)
    assert "<" not in address, f"{address}: say in `world` what stands there"
    row = row or Row(())
    album = str(world.album.id)
    body, headers = row.body, dict(row.headers)
    if isinstance(body, str):
        body = filled(body, world.places)
    if isinstance(body, dict):
        body = json.dumps(body).replace("{album}", album)
    if "Upload-Metadata" in headers:
        encoded = b64encode(album.encode()).decode()
        headers["Upload-Metadata"] = headers["Upload-Metadata"].format(album_base64=encoded)
    client = world.clients[visitor]
    cookies = deepcopy(client.cookies)
    reply = client.generic(method, address, body, content_type=row.content_type, headers=headers)
    client.cookies = cookies
    return reply


def requests(within: str = "") -> Iterator[tuple[str, str, Row | None]]:
    """Yield every method at every route below a prefix, with its row where it has one."""
    for route in ROUTES:
        if route.startswith(within):
            for method in METHODS:
                yield method, route, row_of(method, route)


def answer_to_bound(visitor: str, route: str, row: Row) -> int:
    """Say what a bound token is answered: in its folder as its owner, elsewhere in the tree as a stranger."""
    answers = dict(zip(VISITORS, row.answers, strict=True))
    anonymous = answers["anonymous"]
    is_of_tree = route in OF_TREE and route not in ("api/v1/changes", "api/v1/auth/tokens")
    if not is_of_tree:  # pages know no tokens; what concerns the account and the cluster is refused
        is_known = route.startswith("api/v1/") and route != FOR_NODES
        return 403 if is_known and anonymous == 401 else anonymous
    if visitor == "bound beside" or route.endswith("<path:path>"):  # paths begin at its folder
        return answers["stranger"]
    return answers["owner"]


def is_right(reply, visitor: str, route: str, expected: int | None) -> bool:
    """Tell whether this is the answer expected; without one, that there is no such method for anybody."""
    is_anonymous = visitor == "anonymous" or route == FOR_NODES
    known = reply.status_code == expected
    if expected is None:  # who may not come in at all is told that first
        known = reply.status_code in ({401, 302, 403, 405} if is_anonymous else {302, 403, 405})
    if route.startswith("api/") and reply.status_code >= 400 and reply.request["REQUEST_METHOD"] != "HEAD":
        known = known and reply["Content-Type"] == "application/problem+json"
    if is_anonymous and route.startswith("api/v1"):
        known = known and "no-store" in reply["Cache-Control"]
    if is_anonymous and reply.status_code == 302 and not route.startswith("s/"):
        to_sign_in = reply["Location"].startswith(("/sign-in", "/admin/login/"))
        known = known and (to_sign_in or (route, reply["Location"]) == ("admin/logout/", "/admin/"))
    return known
