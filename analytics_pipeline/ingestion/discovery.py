"""What lies in the landing zone: its files, their size and times, and which have settled.

A landing zone is a folder, or a URL of any file system that fsspec knows.
"""

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from analytics_pipeline.errors import PipelineError
from analytics_pipeline.settings import Settings

if TYPE_CHECKING:
    from analytics_pipeline.ingestion.landing_zone import LandingZone

DATABASE_ENDINGS = (".db", ".sqlite", ".sqlite3")


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


def open_landing_zone(settings: Settings) -> "LandingZone":
    """The landing zone of this configuration.

    Raises LandingZoneError where its URL cannot be understood, or a package for it is missing.
    """
    exclude = settings.ingestion.exclude
    if isinstance(settings.landing_zone, Path):
        from analytics_pipeline.ingestion.local_zone import LocalZone

        return LocalZone(settings.landing_zone, exclude)
    from analytics_pipeline.ingestion.remote_zone import RemoteZone

    return RemoteZone.of(settings.landing_zone, settings.landing_zone_options, exclude)
