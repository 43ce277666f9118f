"""The ledger of ingestion: which file versions the lake holds, and which files were refused."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from analytics_pipeline.ingestion.discovery import FileState
from analytics_pipeline.ingestion.ledger_file import open_ledger_file
from analytics_pipeline.ingestion.pending_updates import advance
from analytics_pipeline.lake.transaction import transaction

STATE = "size, modified_ns, changed_ns, etag"


@dataclass(frozen=True)
class FileVersion:
    """A version of a file that the lake holds; ``problem`` where only its beginning was readable.

    ``taken_at`` is naive UTC; ``event_dates`` are the dates under which its lines stand, and
    ``date_digests`` the digest of its lines under each of them, where it was computed. ``format``
    is the name of the source format in which its records were read.
    """

    path: str
    state: FileState
    sha256: str
    taken_at: datetime
    lines: int
    problem: str | None
    event_dates: tuple[date, ...] = ()
    date_digests: Mapping[date, str] = field(default_factory=dict, hash=False)
    format: str = "native"


class Ledger:
    """The ledger of one lake; open it with ``Ledger.open``."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    @contextmanager
    def open(cls, state: Path) -> Iterator["Ledger"]:
        """Open the ledger in the state folder of a lake, creating it where it is missing."""
        with open_ledger_file(state) as connection:
            yield cls(connection)

    def path_prefix(self, location: str) -> str:
        """What stands before the relative paths of a landing zone's files.

        Nothing for the first zone that feeds a lake; the zone's own location, a folder or URL, for
        any further one, so that two files of the same name in two zones stay two files.
        """
        with transaction(self._connection):
            row = self._connection.execute("SELECT location FROM landing_zone").fetchone()
            if row is None:
                self._connection.execute("INSERT INTO landing_zone VALUES (?)", [location])
        return "" if row is None or row[0] == location else f"{location}/"

    def known_states(self, paths: Sequence[str]) -> dict[str, FileState]:
        """The state in which each of the files was taken; those never taken are absent."""
        return self._states("file_version", paths)

    def refused_states(self, paths: Sequence[str]) -> dict[str, FileState]:
        """The state in which each of the files was last refused; those never refused are absent."""
        return self._states("refused_file", paths)

    def _states(self, table: str, paths: Sequence[str]) -> dict[str, FileState]:
        rows = self._connection.execute(
            f"SELECT path, {STATE} FROM {table} WHERE path IN (SELECT value FROM json_each(?))",
            [json.dumps(paths)],
        )
        return {path: FileState(*state) for path, *state in rows}

    def version_count(self) -> int:
        """How many files the lake holds a version of."""
        return int(self._connection.execute("SELECT count(*) FROM file_version").fetchone()[0])

    def refusals(self) -> dict[str, str]:
        """Why each refused file could not be taken."""
        return dict(self._connection.execute("SELECT path, problem FROM refused_file").fetchall())

    def versions(self, since: datetime | None = None) -> list[FileVersion]:
        """The file versions that the lake holds, by path; only those taken since a time (UTC)."""
        rows = self._connection.execute(
            f"SELECT path, {STATE}, sha256, taken_at, lines, problem, format "
            "FROM file_version WHERE taken_at >= ? ORDER BY path",
            ["" if since is None else since.isoformat()],
        ).fetchall()
        return [
            FileVersion(
                path, FileState(size, modified, changed, etag), sha256,
                datetime.fromisoformat(taken_at), lines, problem,
                tuple(sorted(self.dates_of([path]))), self.digests_of(path), source_format,
            )
            for path, size, modified, changed, etag, sha256, taken_at, lines, problem, source_format
            in rows
        ]  # fmt: skip

    def sha256_of(self, path: str) -> str | None:
        """Digest of the version of a file that the lake holds; None where it holds none."""
        row = self._connection.execute(
            "SELECT sha256 FROM file_version WHERE path = ?", [path]
        ).fetchone()
        return None if row is None else str(row[0])

    def dates_of(self, paths: Iterable[str]) -> set[date]:
        """Dates that the given files touch, or were about to touch when a process was killed."""
        rows = self._connection.execute(
            "SELECT DISTINCT event_date FROM file_date "
            "WHERE path IN (SELECT value FROM json_each(?))",
            [json.dumps(list(paths))],
        )
        return {date.fromisoformat(day) for (day,) in rows}

    def versions_behind(self, days: Iterable[date]) -> list[tuple[str, date, str]]:
        """Path, date and SHA-256 of the file versions with lines under the days, in this order.

        A file that is about to be replaced has no version.
        """
        rows = self._connection.execute(
            "SELECT path, event_date, sha256 FROM file_date JOIN file_version USING (path) "
            "WHERE event_date IN (SELECT value FROM json_each(?)) AND sha256 <> '' "
            "ORDER BY path, event_date",
            [json.dumps([day.isoformat() for day in days])],
        )
        return [(path, date.fromisoformat(day), digest) for path, day, digest in rows]

    def digests_of(self, path: str) -> dict[date, str]:
        """Digest of a file's lines under each of its dates; dates without one are absent.

        A date that was about to be touched when a process was killed has none.
        """
        rows = self._connection.execute(
            "SELECT event_date, digest FROM file_date WHERE path = ? AND digest IS NOT NULL",
            [path],
        )
        return {date.fromisoformat(day): str(digest) for day, digest in rows}

    def announce(self, touched: Mapping[str, Iterable[date]], days: Iterable[date]) -> None:
        """Note, before partitions are replaced, which dates the files will touch.

        ``days`` are all dates that change; they await an update from now on. What a file held
        under them is no longer certain, so its digests are forgotten until the commit: were the
        process killed and the file given its former content, it would seem to be taken.
        """
        changing = list(days)
        with transaction(self._connection):
            self._connection.executemany(
                "INSERT OR IGNORE INTO file_date (path, event_date) VALUES (?, ?)",
                [(path, day.isoformat()) for path, dates in touched.items() for day in dates],
            )
            self._connection.execute(
                "UPDATE file_date SET digest = NULL WHERE path IN (SELECT value FROM json_each(?)) "
                "AND event_date IN (SELECT value FROM json_each(?))",
                [json.dumps(list(touched)), json.dumps([day.isoformat() for day in changing])],
            )
            self._connection.execute(
                "UPDATE file_version SET sha256 = '' "
                "WHERE path IN (SELECT value FROM json_each(?))",
                [json.dumps(list(touched))],
            )
            advance(self._connection, changing)

    def commit(self, versions: Sequence[FileVersion], days: Iterable[date]) -> None:
        """Record versions whose lines stand in the partitions of ``days``."""
        with transaction(self._connection):
            for version in versions:
                self._forget(version.path)
                self._connection.execute(
                    f"INSERT OR REPLACE INTO file_version (path, {STATE}, sha256, taken_at, lines, "
                    "problem, format) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [version.path, *version.state.columns, version.sha256,
                     version.taken_at.isoformat(), version.lines, version.problem,
                     version.format],
                )  # fmt: skip
                self._connection.execute("DELETE FROM file_date WHERE path = ?", [version.path])
                self._connection.executemany(
                    "INSERT INTO file_date (path, event_date, digest) VALUES (?, ?, ?)",
                    [
                        (version.path, day.isoformat(), version.date_digests.get(day))
                        for day in version.event_dates
                    ],
                )
            advance(self._connection, days)

    def note_state(self, path: str, state: FileState) -> None:
        """Record that a file was touched but holds what was taken before."""
        with transaction(self._connection):
            self._forget(path)
            self._connection.execute(
                "UPDATE file_version SET size = ?, modified_ns = ?, changed_ns = ?, etag = ? "
                "WHERE path = ?",
                [*state.columns, path],
            )

    def _forget(self, path: str) -> None:
        for table in ("refused_file", "requested_file"):
            self._connection.execute(f"DELETE FROM {table} WHERE path = ?", [path])

    def refuse(self, path: str, state: FileState, problem: str) -> None:
        """Record that a file could not be taken in this state."""
        with transaction(self._connection):
            self._forget(path)
            self._connection.execute(
                f"INSERT INTO refused_file (path, {STATE}, problem) VALUES (?, ?, ?, ?, ?, ?)",
                [path, *state.columns, problem],
            )

    def forget_refusals(self, paths: Iterable[str]) -> None:
        """Drop the refusals of files that are no longer in the landing zone."""
        with transaction(self._connection):
            self._connection.executemany(
                "DELETE FROM refused_file WHERE path = ?", [(path,) for path in paths]
            )
