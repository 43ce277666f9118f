"""The SQLite file beside the tables in which ingestion remembers files, dates and requests.

It is written after the partitions it speaks of, except for the dates that a file version is about
to touch, which are noted before: so a process that is killed in between leaves a file that is
still to be taken, and no partition that nobody remembers.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from analytics_pipeline.lake.lake import full_disk_reported
from analytics_pipeline.lake.transaction import transaction

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
CREATE TABLE IF NOT EXISTS requested_file (
    path TEXT PRIMARY KEY, size INTEGER NOT NULL, modified_ns INTEGER NOT NULL,
    changed_ns INTEGER NOT NULL, etag TEXT NOT NULL, request TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS file_date (
    path TEXT NOT NULL, event_date TEXT NOT NULL, PRIMARY KEY (path, event_date)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS file_date_by_date ON file_date (event_date);
CREATE TABLE IF NOT EXISTS event_date (
    event_date TEXT PRIMARY KEY, generation INTEGER NOT NULL, built INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS update_run (
    run_id TEXT NOT NULL, event_date TEXT NOT NULL, generation INTEGER NOT NULL,
    PRIMARY KEY (run_id, event_date)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS line_correction (
    path TEXT NOT NULL, line_number INTEGER NOT NULL, digest TEXT NOT NULL, original,
    replacement TEXT, reason TEXT NOT NULL, corrected_at TEXT NOT NULL, corrected_by TEXT NOT NULL,
    PRIMARY KEY (path, line_number, digest)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pending_release (release TEXT PRIMARY KEY) WITHOUT ROWID;
"""

# Columns that tables of an older file lack.
ADDED_COLUMNS = {
    ("file_version", "etag"): "TEXT NOT NULL DEFAULT ''",
    ("file_version", "format"): "TEXT NOT NULL DEFAULT 'native'",
    ("refused_file", "etag"): "TEXT NOT NULL DEFAULT ''",
    ("file_date", "digest"): "TEXT",
}


@contextmanager
def open_ledger_file(state: Path) -> Iterator[sqlite3.Connection]:
    """Open the file in the state folder of a lake, creating or completing it where necessary."""
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
            if _missing_columns(connection):
                with transaction(connection):
                    # Looked up again, since another process may have completed the file meanwhile.
                    for table, column in _missing_columns(connection):
                        definition = ADDED_COLUMNS[table, column]
                        connection.execute(f"ALTER TABLE {table} ADD COLUMN {column} {definition}")
            yield connection
        finally:
            connection.close()


def _missing_columns(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    present = connection.execute(
        "SELECT t.name, c.name FROM sqlite_schema AS t, pragma_table_info(t.name) AS c "
        "WHERE t.type = 'table'"
    ).fetchall()
    return [column for column in ADDED_COLUMNS if column not in present]
