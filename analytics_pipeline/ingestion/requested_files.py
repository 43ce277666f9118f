"""Which files the sensor has asked an intake for, so that a failed intake is not repeated."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from analytics_pipeline.ingestion.discovery import FileState, LandedFile
from analytics_pipeline.ingestion.ledger_file import open_ledger_file
from analytics_pipeline.lake.transaction import transaction


class RequestedFiles:
    """The files of one lake that were asked for and not taken since; open with ``.open``."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    @contextmanager
    def open(cls, state: Path) -> Iterator["RequestedFiles"]:
        """Open what the state folder of a lake remembers of requests."""
        with open_ledger_file(state) as connection:
            yield cls(connection)

    def note(self, request: str, files: Sequence[LandedFile]) -> None:
        """Note that a request asks for the files in their states."""
        with transaction(self._connection):
            self._connection.executemany(
                "INSERT OR REPLACE INTO requested_file VALUES (?, ?, ?, ?, ?, ?)",
                [(file.path, *file.state.columns, request) for file in files],
            )

    def requests_for(self, files: Sequence[LandedFile]) -> set[str | None]:
        """The requests that asked for the files in their states; None is among them for no one."""
        rows = self._connection.execute(
            "SELECT path, request, size, modified_ns, changed_ns, etag "
            "FROM requested_file WHERE path IN (SELECT value FROM json_each(?))",
            [json.dumps([file.path for file in files])],
        )
        asked = {(path, FileState(*state)): str(request) for path, request, *state in rows}
        return {asked.get((file.path, file.state)) for file in files}
