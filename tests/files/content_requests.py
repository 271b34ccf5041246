"""Reading and writing the bytes at a path, as a client asks for it."""

CONTENT = "/api/v1/content/"


def put(api, path, data=b"", content_type="application/octet-stream", **headers):
    return api.put(CONTENT + path, data, content_type=content_type, headers=headers)


def get(api, path, **headers):
    return api.get(CONTENT + path, headers=headers)


def body(reply):
    return b"".join(reply.streaming_content) if reply.streaming else reply.content
