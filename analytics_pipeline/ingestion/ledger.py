"""The ledger of ingestion: which file versions the lake holds, and which dates await an update.

A small SQLite database beside the tables. It is written after the partitions it speaks of, except
for the dates that a version is about to touch, which are noted before: so a process that is killed
in between leaves a file that is still to be taken, and no partition that nobody remembers.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from analytics_pipeline.ingestion.discovery import FileState
from analytics_pipeline.lake.lake import full_disk_reported

SCHEMA = """
CREATE TABLE IF NOT EXISTS landing_zone (location TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS file_version (
    path TEXT PRIMARY KEY, size INTEGER NOT NULL, modified_ns INTEGER NOT NULL,
    changed_ns INTEGER NOT NULL, sha256 TEXT NOT NULL, taken_at TEXT NOT NULL,
    lines INTEGER NOT NULL, problem TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS refused_file (
    path TEXT PRIMARY KEY, size INTEGER NOT NULL, modified_ns INTEGER NOT NULL,
    changed_ns INTEGER NOT NULL, problem TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS file_date (
    path TEXT NOT NULL, event_date TEXT NOT NULL, PRIMARY KEY (path, event_date)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS event_date (
    event_date TEXT PRIMARY KEY, generation INTEGER NOT NULL, built INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS update_run (
    run_id TEXT NOT NULL, event_date TEXT NOT NULL, generation INTEGER NOT NULL,
    PRIMARY KEY (run_id, event_date)
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class FileVersion:
    """A version of a file that the lake holds; ``problem`` where only its beginning was readable.

    ``taken_at`` is naive UTC; ``event_dates`` are the dates under which its lines stand.
    """

    path: str
    state: FileState
    sha256: str
    taken_at: datetime
    lines: int
    problem: str | None
    event_dates: tuple[date, ...] = ()


class Ledger:
    """The ledger of one lake; open it with ``Ledger.open``."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    @contextmanager
    def open(cls, state: Path) -> Iterator["Ledger"]:
        """Open the ledger in the state folder of a lake, creating it where it is missing."""
        with full_disk_reported(state.parent):
            state.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(
                state / "ledger.sqlite",
                timeout=60,
                isolation_level=None,
                check_same_thread=False,  # The engine pulls lines from threads of its own.
            )
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.executescript(SCHEMA)
                yield cls(connection)
            finally:
                connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def path_prefix(self, landing_zone: Path) -> str:
        """What stands before the relative paths of a landing zone's files.

        Nothing for the first zone that feeds a lake; the zone's own location for any further one,
        so that two files of the same name in two zones stay two files.
        """
        with self._transaction() as connection:
            row = connection.execute("SELECT location FROM landing_zone").fetchone()
            if row is None:
                connection.execute("INSERT INTO landing_zone VALUES (?)", [str(landing_zone)])
            return "" if row is None or row[0] == str(landing_zone) else f"{landing_zone}/"

    def known_states(self) -> dict[str, FileState]:
        """The state in which each file was taken."""
        return self._states("file_version")

    def refused_states(self) -> dict[str, FileState]:
        """The state in which each refused file was last tried."""
        return self._states("refused_file")

    def _states(self, table: str) -> dict[str, FileState]:
        rows = self._connection.execute(f"SELECT path, size, modified_ns, changed_ns FROM {table}")
        return {path: FileState(*state) for path, *state in rows}

    def refusals(self) -> dict[str, str]:
        """Why each refused file could not be taken."""
        return dict(self._connection.execute("SELECT path, problem FROM refused_file").fetchall())

    def versions(self) -> list[FileVersion]:
        """The file versions that the lake holds, by path."""
        dates: dict[str, list[date]] = {}
        for path, day in self._connection.execute("SELECT path, event_date FROM file_date"):
            dates.setdefault(path, []).append(date.fromisoformat(day))
        rows = self._connection.execute(
            "SELECT path, size, modified_ns, changed_ns, sha256, taken_at, lines, problem "
            "FROM file_version ORDER BY path"
        )
        return [
            FileVersion(
                path, FileState(size, modified, changed), sha256,
                datetime.fromisoformat(taken_at), lines, problem,
                tuple(sorted(dates.get(path, ()))),
            )
            for path, size, modified, changed, sha256, taken_at, lines, problem in rows
        ]  # fmt: skip

    def sha256_of(self, path: str) -> str | None:
        """Digest of the version of a file that the lake holds; None where it holds none."""
        row = self._connection.execute(
            "SELECT sha256 FROM file_version WHERE path = ?", [path]
        ).fetchone()
        return None if row is None else str(row[0])

    def dates_of(self, paths: Iterable[str]) -> set[date]:
        """Dates that the given files touch, or were about to touch when a process was killed."""
        days: set[date] = set()
        for path in paths:
            rows = self._connection.execute(
                "SELECT event_date FROM file_date WHERE path = ?", [path]
            )
            days.update(date.fromisoformat(day) for (day,) in rows)
        return days

    def announce(self, touched: Mapping[str, Iterable[date]], days: Iterable[date]) -> None:
        """Note, before partitions are replaced, which dates the files will touch.

        ``days`` are all dates that change; they await an update from now on.
        """
        with self._transaction() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO file_date VALUES (?, ?)",
                [(path, day.isoformat()) for path, dates in touched.items() for day in dates],
            )
            _advance(connection, days)

    def commit(self, versions: Sequence[FileVersion], days: Iterable[date]) -> None:
        """Record versions whose lines stand in the partitions of ``days``."""
        with self._transaction() as connection:
            for version in versions:
                connection.execute("DELETE FROM file_date WHERE path = ?", [version.path])
                connection.execute("DELETE FROM refused_file WHERE path = ?", [version.path])
                state = version.state
                connection.execute(
                    "INSERT OR REPLACE INTO file_version VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    [version.path, state.size, state.modified_ns, state.changed_ns,
                     version.sha256, version.taken_at.isoformat(), version.lines,
                     version.problem],
                )  # fmt: skip
                connection.executemany(
                    "INSERT INTO file_date VALUES (?, ?)",
                    [(version.path, day.isoformat()) for day in version.event_dates],
                )
            _advance(connection, days)

    def note_state(self, path: str, state: FileState) -> None:
        """Record that a file was touched but holds what was taken before."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE file_version SET size = ?, modified_ns = ?, changed_ns = ? WHERE path = ?",
                [state.size, state.modified_ns, state.changed_ns, path],
            )
            connection.execute("DELETE FROM refused_file WHERE path = ?", [path])

    def refuse(self, path: str, state: FileState, problem: str) -> None:
        """Record that a file could not be taken in this state."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO refused_file VALUES (?, ?, ?, ?, ?)",
                [path, state.size, state.modified_ns, state.changed_ns, problem],
            )

    def forget_refusals(self, still_there: Iterable[str]) -> None:
        """Drop the refusals of files that are no longer in the landing zone."""
        gone = self.refusals().keys() - set(still_there)
        if gone:
            with self._transaction() as connection:
                connection.executemany(
                    "DELETE FROM refused_file WHERE path = ?", [(path,) for path in gone]
                )

    def awaiting_update(self) -> dict[date, int]:
        """Dates whose lines changed since everything downstream was built, with the generation.

        The generation grows whenever the lines of a date change.
        """
        rows = self._connection.execute(
            "SELECT event_date, generation FROM event_date WHERE generation > built ORDER BY 1"
        )
        return {date.fromisoformat(day): generation for day, generation in rows}

    def begin_update(self, run_id: str, days: Iterable[date]) -> None:
        """Note which generation of the dates a run is about to build from."""
        with self._transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO update_run SELECT ?, event_date, generation "
                "FROM event_date WHERE event_date = ?",
                [(run_id, day.isoformat()) for day in days],
            )

    def finish_update(self, run_id: str) -> None:
        """Note that everything downstream was built from what the run began with."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE event_date SET built = max(built, u.generation) FROM update_run AS u "
                "WHERE u.run_id = ? AND u.event_date = event_date.event_date",
                [run_id],
            )
            connection.execute("DELETE FROM update_run WHERE run_id = ?", [run_id])

    def abandon_update(self, run_id: str) -> None:
        """Note that a run ended without bringing its dates up to date."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM update_run WHERE run_id = ?", [run_id])

    def update_runs(self) -> list[str]:
        """The runs that began an update and were not settled since."""
        rows = self._connection.execute("SELECT DISTINCT run_id FROM update_run ORDER BY run_id")
        return [run_id for (run_id,) in rows]


def _advance(connection: sqlite3.Connection, days: Iterable[date]) -> None:
    connection.executemany(
        "INSERT INTO event_date (event_date, generation) VALUES (?, 1) "
        "ON CONFLICT (event_date) DO UPDATE SET generation = generation + 1",
        [(day.isoformat(),) for day in days],
    )
