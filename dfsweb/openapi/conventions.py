"""What holds for every operation, said once at the top of the API's description."""

TEXT = """\
A Drive over HTTP. Addresses have no trailing slash, JSON is in `snake_case`, times are RFC 3339 in UTC,
sizes are in bytes, ids are opaque. Further fields and headers may be added; what is there keeps its
meaning.

**Signing in.** `Authorization: Bearer <token>` or `Token <token>`; `POST /api/v1/auth/tokens` makes a
token, with scopes (`read`, `write`, `admin`) and an end, and shows it once. A browser's session works as
well.

**Errors** are `application/problem+json` (RFC 9457). Programs go by `code`; `retryable` tells whether the
same request may succeed later, and `Retry-After`, with every 429 and 503, when. What you may not see is
404, like what is not there. `errors` names the fields of a 422. Each operation names the codes that it may
answer with; a method that an address does not have is 405 `method_not_allowed`, and 500 `internal_error` is
our fault, always.

**Lists** come in pages of `limit` entries: `next` is the address of the next page, or null.

**Conditions.** `content_etag` changes with the bytes of a file: it is the `ETag` of its content, for
`If-Match`, `If-None-Match` and `If-Range` there, where dates (`If-Modified-Since`, `If-Unmodified-Since`)
count as well. `etag` changes with every change of an entry itself, for `If-Match` of what renames, moves,
deletes and restores. The `ETag` of replies about an entry serves there, too; what a `GET` gives for
`If-None-Match` changes also with what is shown beside the entry's own: its path, when a folder above is
renamed, and its `sha256`, once known. A condition that fails is 412; it is looked at before a body is read,
and again when it is stored. `If-None-Match: *` creates only.

**Doing it once.** What takes an `Idempotency-Key` is done once for each key within a day: sent again it
gets the first answer again, with `Idempotent-Replayed: true`. All that makes something takes one, an account
and a token, too: these are told again only to who sends the password as well.

**Bytes** that are sent are compared with `Repr-Digest` or `Content-Digest` (`sha-256=:<base64>:`, RFC
9530): if they do not match, 422 `digest_mismatch`, and nothing is stored. Of an upload by tus
`Content-Digest` holds for the bytes of its request, of which nothing is stored then; `Repr-Digest`, of the
whole, goes with a request that brings all of them, and with a piece it is 400 `bad_header`. So is a `sha-256`
that cannot be read; other algorithms are not looked at. Both come with a file that is sent whole, once its
SHA-256 is known; `sha256` is the same in hex, null until then. Up to 16 ranges are read at once.

**Names** have 1 to 255 bytes of UTF-8 without `/` and control characters, are kept in NFC, and are unique
in their folder. In addresses they are percent-encoded.

**Large files** go by [tus 1.0.0](https://tus.io/protocols/resumable-upload) to `/api/v1/uploads`, with
every extension of it (`OPTIONS` lists them). The reply to the last bytes carries the id of the file in
`Dfs-Entry`.

Every reply has an `X-Request-Id`, yours if you send one; the server's log calls the request so. What
answers `GET` answers `HEAD`, too, without the body, and `OPTIONS` of most addresses tells the methods they
have (`Allow`).

**Beside the API**: of a public link (`/s/…`) only what lies below `/s/…/files/` is for programs and described
here; the rest of it are pages for people, who are asked for its password by a form, and these may change.
`/healthz`, `/readyz` and `/metrics` are for whoever looks after the server.
"""
