"""The HTTP face of a storage node: routes, signatures, replies, figures; a bare WSGI callable, for speed."""
