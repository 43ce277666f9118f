"""The SQLite file beside the tables in which alerting remembers incidents and notifications.

One file, so that what becomes of an incident and what is told of it are written in one
transaction. The command line, the daemon and the runs may have it open at the same time.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from analytics_pipeline.lake.lake import full_disk_reported

FILE_NAME = "alerting.sqlite"


@contextmanager
def open_alert_store(state: Path, *schemas: str) -> Iterator[sqlite3.Connection]:
    """Open the file in the state folder of a lake, creating the tables of ``schemas``.

    Each schema is SQL that may be executed any number of times (``CREATE TABLE IF NOT EXISTS``).
    """
    with full_disk_reported(state.parent):
        state.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(state / FILE_NAME, timeout=60, isolation_level=None)
        try:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode = WAL")
            # What was told to the outside world must not be forgotten by a power cut.
            connection.execute("PRAGMA synchronous = FULL")
            for schema in schemas:
                connection.executescript(schema)
            yield connection
        finally:
            connection.close()
