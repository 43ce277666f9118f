"""The corrections that people made to quarantined lines, kept beside the ledger.

A correction belongs to a line by its file, its number and the digest of what stood there when it
was made. So it holds whenever the file is taken again with that line, and for no other line.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from analytics_pipeline.ingestion.ledger_file import open_ledger_file

SCHEMA = pa.schema(
    [
        ("path", pa.string()), ("line_number", pa.int64()), ("digest", pa.string()),
        ("replacement", pa.string()),
    ]
)  # fmt: skip


def digest_of(line: str, raw: str) -> str:
    """SQL of the digest of a stored line, from the SQL of its text and of its bytes."""
    return f"coalesce(sha256({line}), sha256({raw}))"


@dataclass(frozen=True)
class Correction:
    """A correction of one line.

    ``digest`` is that of ``original``, the line as it was stored: its text, or its bytes where it
    was not UTF-8. Both are None, and so is ``replacement``, of a line whose corrected text names a
    user who opted out. ``reason`` is why the line was in quarantine.
    """

    path: str
    line_number: int
    digest: str
    original: str | bytes | None
    replacement: str | None
    reason: str
    corrected_at: datetime
    corrected_by: str


class Corrections:
    """The corrections of one lake; open them with ``Corrections.open``."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    @contextmanager
    def open(cls, state: Path) -> Iterator["Corrections"]:
        """Open what the state folder of a lake remembers of corrections."""
        with open_ledger_file(state) as connection:
            yield cls(connection)

    def all(self) -> list[Correction]:
        """Every correction, by path and line number."""
        rows = self._connection.execute(
            "SELECT path, line_number, digest, original, replacement, reason, corrected_at, "
            "corrected_by FROM line_correction ORDER BY path, line_number, corrected_at"
        )
        return [
            Correction(path, number, digest, original, replacement, reason,
                       datetime.fromisoformat(when), by)
            for path, number, digest, original, replacement, reason, when, by in rows
        ]  # fmt: skip

    def of_paths(self, paths: Iterable[str]) -> pa.Table:
        """The corrections of the lines of some files, with the columns of SCHEMA."""
        rows = self._connection.execute(
            "SELECT path, line_number, digest, replacement FROM line_correction "
            "WHERE path IN (SELECT value FROM json_each(?))",
            [json.dumps(list(paths))],
        ).fetchall()
        columns = zip(*rows, strict=True) if rows else ([] for _ in SCHEMA)
        return pa.table(dict(zip(SCHEMA.names, map(list, columns), strict=True)), schema=SCHEMA)


def keep_corrections(connection: sqlite3.Connection, corrections: Iterable[Correction]) -> None:
    """Keep corrections, inside a transaction.

    A line that was corrected before is so, from now on, to the latest replacement.
    """
    connection.create_function("sha256", 1, _sha256, deterministic=True)
    for each in corrections:
        made = [each.replacement, each.corrected_at.isoformat(), each.corrected_by]
        connection.execute(
            "UPDATE line_correction SET replacement = ?, corrected_at = ?, corrected_by = ? "
            "WHERE path = ? AND line_number = ? AND sha256(replacement) = ?",
            [*made, each.path, each.line_number, each.digest],
        )
        connection.execute(
            "INSERT OR REPLACE INTO line_correction (replacement, corrected_at, corrected_by, "
            "path, line_number, digest, original, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [*made, each.path, each.line_number, each.digest, each.original, each.reason],
        )


def _sha256(text: str | None) -> str | None:
    return None if text is None else hashlib.sha256(text.encode()).hexdigest()
