"""What lies in the landing zone: the files, their size and times, and which have settled."""

import fnmatch
import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from analytics_pipeline.errors import PipelineError


class LandingZoneError(PipelineError):
    """The landing zone cannot be read; the message names it and says what to do."""


@dataclass(frozen=True)
class FileState:
    """By what a change of a file is noticed without reading it; times in ns since the epoch."""

    size: int
    modified_ns: int
    changed_ns: int

    @classmethod
    def of(cls, result: os.stat_result) -> "FileState":
        """The state that a stat call reports."""
        return cls(result.st_size, result.st_mtime_ns, result.st_ctime_ns)

    def settled(self, now_ns: int, settle_seconds: float) -> bool:
        """Whether the file was left alone for the settle time.

        The change time counts, not the modification time: a copy that keeps the modification time
        of its original would look settled while it is still being written.
        """
        return now_ns - self.changed_ns >= settle_seconds * 1e9


@dataclass(frozen=True)
class LandedFile:
    """A file of the landing zone; ``path`` is relative to it, with forward slashes."""

    path: str
    location: Path
    state: FileState

    def open(self) -> BinaryIO:
        """Open the file for reading its bytes."""
        return self.location.open("rb")

    def state_now(self) -> FileState:
        """The state in which the file is by now."""
        return FileState.of(self.location.stat())


@dataclass(frozen=True)
class Listing:
    """The files of a landing zone in the order of their paths, and what could not be listed."""

    files: tuple[LandedFile, ...]
    problems: tuple[str, ...]


def list_landing_zone(landing_zone: Path, exclude: Iterable[str]) -> Listing:
    """List the regular files below a folder, passing over names that match ``exclude``.

    Patterns apply to file names and folder names. Raises LandingZoneError where the folder does
    not exist or cannot be listed; a nested folder that cannot be listed is named in ``problems``.
    """
    excluded = re.compile("|".join(fnmatch.translate(pattern) for pattern in exclude) or r"(?!)")
    problems: list[str] = []
    if not landing_zone.is_dir():
        raise LandingZoneError(
            f"The landing zone {landing_zone} is not a folder. Create it, or name another one "
            "with --landing or AICACHE_LANDING_ZONE."
        )
    try:
        entries = os.scandir(landing_zone)
    except OSError as error:
        raise LandingZoneError(
            f"The landing zone {landing_zone} cannot be listed: {error.strerror}. Give this user "
            "the right to read it."
        ) from error
    found = sorted(_walk(entries, "", excluded, problems), key=lambda file: file.path)
    return Listing(tuple(found), tuple(problems))


def _walk(
    entries: "os._ScandirIterator[str]",
    prefix: str,
    excluded: re.Pattern[str],
    problems: list[str],
) -> Iterator[LandedFile]:
    with entries:
        for entry in entries:
            if excluded.match(entry.name):
                continue
            path = prefix + entry.name
            try:
                if entry.is_dir(follow_symlinks=False):
                    yield from _walk(os.scandir(entry.path), f"{path}/", excluded, problems)
                    continue
                result = entry.stat()
            except FileNotFoundError:
                continue
            except OSError as error:
                problems.append(f"{path}: {error.strerror}")
                continue
            if stat.S_ISREG(result.st_mode):
                yield LandedFile(path, Path(entry.path), FileState.of(result))
