"""What lies in the landing zone: the files, their size and times, and which have settled.

A landing zone is a folder, or a URL of any file system that fsspec knows. Its files come in the
order of their paths, compared component by component, so that a walk can go on after any path.

Paths are relative to the zone, with forward slashes. They are text everywhere: a byte of a name
that is not UTF-8 is written ``\\xNN``, and a backslash of a name is doubled, so that two files
never share a path.
"""

import fnmatch
import os
import re
from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from analytics_pipeline.errors import PipelineError
from analytics_pipeline.settings import Settings

DATABASE_ENDINGS = (".db", ".sqlite", ".sqlite3")
# The shared memory beside a database says nothing of its content, and changes when it is read.
CONTENT_COMPANIONS = ("-wal", "-journal")
COMPANIONS = (*CONTENT_COMPANIONS, "-shm")
UNPRINTABLE = re.compile(r"[\\\udc80-\udcff]")


class LandingZoneError(PipelineError):
    """The landing zone cannot be read; the message names it and says what to do."""


class Problem(NamedTuple):
    """A file or folder of the landing zone that cannot be listed, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class FileState:
    """By what a change of a file is noticed without reading it; times in ns since the epoch.

    ``etag`` is what an object store calls a version of an object, and for a SQLite database the
    size and time of the files beside it that hold a part of its content.
    """

    size: int
    modified_ns: int
    changed_ns: int
    etag: str = ""

    @classmethod
    def of(cls, result: os.stat_result) -> "FileState":
        """The state that a stat call reports."""
        return cls(result.st_size, result.st_mtime_ns, result.st_ctime_ns)

    @property
    def columns(self) -> tuple[int, int, int, str]:
        """The state as the ledger stores it."""
        return self.size, self.modified_ns, self.changed_ns, self.etag

    def with_companion(self, ending: str, companion: "FileState") -> "FileState":
        """The state of a database with that of a file beside it.

        Its change time is left out, since a reader may set the owner of the file anew.
        """
        version = f"{companion.size} {companion.modified_ns} {companion.etag}".rstrip()
        return replace(self, etag=f"{self.etag} {ending} {version}".lstrip())


@dataclass(frozen=True, slots=True)
class LandedFile:
    """A file of the landing zone.

    ``path`` is relative to the zone; ``location`` is what the zone's file system calls it.
    """

    path: str
    state: FileState
    location: str
    zone: "LandingZone" = field(compare=False, repr=False)

    @property
    def local_path(self) -> Path | None:
        """Where the file lies on this machine; None for an object of a store."""
        return self.zone.local_path(self.location)

    def open(self) -> BinaryIO:
        """Open the file for reading its bytes, in any order."""
        return self.zone.open(self.location)

    def state_now(self) -> FileState:
        """The state in which the file is by now; raises OSError where it has gone."""
        return self.zone.state(self.location)

    def settled(self, now_ns: int, settle_seconds: float) -> bool:
        """Whether the file was left alone for the settle time, or need not be.

        An object of a store appears as a whole, and a database is never half written. The change
        time counts, not the modification time: a copy that keeps the modification time of its
        original would look settled while it is still being written.
        """
        if self.zone.atomic or self.path.endswith(DATABASE_ENDINGS):
            return True
        return now_ns - self.state.changed_ns >= settle_seconds * 1e9


class Entry(Protocol):
    """A file or folder as the listing of its folder tells it."""

    @property
    def name(self) -> str:
        """Its name in the folder."""

    @property
    def path(self) -> str:
        """What the file system calls it."""


class LandingZone(ABC):
    """The files below a folder, passing over names of files and folders that match ``exclude``.

    ``location`` names the zone for people and for the ledger, ``url`` where a link is wanted;
    ``atomic`` says that a file appears as a whole.
    """

    atomic = False

    def __init__(self, location: str, root: str, exclude: Iterable[str]) -> None:
        self.location = self.url = location
        self._root = root
        patterns = "|".join(fnmatch.translate(pattern) for pattern in exclude)
        self._excluded = re.compile(patterns or r"(?!)")

    @abstractmethod
    def open(self, location: str) -> BinaryIO:
        """Open a file for reading; raises OSError."""

    @abstractmethod
    def local_path(self, location: str) -> Path | None:
        """Where a file lies on this machine, if it does."""

    @abstractmethod
    def _entries(self, folder: str) -> Sequence[Entry]:
        """What a folder holds, in any order; raises OSError."""

    @abstractmethod
    def _kind(self, entry: Entry) -> "FileState | str | None":
        """The state of a file, the location of a folder, None for what is neither.

        Raises OSError where it cannot be told or must not be read.
        """

    @abstractmethod
    def _state(self, location: str) -> FileState:
        """The state of a file alone; raises OSError."""

    @abstractmethod
    def _is_database(self, location: str) -> bool:
        """Whether a file with others beside it, named as those of a database, is one."""

    @abstractmethod
    def _unlistable(self, error: OSError) -> LandingZoneError | None:
        """What to say where the zone itself cannot be listed; None where it is merely empty."""

    def state(self, location: str) -> FileState:
        """The state of a file, with what lies beside it of a database; raises OSError."""
        return self._with_companions(location, self._state(location), CONTENT_COMPANIONS)

    def walk(
        self, after: str | None = None, until: str | None = None, *, problems: list[Problem]
    ) -> Iterator[LandedFile]:
        """The files behind one path, up to and with another, in the order of their paths.

        What lies before ``after`` is neither listed nor looked at, except that a folder on the way
        is listed. What cannot be listed is added to ``problems``; raises LandingZoneError where
        that is the zone itself.
        """
        try:
            entries = self._entries(self._root)
        except OSError as error:
            if (unlistable := self._unlistable(error)) is not None:
                raise unlistable from error
            return
        start, end = components(after), None if until is None else components(until)
        yield from self._walk(entries, "", start, end, problems)

    def _walk(
        self,
        entries: Sequence[Entry],
        prefix: str,
        after: list[str],
        until: list[str] | None,
        problems: list[Problem],
    ) -> Iterator[LandedFile]:
        named = sorted(
            ((printable(e.name), e) for e in entries if not self._excluded.match(e.name)),
            key=lambda pair: pair[0],
        )
        companions = self._companions(entries)
        first = bisect_left(named, after[0], key=lambda pair: pair[0]) if after else 0
        for name, entry in named[first:]:
            if until is not None and (not until or name > until[0]):
                return
            if entry.path in companions and self._is_companion(entry.path):
                continue
            passed = after[:1] == [name]
            rest = until[1:] if until is not None and name == until[0] else None
            try:
                kind = self._kind(entry)
                if isinstance(kind, str):
                    yield from self._walk(
                        self._entries(kind),
                        f"{prefix}{name}/",
                        after[1:] if passed else [],
                        rest,
                        problems,
                    )
                elif kind is not None and not passed:
                    beside = [e for e in CONTENT_COMPANIONS if entry.path + e in companions]
                    state = self._with_companions(entry.path, kind, beside)
                    yield LandedFile(prefix + name, state, entry.path, self)
            except FileNotFoundError:
                continue
            except OSError as error:
                if after != [name]:
                    problems.append(Problem(prefix + name, error.strerror or str(error)))

    def _companions(self, entries: Sequence[Entry]) -> set[str]:
        found = {entry.path for entry in entries if entry.name.endswith(COMPANIONS)}
        if not found:
            return found
        present = {entry.path for entry in entries}
        return {path for path in found if path.rpartition("-")[0] in present}

    def _is_companion(self, location: str) -> bool:
        return self._is_database(location.rpartition("-")[0])

    def _with_companions(
        self, location: str, state: FileState, endings: Iterable[str]
    ) -> FileState:
        for ending in endings:
            try:
                companion = self._state(location + ending)
            except FileNotFoundError:
                continue
            # An empty one is what a reader leaves.
            if companion.size and self._is_database(location):
                state = state.with_companion(ending, companion)
        return state


def open_landing_zone(settings: Settings) -> LandingZone:
    """The landing zone of this configuration.

    Raises LandingZoneError where its URL cannot be understood, or a package for it is missing.
    """
    exclude = settings.ingestion.exclude
    if isinstance(settings.landing_zone, Path):
        from analytics_pipeline.ingestion.local_zone import LocalZone

        return LocalZone(settings.landing_zone, exclude)
    from analytics_pipeline.ingestion.remote_zone import RemoteZone

    return RemoteZone.of(settings.landing_zone, settings.landing_zone_options, exclude)


def components(path: str | None) -> list[str]:
    """What the order of paths compares."""
    return [] if path is None else path.split("/")


def within(path: str, after: str | None, until: str | None) -> bool:
    """Whether a path lies behind one path and not behind another."""
    place = components(path)
    return place > components(after) and (until is None or place <= components(until))


def printable(name: str) -> str:
    """A name as text; the opposite is ``native``."""
    if not UNPRINTABLE.search(name):
        return name
    return (
        name.replace("\\", "\\\\")
        .encode(errors="surrogateescape")
        .decode(errors="backslashreplace")
    )


def native(name: str) -> str:
    """The name that ``printable`` gave as text."""
    parts = re.split(r"(\\\\|\\x[0-9a-f]{2})", name)
    bytes_of = (
        part.encode() if not part.startswith("\\")
        else b"\\" if part == "\\\\"
        else bytes.fromhex(part[2:])
        for part in parts
    )  # fmt: skip
    return b"".join(bytes_of).decode(errors="surrogateescape")
