"""A look at a part of the landing zone, for as long as a tick of the sensor may take."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from analytics_pipeline.ingestion.discovery import LandedFile, Problem
from analytics_pipeline.ingestion.landing_zone import LandingZone
from analytics_pipeline.ingestion.ledger import Ledger
from analytics_pipeline.ingestion.novelty import new_of_slice, settled_files, slices
from analytics_pipeline.ingestion.paths import PathRange, within
from analytics_pipeline.settings import Settings


@dataclass(frozen=True)
class FileGroup:
    """New files that one intake takes, and the range of paths in which there is no other."""

    range: PathRange
    files: tuple[LandedFile, ...]


class Poll:
    """Looks for new files behind a position, and at the end of the zone from its beginning on.

    Files in the ranges of intakes ``under_way`` are left to those. After a look, ``position`` is
    the path behind which the next one goes on.
    """

    def __init__(
        self,
        zone: LandingZone,
        ledger: Ledger,
        settings: Settings,
        under_way: Sequence[PathRange] = (),
    ) -> None:
        self._zone, self._ledger, self._settings = zone, ledger, settings
        self._prefix = ledger.path_prefix(zone.location)
        self._under_way = under_way
        self._deadline = time.monotonic() + settings.ingestion.tick_seconds
        self._halfway = time.monotonic() + settings.ingestion.tick_seconds / 2
        self._looked_at = self._passed_over = 0
        self._problems: list[Problem] = []
        self._group: list[LandedFile] = []
        self._before_group: str | None = None
        self.position: str | None = None

    def look(
        self,
        position: str | None,
        most: int,
        accept: Callable[[Sequence[LandedFile]], bool] = lambda _: True,
    ) -> list[FileGroup]:
        """Find at most so many groups of new files; those that are not accepted are passed over."""
        groups: list[FileGroup] = []
        for group in self._groups(position):
            if accept(group.files):
                groups.append(group)
                if len(groups) == most:
                    break
            else:
                self._passed_over += len(group.files)
        return groups

    def in_words(self) -> str:
        """What was seen, where nothing is to be done."""
        words = f"Nothing new has settled in {self._zone.location}."
        if self._passed_over:
            words = (
                f"{self._passed_over:,} new files were asked for and not taken: see the last "
                "intake runs."
            )
        if self.position is not None:
            words += f" {self._looked_at:,} files were looked at, up to {self.position}."
        if self._problems:
            path, reason = self._problems[0]
            words += f" {len(self._problems):,} cannot be listed, such as {path}: {reason}."
        return words

    def _groups(self, position: str | None) -> Iterator[FileGroup]:
        legs = [PathRange(position, None)]
        if position is not None:
            legs.append(PathRange(None, position))
        for leg in legs:
            self.position = leg.after
            for listed in slices(self._zone.walk(*leg, problems=self._problems)):
                yield from self._of_slice(listed)
                if time.monotonic() > self._deadline:
                    yield from self._flush()
                    return
            yield from self._flush()
            self.position = None
            # To begin anew means to list a folder, which may take long.
            if time.monotonic() > self._halfway:
                return

    def _of_slice(self, listed: Sequence[LandedFile]) -> Iterator[FileGroup]:
        before = dict(
            zip((f.path for f in listed), [self.position, *(f.path for f in listed)], strict=False)
        )
        new = new_of_slice(listed, self._ledger, self._prefix, retry=False)
        self._looked_at += len(listed)
        for file in settled_files(new, self._settings):
            path = file.path.removeprefix(self._prefix)
            if any(within(path, *taken) for taken in self._under_way):
                continue
            if not self._group:
                self._before_group = before[path]
            self._group.append(file)
            self.position = path
            if len(self._group) == self._settings.ingestion.run_files:
                yield from self._flush()
        self.position = listed[-1].path

    def _flush(self) -> Iterator[FileGroup]:
        if self._group:
            last = self._group[-1].path.removeprefix(self._prefix)
            group = FileGroup(PathRange(self._before_group, last), tuple(self._group))
            self._group = []
            yield group
