"""Intake: from the files of the landing zone to raw events, each line under its event date."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import duckdb

from analytics_pipeline.ingestion.batch import Batch
from analytics_pipeline.ingestion.discovery import (
    LandedFile,
    Problem,
    open_landing_zone,
)
from analytics_pipeline.ingestion.landing_zone import LandingZone
from analytics_pipeline.ingestion.ledger import FileVersion, Ledger
from analytics_pipeline.ingestion.novelty import new_files, settled_files
from analytics_pipeline.ingestion.paths import within
from analytics_pipeline.ingestion.release_log import complete_releases, intake_lock
from analytics_pipeline.lake.engine import remove_abandoned_scratch
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.settings import Settings


@dataclass(frozen=True)
class Intake:
    """What an intake did.

    ``taken`` are the new file versions, ``unsettled`` the paths still being written, ``refused``
    the files that could not be read with the reason, ``problems`` what could not be listed, and
    ``event_dates`` the dates whose lines changed.
    """

    taken: tuple[FileVersion, ...] = ()
    unsettled: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    problems: tuple[Problem, ...] = ()
    event_dates: tuple[date, ...] = ()


class Progress(Protocol):
    """Told after each batch how many files and bytes of all are done."""

    def __call__(self, files: int, of_files: int, size: int, of_size: int) -> None:
        """Note the progress."""


def take_in(
    lake: Lake,
    settings: Settings,
    *,
    wait: bool = False,
    retry: bool = False,
    after: str | None = None,
    until: str | None = None,
    progress: Progress | None = None,
) -> Intake:
    """Take every new file version of the landing zone into the raw events.

    Files are committed in batches, in the order of their paths; one intake works at a time, so
    that what was read last is what is written last. With ``wait`` files that have not settled are
    waited for once; with ``retry`` files that were refused are tried again though unchanged;
    ``after`` and ``until`` limit it to the files behind one path, up to and with another. Raises
    LandingZoneError and LakeError.
    """
    zone = open_landing_zone(settings)
    remove_abandoned_scratch(lake.scratch)
    with intake_lock(lake), Ledger.open(lake.state) as ledger:
        complete_releases(lake)
        looking = _Look(zone, ledger, retry, after, until)
        files = looking.new_files()
        settled = settled_files(files, settings)
        if wait and len(settled) < len(files):
            time.sleep(settings.ingestion.settle_seconds)
            files = looking.new_files()
            settled = settled_files(files, settings)
        ledger.forget_refusals(looking.vanished_refusals())
        settled_set = set(settled)
        taken: list[FileVersion] = []
        days: set[date] = set()
        done, size, of_size = 0, 0, sum(file.state.size for file in settled)
        for batch in _batches(settled, settings.ingestion.batch_bytes):
            for versions, touched in _take(lake, settings, ledger, batch):
                taken += versions
                days |= touched
            done, size = done + len(batch), size + sum(file.state.size for file in batch)
            if progress:
                progress(done, len(settled), size, of_size)
        return Intake(
            tuple(taken),
            tuple(file.path for file in files if file not in settled_set),
            tuple(sorted(ledger.refusals().items())),
            tuple(looking.problems),
            tuple(sorted(days)),
        )


class _Look:
    """A look at a range of the landing zone that also notes which refused files are still there."""

    def __init__(
        self, zone: LandingZone, ledger: Ledger, retry: bool, after: str | None, until: str | None
    ) -> None:
        self._zone, self._ledger, self._retry = zone, ledger, retry
        self._range = after, until
        self._prefix = ledger.path_prefix(zone.location)
        self.problems: list[Problem] = []
        self._missing: set[str] = set()

    def new_files(self) -> list[LandedFile]:
        self.problems.clear()
        self._missing = set(self._ledger.refusals())
        walk = self._zone.walk(*self._range, problems=self.problems)
        return list(new_files(self._noted(walk), self._ledger, self._prefix, retry=self._retry))

    def _noted(self, files: Iterable[LandedFile]) -> Iterator[LandedFile]:
        for file in files:
            self._missing.discard(self._prefix + file.path)
            yield file

    def vanished_refusals(self) -> list[str]:
        return [
            path
            for path in self._missing
            if path.startswith(self._prefix)
            and within(path.removeprefix(self._prefix), *self._range)
        ]


def _take(
    lake: Lake, settings: Settings, ledger: Ledger, files: Sequence[LandedFile]
) -> Iterator[tuple[list[FileVersion], set[date]]]:
    """Take a batch; where it exceeds the engine's memory, each half, down to the file at fault."""
    try:
        yield Batch(lake, settings, ledger).take(files)
    except duckdb.OutOfMemoryException:
        if len(files) == 1:
            limit = settings.engine.memory_limit
            ledger.refuse(
                files[0].path,
                files[0].state,
                f"its records need more memory than engine.memory_limit, which is {limit}. Raise "
                "it and run again, or write shorter records.",
            )
            return
        middle = len(files) // 2
        yield from _take(lake, settings, ledger, files[:middle])
        yield from _take(lake, settings, ledger, files[middle:])


def _batches(files: Sequence[LandedFile], batch_bytes: int) -> Iterator[list[LandedFile]]:
    batch: list[LandedFile] = []
    size = 0
    for file in files:
        if batch and size + file.state.size > batch_bytes:
            yield batch
            batch, size = [], 0
        batch.append(file)
        size += file.state.size
    if batch:
        yield batch
