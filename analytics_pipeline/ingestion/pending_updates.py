"""Which event dates changed since everything downstream was built, and which runs build them."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from analytics_pipeline.ingestion.ledger_file import open_ledger_file
from analytics_pipeline.lake.transaction import transaction


class PendingUpdates:
    """The dates of one lake that await an update; open it with ``PendingUpdates.open``.

    The generation of a date grows whenever its lines change, so that a change during an update is
    not lost.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    @contextmanager
    def open(cls, state: Path) -> Iterator["PendingUpdates"]:
        """Open what the state folder of a lake remembers of updates."""
        with open_ledger_file(state) as connection:
            yield cls(connection)

    def awaiting_update(self) -> dict[date, int]:
        """Dates whose lines changed since everything downstream was built, with the generation."""
        rows = self._connection.execute(
            "SELECT event_date, generation FROM event_date WHERE generation > built ORDER BY 1"
        )
        return {date.fromisoformat(day): generation for day, generation in rows}

    def begin_update(self, run_id: str, days: Iterable[date]) -> None:
        """Note which generation of the dates a run is about to build from."""
        with transaction(self._connection):
            self._connection.executemany(
                "INSERT OR REPLACE INTO update_run SELECT ?, event_date, generation "
                "FROM event_date WHERE event_date = ?",
                [(run_id, day.isoformat()) for day in days],
            )

    def finish_update(self, run_id: str) -> None:
        """Note that everything downstream was built from what the run began with."""
        with transaction(self._connection):
            self._connection.execute(
                "UPDATE event_date SET built = max(built, u.generation) FROM update_run AS u "
                "WHERE u.run_id = ? AND u.event_date = event_date.event_date",
                [run_id],
            )
            self._connection.execute("DELETE FROM update_run WHERE run_id = ?", [run_id])

    def abandon_update(self, run_id: str) -> None:
        """Note that a run ended without bringing its dates up to date."""
        with transaction(self._connection):
            self._connection.execute("DELETE FROM update_run WHERE run_id = ?", [run_id])

    def update_runs(self) -> list[str]:
        """The runs that began an update and were not settled since."""
        rows = self._connection.execute("SELECT DISTINCT run_id FROM update_run ORDER BY run_id")
        return [run_id for (run_id,) in rows]


def advance(connection: sqlite3.Connection, days: Iterable[date]) -> None:
    """Note, inside a transaction, that the lines of the dates change: they await an update."""
    connection.executemany(
        "INSERT INTO event_date (event_date, generation) VALUES (?, 1) "
        "ON CONFLICT (event_date) DO UPDATE SET generation = generation + 1",
        [(day.isoformat(),) for day in days],
    )
