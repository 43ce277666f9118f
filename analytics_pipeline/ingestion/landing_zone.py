"""A walk through a landing zone, in the order of paths, that can go on after any path."""

import errno
import fnmatch
import re
from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from pathlib import Path
from typing import BinaryIO, Protocol

from analytics_pipeline.ingestion.discovery import (
    FileState,
    LandedFile,
    LandingZoneError,
    Problem,
)
from analytics_pipeline.ingestion.paths import UNPRINTABLE, components, printable

# The shared memory beside a database says nothing of its content, and changes when it is read.
CONTENT_COMPANIONS = ("-wal", "-journal")
COMPANIONS = (*CONTENT_COMPANIONS, "-shm")
DEEPEST = 300
TOO_DEEP = f"it lies below {DEEPEST} folders, and deeper ones are not looked into. Move it up"


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
        """What a folder holds; a file comes before a folder of its name; raises OSError."""

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
        # Large folders are listed in each tick of the sensor, hence little here for each name.
        ordered = sorted(entries, key=attrgetter("name"))
        names = [entry.name for entry in ordered]
        if UNPRINTABLE.search("\n".join(names)):
            ordered = sorted(entries, key=lambda entry: printable(entry.name))
            names = [printable(entry.name) for entry in ordered]
        companions = self._companions(entries)
        first = bisect_left(names, after[0]) if after else 0
        for name, entry in zip(names[first:], ordered[first:], strict=True):
            if until is not None and (not until or name > until[0]):
                return
            if self._excluded.match(entry.name):
                continue
            if entry.path in companions and self._is_companion(entry.path):
                continue
            passed = after[:1] == [name]
            rest = until[1:] if until is not None and name == until[0] else None
            try:
                kind = self._kind(entry)
                if isinstance(kind, str) and prefix.count("/") >= DEEPEST:
                    problems.append(Problem(prefix + name, TOO_DEEP))
                elif isinstance(kind, str):
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
            except OSError as error:
                # No file has a name that is too long.
                if isinstance(error, FileNotFoundError) or error.errno == errno.ENAMETOOLONG:
                    continue
                raise
            # An empty one is what a reader leaves.
            if companion.size and self._is_database(location):
                state = state.with_companion(ending, companion)
        return state
