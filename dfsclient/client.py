"""The face of the library: one object for one account on one service.

Paths are absolute (`/holiday/photo.jpg`). Calls that may be repeated are, with back-off, when the service
is busy or the connection breaks; everything else raises a `DfsError`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Literal

from dfsclient import comparing, downloads, health, history, models, parts, paths, uploads, verification
from dfsclient.errors import BadReply, Conflict, ContentChanged, LocalProblem, NotFound
from dfsclient.health import Cluster
from dfsclient.history import Share, Version
from dfsclient.journal import Journal
from dfsclient.models import Account, Entry, Node, Rebalance, Scrub, Token
from dfsclient.progress import Progress, silent
from dfsclient.retry import Retries
from dfsclient.transport import Call, Transport, link, post_once
from dfsclient.uploads import OnConflict, UploadOptions
from dfsclient.verification import Verification

Duty = Literal["activate", "drain", "retire"]

PAGE_ENTRIES = 1000
NEW_VERSIONS = 3  # how often a download starts anew because the file got another version meanwhile


class Client:
    """A connection to a dfsweb service; safe to share between threads."""

    def __init__(self, url: str, token: str | None = None, *, retries: Retries | None = None) -> None:
        self._transport = Transport(url, token, retries or Retries())
        self.url = self._transport.url

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._transport.close()

    # --- the account --------------------------------------------------------------------------------

    def sign_in(
        self,
        username: str,
        password: str,
        *,
        name: str,
        scopes: Sequence[str] = (),
        folder_id: str | None = None,
    ) -> Token:
        """Make an API token with this name; this client uses it from now on.

        Bound to a folder, it reaches what lies in there and nothing else; paths begin there.
        """
        body = {"username": username, "password": password, "name": name[:100], "scopes": [*scopes]}
        if folder_id:
            body["folder"] = folder_id
        token = models.read_token(self._transport.json(post_once("/auth/tokens", body)))
        self.close()
        self._transport = Transport(self.url, token.token, self._transport.retries)
        return token

    def revoke_token(self, token_id: str) -> None:
        """End a token at once; one that has ended already is fine."""
        with suppress(NotFound):
            self._transport.json(Call("DELETE", f"/auth/tokens/{paths.quoted(token_id)}"))

    def account(self) -> Account:
        """Tell whose token this is."""
        return models.read_account(self._transport.json(Call("GET", "/me")))

    # --- the tree -----------------------------------------------------------------------------------

    def entry(self, path: str) -> Entry:
        """Look up a file or folder by its path."""
        if quoted := paths.quoted(path):
            return self._entry(Call("GET", f"/paths/{quoted}"))
        return self._entry(Call("GET", f"/entries/{self.account().root_id}"))

    def entry_by_id(self, entry_id: str) -> Entry:
        """Look up a file or folder by its id, one in the trash too."""
        return self._entry(Call("GET", f"/entries/{paths.quoted(entry_id)}"))

    def list(self, folder: str | Entry = "/") -> Iterator[Entry]:
        """Yield what a folder holds, page by page; a file yields itself."""
        entry = self._find(folder)
        if not entry.is_folder:
            yield entry
            return
        yield from self._entries({"parent": entry.id})

    def trashed(self) -> Iterator[Entry]:
        """Yield what lies in the trash."""
        return self._entries({"trashed": "true"})

    def make_folder(self, path: str, *, parents: bool = False, exist_ok: bool = False) -> Entry:
        """Make a folder; `parents`: also those above it, `exist_ok`: one that is there already is fine."""
        path = paths.normalize(path)
        if path == "/" and exist_ok:
            return self.entry(path)
        paths.split(path)
        try:
            return self._entry(post_once("/entries", {"kind": "folder", "path": path, "parents": parents}))
        except Conflict:
            if exist_ok and (entry := self.entry(path)).is_folder:
                return entry
            raise

    def move(self, path: str | Entry, target: str) -> Entry:
        """Move or rename to exactly this path; the folder must exist and the name be free."""
        entry = self._find(path)
        return self._entry(Call("PATCH", f"/entries/{entry.id}", json=self._place(target)))

    def copy(self, path: str | Entry, target: str) -> Entry:
        """Copy to exactly this path; instant at any size, no byte is moved."""
        entry = self._find(path)
        return self._entry(post_once(f"/entries/{entry.id}/copy", self._place(target)))

    def remove(self, path: str | Entry, *, permanent: bool = False) -> None:
        """Put into the trash, or purge for good with `permanent`."""
        entry = self._find(path)
        params = {"permanent": "true"} if permanent else {}
        with suppress(
            NotFound
        ):  # gone between the two calls, or the first answer was lost: gone is what was asked
            self._transport.json(Call("DELETE", f"/entries/{entry.id}", params=params))

    def restore(self, entry_id: str) -> Entry:
        """Bring back from the trash."""
        return self._entry(post_once(f"/entries/{paths.quoted(entry_id)}/restore"))

    # --- shares and versions ------------------------------------------------------------------------

    def shared(self) -> Iterator[Entry]:
        """Yield what others share with this account, each by itself."""
        return self._entries({"shared": "true"})

    def shares(self, path: str | Entry) -> Iterator[Share]:
        """Yield with whom an entry of one's own is shared, links included."""
        call = Call("GET", f"/entries/{self._find(path).id}/shares")
        return (history.read_share(item) for item in self._pages(call))

    def share(
        self, path: str | Entry, *, role: str, user: str | None = None, group: str | None = None
    ) -> Share:
        """Share with a person or a group, as viewer or editor; sharing again changes the role."""
        whom = {"user": user} if user is not None else {"group": group}
        return self._share(path, {"role": role, **whom})

    def make_link(
        self,
        path: str | Entry,
        *,
        role: str = "download",
        password: str | None = None,
        expires_at: datetime | None = None,
        max_downloads: int | None = None,
    ) -> Share:
        """Make a public link, to view, to download, or to upload into a folder."""
        terms = {
            "password": password,
            "expires_at": expires_at.isoformat() if expires_at else None,
            "max_downloads": max_downloads,
        }
        named = {name: value for name, value in terms.items() if value is not None}
        return self._share(path, {"role": role, **named})

    def revoke_share(self, share_id: str) -> None:
        """Take a share back, at once."""
        self._transport.json(Call("DELETE", f"/shares/{paths.quoted(share_id)}"))

    def versions(self, path: str | Entry) -> Iterator[Version]:
        """Yield the versions of a file, the newest first."""
        call = Call("GET", f"/entries/{self._find(path).id}/versions")
        return (history.read_version(item) for item in self._pages(call))

    def restore_version(self, path: str | Entry, number: int) -> Entry:
        """Make a file what it was in an earlier version; no byte is moved."""
        return self._entry(post_once(f"/entries/{self._find(path).id}/versions/{number}/restore"))

    def _share(self, path: str | Entry, body: dict[str, Any]) -> Share:
        call = post_once(f"/entries/{self._find(path).id}/shares", body)
        return history.read_share(self._transport.json(call))

    # --- bytes --------------------------------------------------------------------------------------

    def upload(
        self,
        source: Path | str | BinaryIO,
        target: str,
        *,
        on_conflict: OnConflict = "replace",
        progress: Progress = silent,
        journal: Journal | None = None,
        at_once: int = parts.AT_ONCE,
    ) -> Entry:
        """Store a local file, or what an open binary file delivers, at a path; makes missing folders.

        A target that ends in `/` keeps the file's name. Returns when the bytes are durable. A local file
        goes on after broken connections by itself, and after a killed process if there is a `journal`. A
        large one goes in so many parts side by side; then threads of its own call `progress`, one at a time.
        """
        options = UploadOptions(on_conflict, progress, journal, at_once)
        if not isinstance(source, Path | str):
            return uploads.send_stream(self._transport, source, _file_path(target), options)
        source = Path(source)
        if paths.means_folder(target):
            target = paths.join(target, source.name)
        return uploads.send_file(self._transport, source, _file_path(target), self._folder_id, options)

    def download(
        self, path: str | Entry, target: Path | str, *, keep_mtime: bool = False, progress: Progress = silent
    ) -> Entry:
        """Bring a file to exactly this local path, checked and durable, or leave nothing under that name.

        Goes on after broken connections, and with what an earlier run left in its part file. Returns the
        version that was fetched.
        """
        entry = self._find(path)
        for starts_left in reversed(range(NEW_VERSIONS)):
            _check_file(entry)
            try:
                downloads.fetch(
                    self._transport, entry, Path(target), keep_mtime=keep_mtime, progress=progress
                )
                return entry
            except ContentChanged:
                if not starts_left:
                    raise
                entry = self._entry(Call("GET", f"/entries/{entry.id}"))
        raise AssertionError("the last start returns or raises")

    def read(self, path: str | Entry) -> Iterator[bytes]:
        """Yield the bytes of a file; reconnects by itself, never mixes two versions."""
        entry = self._find(path)
        _check_file(entry)
        return iter(downloads.Stream(self._transport, entry))

    def is_same(self, local: Path | str, path: str | Entry) -> bool:
        """Whether a local file and a remote one surely hold the same bytes; none of them are moved."""
        return comparing.is_same(self._transport.json, Path(local), self._find(path))

    def verify(self, path: str | Entry, *, progress: Progress = silent) -> Verification:
        """Have the nodes read and hash every copy of a file's bytes, now, and tell what they found."""
        entry = self._find(path)
        _check_file(entry)
        return verification.verify(self._transport.json, entry, progress)

    # --- the cluster --------------------------------------------------------------------------------

    def cluster(self) -> Cluster:
        """Tell how the whole is doing."""
        return health.read_cluster(self._transport.json(Call("GET", "/cluster")))

    def nodes(self) -> Iterator[Node]:
        """Yield the storage nodes (admins only)."""
        return (models.read_node(item) for item in self._pages(Call("GET", "/nodes")))

    def change_duty(self, node_id: str, duty: Duty) -> Node:
        """Activate, drain or retire a node (admins only); a refusal is a Conflict. Repeating is harmless."""
        return models.read_node(self._transport.json(Call("POST", f"/nodes/{paths.quoted(node_id)}/{duty}")))

    def rebalance(self) -> Rebalance:
        """Have the service even out its nodes now; it does so by itself, too (admins only)."""
        return models.read_rebalance(self._transport.json(Call("POST", "/nodes/rebalance")))

    def rebalance_progress(self) -> Rebalance:
        """Tell how uneven the nodes are, and how far evening them out has come (admins only)."""
        return models.read_rebalance(self._transport.json(Call("GET", "/nodes/rebalance")))

    def scrub(self, node_id: str) -> Scrub:
        """Have everything on a node read again and compared, from now on (admins only)."""
        return self._scrub("POST", node_id)

    def scrub_progress(self, node_id: str) -> Scrub:
        """Tell how much of a node was read lately, and what is left of an order (admins only)."""
        return self._scrub("GET", node_id)

    def _scrub(self, method: str, node_id: str) -> Scrub:
        return models.read_scrub(self._transport.json(Call(method, f"/nodes/{paths.quoted(node_id)}/scrub")))

    def confirm_restore(self) -> bool:
        """Call the restored database the right one (admins only); tells whether it was in doubt."""
        return models.read_confirmed(self._transport.json(Call("POST", "/cluster/confirm-restore")))

    # --- inside -------------------------------------------------------------------------------------

    def _entry(self, call: Call) -> Entry:
        return models.read_entry(self._transport.json(call))

    def _find(self, path: str | Entry) -> Entry:
        return path if isinstance(path, Entry) else self.entry(path)

    def _entries(self, filters: Mapping[str, str]) -> Iterator[Entry]:
        call = Call("GET", "/entries", params={**filters, "limit": str(PAGE_ENTRIES)})
        return (models.read_entry(item) for item in self._pages(call))

    def _pages(self, call: Call | None) -> Iterator[Any]:
        while call:
            page = models.Reading(self._transport.json(call), "page")
            yield from page.many("results")
            following = page.maybe_text("next")
            route = link(following) if following else None
            if route == call.route:
                raise BadReply("The server's list leads back to where it was; is it another version?")
            call = Call("GET", route) if route else None

    def _folder_id(self, path: str) -> str:
        try:
            folder = self.entry(path)
        except NotFound:
            folder = self.make_folder(path, parents=True, exist_ok=True)
        if not folder.is_folder:
            raise LocalProblem(f"{path} is a file, so nothing can lie inside it; name another folder.")
        return folder.id

    def _place(self, target: str) -> dict[str, str]:
        folder, name = paths.split(target)
        return {"parent": self.entry(folder).id, "name": name}


def _file_path(target: str) -> str:
    path = paths.normalize(target)
    if path == "/" or paths.means_folder(target):
        raise LocalProblem(f"{target!r} names a folder; add the name the file shall have.")
    return path


def _check_file(entry: Entry) -> None:
    if entry.is_folder:
        raise LocalProblem(f"{entry.path} is a folder; name a file, or use -r.")
