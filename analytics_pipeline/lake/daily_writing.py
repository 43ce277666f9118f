"""Writing partitions while the work that comes next goes on."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date

import pyarrow as pa

from analytics_pipeline.lake.table import Table

WRITTEN_AT_ONCE = 8
HELD_ROWS = 500_000


WritesDay = Callable[[Table, date, pa.Schema, Iterable[pa.RecordBatch]], int]
"""Writes the rows of one day of a table in the place of what was there; returns how many."""


@dataclass(frozen=True)
class Writing:
    """Partitions of a table that are being written."""

    days: dict[date, Future[int]]

    def rows(self) -> dict[date, int]:
        """The rows of each day, once all are written; raises what went wrong."""
        return {day: written.result() for day, written in self.days.items()}


@dataclass
class DailyWriter:
    """Writes days in the background, several at once: a disk confirms them in the time of one.

    At most half a million rows wait to be written, and the rows of a day.
    """

    pool: ThreadPoolExecutor
    write_day: WritesDay
    _waiting: deque[tuple[int, Future[int]]] = field(default_factory=deque)

    def write(
        self, table: Table, days: Iterable[tuple[date, pa.Schema, list[pa.RecordBatch]]]
    ) -> Writing:
        """Write the rows of each day, given with their schema."""
        started = {}
        for day, schema, batches in days:
            while sum(rows for rows, _ in self._waiting) > HELD_ROWS:
                self._waiting.popleft()[1].result()
            started[day] = self.pool.submit(self.write_day, table, day, schema, batches)
            self._waiting.append((sum(map(len, batches)), started[day]))
            while self._waiting and self._waiting[0][1].done():
                self._waiting.popleft()
        return Writing(started)


@contextmanager
def daily_writer(write_day: WritesDay) -> Iterator[DailyWriter]:
    """A writer, whose partitions are all written or have failed at the end."""
    with ThreadPoolExecutor(WRITTEN_AT_ONCE) as pool:
        yield DailyWriter(pool, write_day)
