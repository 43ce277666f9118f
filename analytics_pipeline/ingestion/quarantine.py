"""Reading the quarantine: counts, lines, and an export to be edited."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from analytics_pipeline.ingestion.corrections import digest_of
from analytics_pipeline.ingestion.tables import QUARANTINED_LINES
from analytics_pipeline.lake.lake import Lake, LakeError
from analytics_pipeline.lake.table import literal

SHOWN_CHARACTERS = 200


@dataclass(frozen=True)
class Selection:
    """Which quarantined lines are meant; all where nothing is given.

    ``path`` is a file or a pattern such as ``app/*``; ``first`` and ``last`` are event dates, both
    included.
    """

    reason: str | None = None
    path: str | None = None
    first: date | None = None
    last: date | None = None

    @property
    def limits(self) -> bool:
        """Whether it leaves out anything."""
        return self != Selection()

    def scan(self, lake: Lake) -> tuple[str, dict[str, Any]]:
        """SQL of a relation of the quarantined lines that are meant, with its parameters."""
        days = [
            day
            for day in lake.dates(QUARANTINED_LINES)
            if (self.first is None or day >= self.first) and (self.last is None or day <= self.last)
        ]
        sql = f"""(
            FROM {lake.scan(QUARANTINED_LINES, days)}
            WHERE ($reason IS NULL OR reason = $reason)
                AND ($path IS NULL OR path = $path OR path GLOB $path)
        )"""
        return sql, {"reason": self.reason, "path": self.path}


ALL = Selection()


@dataclass(frozen=True)
class QuarantineCount:
    """How many lines of a file are quarantined under a date for a reason."""

    event_date: date
    path: str
    reason: str
    lines: int


@dataclass(frozen=True)
class ReasonCount:
    """How many lines of how many files are quarantined for a reason, and one of the messages."""

    reason: str
    lines: int
    files: int
    example: str


@dataclass(frozen=True)
class QuarantinedLine:
    """A quarantined line; ``line`` is its beginning, with bytes that are not UTF-8 as escapes."""

    event_date: date
    path: str
    line_number: int
    reason: str
    message: str
    line: str


def quarantine_counts(lake: Lake, selection: Selection = ALL) -> list[QuarantineCount]:
    """Counts of quarantined lines by date, file and reason."""
    selected, parameters = selection.scan(lake)
    with lake.engine() as connection:
        rows = connection.execute(
            f"SELECT event_date, path, reason, count(*) FROM {selected} GROUP BY ALL ORDER BY ALL",
            parameters,
        ).fetchall()
    return [QuarantineCount(*row) for row in rows]


def reason_counts(
    lake: Lake, connection: duckdb.DuckDBPyConnection, days: Sequence[date]
) -> dict[date, list[ReasonCount]]:
    """Why the lines of each of the days are quarantined, the most frequent reason first."""
    rows = connection.execute(
        f"""
        SELECT event_date, reason, count(*) AS lines, count(DISTINCT path), min(message)
        FROM {lake.scan(QUARANTINED_LINES, days)}
        GROUP BY ALL ORDER BY event_date, lines DESC, reason
        """
    ).fetchall()
    counts: dict[date, list[ReasonCount]] = {day: [] for day in days}
    for day, *count in rows:
        counts[day].append(ReasonCount(*count))
    return counts


def quarantined_lines(
    lake: Lake, selection: Selection = ALL, *, limit: int = 20
) -> list[QuarantinedLine]:
    """The first quarantined lines by date, file and line number."""
    selected, parameters = selection.scan(lake)
    with lake.engine() as connection:
        rows = connection.execute(
            f"""
            SELECT event_date, path, line_number, reason, message,
                left(coalesce(line, bytes::VARCHAR), {SHOWN_CHARACTERS})
            FROM {selected}
            ORDER BY event_date, path, line_number
            LIMIT {limit}
            """,
            parameters,
        ).fetchall()
    return [QuarantinedLine(*row) for row in rows]


def export_lines(lake: Lake, file: Path, selection: Selection = ALL) -> int:
    """Write quarantined lines to a file of JSON lines, to be edited; returns how many.

    ``line`` is the text; ``bytes`` are, in Base64, those of a line that is not UTF-8. ``digest``
    tells later on whether the line is still the one that was exported. Raises LakeError where the
    file cannot be written.
    """
    if not file.absolute().parent.is_dir():
        raise LakeError(f"The folder of {file} does not exist: create it, or name another.")
    selected, parameters = selection.scan(lake)
    with lake.engine() as connection:
        row = connection.execute(
            f"""
            COPY (
                SELECT
                    path, line_number, event_date, format, reason, message, line,
                    base64(bytes) AS bytes, {digest_of("line", "bytes")} AS digest
                FROM {selected}
                ORDER BY event_date, path, line_number
            ) TO {literal(str(file))} (FORMAT json)
            """,
            parameters,
        ).fetchone()
    return int(row[0]) if row else 0
