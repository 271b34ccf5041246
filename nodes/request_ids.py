"""The id of the request that is being served, so that calls to nodes and their logs can carry it."""

import contextvars

current: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="-")
