"""What `put` and `get` will do, file by file, found while they run: a tree is never held in memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dfsclient import paths
from dfsclient.cli.begun import Begun
from dfsclient.cli.names import is_folder_target
from dfsclient.cli.tally import Item, Tally
from dfsclient.client import Client
from dfsclient.errors import DfsError, LocalProblem, NotFound
from dfsclient.models import Entry


@dataclass(frozen=True)
class Send:
    """A local file to send, and what lies at its target if that has been looked at."""

    source: Path
    target: str
    there: Entry | None


@dataclass(frozen=True)
class Fetch:
    """A remote file to fetch."""

    entry: Entry
    target: Path


@dataclass(frozen=True)
class Plan:
    """What all sources of one command have in common."""

    client: Client
    tally: Tally
    begun: Begun
    recursive: bool
    dry_run: bool

    def sends(self, sources: list[str], target: str) -> Iterator[Send]:
        """Yield the files to send, making their folders on the way; failures are told to the tally."""
        into_folder = is_folder_target(self.client, target)
        _check_target(sources, target, into_folder=into_folder)
        for name in sources:
            source = Path(name)
            try:
                is_into, is_folder = into_folder, source.is_dir()
                if is_folder:
                    self._need_recursive(f"{name} is a folder; send it with -r.")
                    is_into = self._goes_into("put", str(source.resolve()), target, into_folder=into_folder)
                place = paths.join(target, _own_name(source)) if is_into else paths.normalize(target)
                if is_folder:
                    yield from self._send_folder(source, place)
                else:
                    yield Send(source, place, None)
            except (DfsError, OSError) as error:
                self.tally.fail(name, error)

    def _send_folder(self, folder: Path, place: str) -> Iterator[Send]:
        waiting = [(folder, place)]
        while waiting:
            folder, place = waiting.pop()
            try:
                there = self._open_remote_folder(folder, place)
                found = sorted(os.scandir(folder), key=lambda item: item.name)
            except (DfsError, OSError) as error:
                self.tally.fail(str(folder), error, target=place)
                continue
            below: list[tuple[Path, str]] = []
            for item in found:
                path = Path(item.path)
                try:
                    target = paths.join(place, item.name)
                    if item.is_dir(follow_symlinks=False):
                        below.append((path, target))
                    elif item.is_file():
                        yield Send(path, target, there.get(paths.split(target)[1]))
                    else:  # a device, a pipe, a link to a folder or to nothing
                        self.tally.add(Item(item.path, None, "skipped"))
                except (DfsError, OSError) as error:
                    self.tally.fail(item.path, error)
            waiting.extend(reversed(below))

    def _open_remote_folder(self, folder: Path, place: str) -> dict[str, Entry]:
        """Make the folder if it is missing; return the files that are in it, by name."""
        if self.dry_run:
            try:
                return {entry.name: entry for entry in self.client.list(place) if not entry.is_folder}
            except NotFound:
                return {}
        remote = self.client.make_folder(place, parents=True, exist_ok=True)
        return {entry.name: entry for entry in self.client.list(remote) if not entry.is_folder}

    def fetches(self, sources: list[str], target: str) -> Iterator[Fetch]:
        """Yield the files to fetch, making local folders on the way; failures are told to the tally."""
        local = Path(target)
        into_folder = local.is_dir() or target.endswith(("/", os.sep))
        _check_target(sources, target, into_folder=into_folder)
        for source in sources:
            try:
                entry = self.client.entry(source)
                into = local / paths.local_name(entry.name) if entry.name else local
                if entry.is_folder:
                    self._need_recursive(f"{source} is a folder; fetch it with -r.")
                    is_into = self._goes_into("get", entry.path, target, into_folder=into_folder)
                    yield from self._fetch_folder(entry, into if is_into else local)
                else:
                    self._make_local_folder(local, parents=into_folder)
                    yield Fetch(entry, into if into_folder else local)
            except (DfsError, OSError) as error:
                self.tally.fail(source, error)

    def _fetch_folder(self, folder: Entry, place: Path) -> Iterator[Fetch]:
        waiting = [(folder, place)]
        while waiting:
            folder, place = waiting.pop()
            below: list[tuple[Entry, Path]] = []
            try:
                self._make_local_folder(place, parents=True)
                for entry in self.client.list(folder):
                    try:
                        target = place / paths.local_name(entry.name)
                    except LocalProblem as error:
                        self.tally.fail(entry.path, error)
                        continue
                    if entry.is_folder:
                        below.append((entry, target))
                    else:
                        yield Fetch(entry, target)
            except (DfsError, OSError) as error:
                self.tally.fail(folder.path, error, target=str(place))
            waiting.extend(reversed(below))

    def _goes_into(self, verb: str, source: str, target: str, *, into_folder: bool) -> bool:
        """Whether a folder goes into its target, or becomes it, as in the run that this one goes on with."""
        what = (verb, self.client.url, source, target if verb == "put" else str(Path(target).resolve()))
        if not into_folder and not self.dry_run:
            self.begun.add(*what)
        return into_folder and (_is_typed_as_folder(target) or not self.begun.has(*what))

    def _make_local_folder(self, folder: Path, *, parents: bool) -> None:
        if parents and not self.dry_run:
            folder.mkdir(parents=True, exist_ok=True)

    def _need_recursive(self, refusal: str) -> None:
        if not self.recursive:
            raise LocalProblem(refusal)


def _own_name(source: Path) -> str:
    """The name a source was typed by, a link's its own; `.` and `..` have only that of their folder."""
    return source.name if source.name not in ("", "..") else source.resolve().name


def _is_typed_as_folder(target: str) -> bool:
    return paths.means_folder(target) or Path(target).name in ("", ".", "..")


def _check_target(sources: list[str], target: str, *, into_folder: bool) -> None:
    if len(sources) > 1 and not into_folder:
        raise LocalProblem(
            f"{len(sources)} sources need a folder as target; end {target} with / or use --into."
        )
