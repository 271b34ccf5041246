"""The table of routes. A route that says nothing about access takes signed requests alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from storagenode.app.access import Access, Body, Rules
from storagenode.app.doors import Doors
from storagenode.app.replies import Reply
from storagenode.app.requests import Request
from storagenode.errors import MethodNotAllowed, NoSuchRoute

CHUNK_PATH = "/v1/chunks/"
SIGNED = Rules()


@dataclass(frozen=True)
class Route:
    """What happens at one method of one path."""

    door: Callable[[Doors, Request], Reply]
    rules: Rules = SIGNED


ROUTES: dict[str, dict[str, Route]] = {
    CHUNK_PATH + "{name}": {
        "PUT": Route(Doors.put_chunk, Rules(body=Body.CHUNK)),
        "GET": Route(Doors.get_chunk),
        "HEAD": Route(Doors.head_chunk),
        "DELETE": Route(Doors.delete_chunk, Rules(is_once=True)),
    },
    "/v1/chunks": {"GET": Route(Doors.list_chunks)},
    "/v1/verify": {"POST": Route(Doors.verify, Rules(body=Body.JSON))},
    "/v1/quarantine": {"POST": Route(Doors.quarantine, Rules(body=Body.JSON))},
    "/v1/probe": {"POST": Route(Doors.probe, Rules(body=Body.JSON))},
    "/v1/status": {"GET": Route(Doors.status)},
    "/healthz": {"GET": Route(Doors.healthz, Rules(Access.ANYONE))},
    "/readyz": {"GET": Route(Doors.readyz, Rules(Access.ANYONE))},
    "/metrics": {"GET": Route(Doors.scrape, Rules(Access.SCRAPER))},
}


def _no_such_route(doors: Doors, request: Request) -> Reply:
    raise NoSuchRoute


def _method_not_allowed(doors: Doors, request: Request) -> Reply:
    raise MethodNotAllowed(", ".join(ROUTES[_pattern(request)]))


def find(request: Request) -> Route:
    """Find the route; an unknown one is a route, too, so that only signed requests learn of it."""
    methods = ROUTES.get(_pattern(request))
    if methods is None:
        return Route(_no_such_route)
    return methods.get(request.method) or Route(_method_not_allowed)


def _pattern(request: Request) -> str:
    if request.path.startswith(CHUNK_PATH):
        request.name = request.path[len(CHUNK_PATH) :]
        return CHUNK_PATH + "{name}"
    return request.path
