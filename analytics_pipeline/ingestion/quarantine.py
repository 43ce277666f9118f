"""Reading the quarantine."""

from dataclasses import dataclass
from datetime import date

from analytics_pipeline.ingestion.tables import QUARANTINED_LINES
from analytics_pipeline.lake.lake import Lake

SHOWN_CHARACTERS = 200


@dataclass(frozen=True)
class QuarantineCount:
    """How many lines of a file are quarantined under a date for a reason."""

    event_date: date
    path: str
    reason: str
    lines: int


@dataclass(frozen=True)
class QuarantinedLine:
    """A quarantined line; ``line`` is its beginning, with bytes that are not UTF-8 as escapes."""

    event_date: date
    path: str
    line_number: int
    reason: str
    message: str
    line: str


def quarantine_counts(lake: Lake) -> list[QuarantineCount]:
    """Counts of all quarantined lines by date, file and reason."""
    with lake.engine() as connection:
        rows = connection.execute(
            f"SELECT event_date, path, reason, count(*) FROM {lake.scan(QUARANTINED_LINES)} "
            "GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    return [QuarantineCount(*row) for row in rows]


def quarantined_lines(
    lake: Lake, *, reason: str | None = None, path: str | None = None, limit: int = 20
) -> list[QuarantinedLine]:
    """The first quarantined lines by date, file and line number, of a reason or a file."""
    with lake.engine() as connection:
        rows = connection.execute(
            f"""
            SELECT event_date, path, line_number, reason, message,
                left(coalesce(line, bytes::VARCHAR), {SHOWN_CHARACTERS})
            FROM {lake.scan(QUARANTINED_LINES)}
            WHERE ($reason IS NULL OR reason = $reason) AND ($path IS NULL OR path = $path)
            ORDER BY event_date, path, line_number
            LIMIT $limit
            """,
            {"reason": reason, "path": path, "limit": limit},
        ).fetchall()
    return [QuarantinedLine(*row) for row in rows]
