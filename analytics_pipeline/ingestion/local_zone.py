"""A landing zone that is a folder of this machine."""

import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

from analytics_pipeline.ingestion.discovery import (
    DATABASE_ENDINGS,
    FileState,
    LandingZoneError,
)
from analytics_pipeline.ingestion.landing_zone import Entry, LandingZone

DATABASE_START = b"SQLite format 3\0"
LEADS_OUT = (
    "it is a symbolic link that leads out of the landing zone, and such are not followed. "
    "Put the files themselves there, or name their folder as a landing zone"
)


def _ordinary(location: str, flags: int) -> int:
    """Open an ordinary file; a pipe that took its place would be waited for, a device never end."""
    descriptor = os.open(location, flags | os.O_NONBLOCK)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(None, "it is no ordinary file, but a pipe, a socket or a device. Remove it")


class LocalZone(LandingZone):
    """A folder; symbolic links are followed only to files inside it."""

    def __init__(self, folder: Path, exclude: Iterable[str]) -> None:
        super().__init__(str(folder), str(folder), exclude)
        self.url = folder.as_uri()
        self._real_root = os.path.realpath(folder)

    def open(self, location: str) -> BinaryIO:
        """Open a file for reading, unless a link has come in its way that leads out of the zone."""
        if not self._is_inside(location):
            raise PermissionError(None, LEADS_OUT)
        return open(location, "rb", opener=_ordinary)

    def local_path(self, location: str) -> Path | None:
        """Where the file lies."""
        return Path(location)

    def _is_inside(self, location: str) -> bool:
        real = os.path.realpath(location)
        return os.path.commonpath([self._real_root, real]) == self._real_root

    def _entries(self, folder: str) -> Sequence[Entry]:
        with os.scandir(folder) as entries:
            return list(entries)

    def _kind(self, entry: Entry) -> FileState | str | None:
        assert isinstance(entry, os.DirEntry)
        if entry.is_dir(follow_symlinks=False):
            return str(entry.path)
        if entry.is_symlink() and not self._is_inside(entry.path):
            raise PermissionError(None, LEADS_OUT)
        result = entry.stat()
        return FileState.of(result) if stat.S_ISREG(result.st_mode) else None

    def _state(self, location: str) -> FileState:
        return FileState.of(os.stat(location))  # noqa: PTH116

    def _is_database(self, location: str) -> bool:
        if location.endswith(DATABASE_ENDINGS):
            return True
        try:
            with self.open(location) as file:
                return file.read(len(DATABASE_START)) == DATABASE_START
        except OSError:
            return False

    def _unlistable(self, error: OSError) -> LandingZoneError | None:
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            return LandingZoneError(
                f"The landing zone {self.location} is not a folder. Create it, or name another "
                "one with --landing or AICACHE_LANDING_ZONE."
            )
        return LandingZoneError(
            f"The landing zone {self.location} cannot be listed: {error.strerror}. Give this user "
            "the right to read it."
        )
