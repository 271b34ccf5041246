"""The one-machine launcher: starts PostgreSQL, Redis, storage nodes, worker and gateway as its children.

It never imports Django, so that the process which watches the others stays small.
"""
