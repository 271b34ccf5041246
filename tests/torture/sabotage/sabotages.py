"""Takes one defence of the product away, from outside: each sabotage patches a function as it is imported.

A sabotage acts while its name stands in the file that TORTURE_SABOTAGES names, so that one running system can
be seen with and without it.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import os
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from types import ModuleType
from typing import Any

Patch = Callable[[ModuleType], None]
_patches: dict[str, list[Patch]] = {}
_switch = os.environ.get("TORTURE_SABOTAGES", "")


def is_on(name: str) -> bool:
    with open(_switch) as switch:
        return name in switch.read().split()


def on_import(module: str) -> Callable[[Patch], Patch]:
    """Run the patch when the module has been executed, before anybody takes a name from it."""

    def register(patch: Patch) -> Patch:
        _patches.setdefault(module, []).append(patch)
        return patch

    return register


def replace(owner: Any, attribute: str, sabotage: str, instead: Callable[..., Any]) -> None:
    """While the sabotage is on, call `instead(original, …)`; otherwise the original."""
    original = getattr(owner, attribute)

    @wraps(original)
    def chosen(*args: Any, **kwargs: Any) -> Any:
        if is_on(sabotage):
            return instead(original, *args, **kwargs)
        return original(*args, **kwargs)

    setattr(owner, attribute, chosen)


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name not in _patches:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                execute(module)
                for patch in _patches[name]:
                    patch(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def arm() -> None:
    """Patch from now on whatever is imported."""
    sys.meta_path.insert(0, _Finder())


# --- the sabotages ------------------------------------------------------------------------------------
@on_import("storagenode.store.disk")
def no_syncs(module: ModuleType) -> None:
    replace(module.Disk, "sync_file", "no-file-fsync", lambda original, self, fd: None)
    replace(module.Disk, "sync_folder", "no-folder-fsync", lambda original, self, fd: None)


@on_import("storagenode.store.chunks")
def put_trusts_an_existing_file(module: ModuleType) -> None:
    def put(original: Any, self: Any, name: str, source: Any, size_bytes: int) -> Any:
        try:
            self.size(name)
        except (module.ChunkMissing, module.ChunkDamaged):
            return original(self, name, source, size_bytes)
        return module.Outcome.KEPT

    replace(module.ChunkStore, "put", "put-trusts-existing-file", put)


@on_import("nodes.placing")
def fewer_copies(module: ModuleType) -> None:
    def one_copy(original: Any, digest: bytes, body: memoryview, **kwargs: Any) -> Any:
        return original(digest, body, **kwargs)[:1]

    def any_copy_will_do(original: Any, trusted: list[Any]) -> bool:
        return bool(trusted)

    replace(module, "place", "acknowledge-after-one-node", one_copy)
    replace(module, "is_quorum", "reuse-thin-chunk", any_copy_will_do)


@on_import("nodes.recording")
def quorum_of_one(module: ModuleType) -> None:
    """The record counts once more; both defences are one and the same to these two sabotages."""

    class Settings:
        def __getattr__(self, name: str) -> Any:
            if name == "WRITE_QUORUM" and (is_on("acknowledge-after-one-node") or is_on("reuse-thin-chunk")):
                return 1
            return getattr(module_settings, name)

    module_settings = module.settings
    module.settings = Settings()  # type: ignore[attr-defined]


@on_import("nodes.exchange")
def no_hash_check(module: ModuleType) -> None:
    class AgreeableBytes(bytes):
        """A digest that is whatever it is compared with."""

        __slots__ = ()
        __hash__ = bytes.__hash__

        def __eq__(self, other: object) -> bool:
            return True

        def __ne__(self, other: object) -> bool:
            return False

    class Agreeable(str):
        __slots__ = ()
        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            return True

        def __ne__(self, other: object) -> bool:
            return False

    honest = module.blake3

    class Hasher:
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self._real = honest(*args, **kwargs)

        def update(self, data: Any) -> None:
            self._real.update(data)

        def hexdigest(self) -> str:
            real: str = self._real.hexdigest()
            return Agreeable(real) if is_on("no-hash-check-on-reads") else real

        def digest(self) -> bytes:
            real: bytes = self._real.digest()
            return AgreeableBytes(real) if is_on("no-hash-check-on-reads") else real

    module.blake3 = Hasher  # type: ignore[attr-defined]


@on_import("nodes.client")
def all_copies_to_one_node(module: ModuleType) -> None:
    def to_the_first(original: Any, view: Any, name: str, *body: Any, **options: Any) -> Any:
        views = sys.modules["nodes.roster"].views()
        return original(views[min(views)], name, *body, **options)

    replace(module, "begin_put", "both-copies-on-one-store", to_the_first)


@on_import("storagenode.protocol.names")
def files_without_their_own_id(module: ModuleType) -> None:
    def nameless(original: Any, digest: bytes, replica_id: Any) -> str:
        return f"{digest.hex()}-{'0' * 32}"

    replace(module, "chunk_name", "no-replica-id", nameless)


@on_import("nodes.orphans")
def no_grace(module: ModuleType) -> None:
    replace(module, "_grace", "orphan-grace-zero", lambda original: module.Value(module.timedelta(0)))


@on_import("nodes.reconcile")
def an_error_is_an_empty_page(module: ModuleType) -> None:
    """With it goes the second look that each absence gets: either of the two would be enough."""

    def listed(original: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return original(*args, **kwargs)
        except module.NodeError:
            return sys.modules["nodes.listing"].Page(sizes={}, is_complete=True)

    def unseen(original: Any, view: Any, copies: Any) -> Any:
        ids = [copy.replica_id for copy in copies]
        module.Replica.objects.stored().filter(id__in=ids).update(state="missing")
        return set()

    client, verdicts = ModuleType("client"), ModuleType("verdicts")
    client.__dict__.update(module.client.__dict__)
    verdicts.__dict__.update(module.verdicts.__dict__)
    replace(client, "list_chunks", "reclaim-ignores-listing-error", listed)
    replace(verdicts, "look_again", "reclaim-ignores-listing-error", unseen)
    module.client, module.verdicts = client, verdicts  # type: ignore[attr-defined]
