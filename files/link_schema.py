"""Describes in the API's schema what a public link has for programs: lists and files by name.

The link's other addresses are pages, for people.
"""

from copy import deepcopy
from typing import Any

from files.content_schema import READ, told

_LIST = (
    '<!doctype html>\n<title>holiday</title>\n<ul><li><a href="a.txt">a.txt</a> 2026-05-04 09:30 13</ul>\n'
)
_PAGE = {"text/html": {"schema": {"type": "string"}, "example": _LIST}}
_ASKED = {
    "401": {
        "description": "The link has a password, and this is another or none.",
        "headers": told(WWW_Authenticate="Basic."),
        "content": {"text/html": {"schema": {"type": "string"}, "example": "<!doctype html>\n"}},
    }
}
_COMMON: dict[str, Any] = {"tags": ["links"], "security": [{}, {"link": []}]}
_ENDS = ["link_expired", "link_exhausted", "too_many_attempts", "forbidden"]
_TOKEN = {"name": "token", "in": "path", "required": True, "schema": {"type": "string"}}
_BELOW = {"name": "below", "in": "path", "required": True, "schema": {"type": "string"}}
_ROUTES: dict[str, dict[str, Any]] = {
    "/s/{token}/files/": {
        **_COMMON,
        "operationId": "get_link_files",
        "description": "List the folder that a public link opens: a plain page, each line a link.",
        "parameters": [_TOKEN],
        "responses": {"200": {"description": "The list.", "content": _PAGE}, **_ASKED},
        "x-problems": _ENDS,
    },
    "/s/{token}/files/{below}": {
        **_COMMON,
        "operationId": "get_link_files_below",
        "description": "Read a file below what a public link opens, or list a folder, with a slash at its"
        " end. A link whose downloads are counted sends whole files alone.",
        "parameters": [_TOKEN, _BELOW, *READ["parameters"]],
        "responses": {
            **READ["responses"],
            "200": {
                **READ["responses"]["200"],
                "description": "The bytes of a file, or the list of a folder.",
            },
            "302": {
                "description": "It is a folder: its address ends with a slash.",
                "headers": told(Location="The same with a slash."),
            },
            **_ASKED,
        },
        "x-problems": [*_ENDS, "content_unavailable", "too_many_transfers"],
    },
}


def describe_links(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the routes to a generated schema; a hook of drf-spectacular."""
    result["components"]["securitySchemes"]["link"] = {
        "type": "http",
        "scheme": "basic",
        "description": "The password of the link, under any name. A browser's cookie, which the link's page"
        " gives for the password, works as well.",
    }
    for route, operation in deepcopy(_ROUTES).items():
        result["paths"][route] = {"get": operation}
    return result
