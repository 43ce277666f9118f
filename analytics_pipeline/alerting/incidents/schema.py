"""The tables of incidents in the file of alerting, and how they are written and read."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from analytics_pipeline.alerting.incidents.changes import as_json, from_json
from analytics_pipeline.alerting.incidents.identity import fingerprint_of
from analytics_pipeline.alerting.incidents.incident import Incident, IncidentEvent
from analytics_pipeline.alerting.incidents.lifecycle import IncidentError
from analytics_pipeline.alerting.incidents.matching import Matcher
from analytics_pipeline.alerting.incidents.silence import Silence

# ``since`` and ``until`` are the dates, or without dates the times, from its opening to its end.
# ``history_date`` is the partition of the lake in which an entry of history stands.
SCHEMA = """
CREATE TABLE IF NOT EXISTS incident (
    id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, rule TEXT NOT NULL, asset TEXT NOT NULL,
    severity TEXT NOT NULL, status TEXT NOT NULL, since TEXT NOT NULL, until TEXT NOT NULL,
    opened_at TEXT NOT NULL, content TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS incident_source ON incident (rule, asset, until);
CREATE INDEX IF NOT EXISTS incident_active ON incident (status) WHERE status <> 'resolved';
CREATE TABLE IF NOT EXISTS incident_event (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, incident_id TEXT NOT NULL, change TEXT NOT NULL,
    at TEXT NOT NULL, event_date TEXT, history_date TEXT NOT NULL, run_id TEXT NOT NULL,
    by TEXT NOT NULL, message TEXT NOT NULL, severity TEXT NOT NULL, status TEXT NOT NULL,
    details TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS incident_event_incident ON incident_event (incident_id);
CREATE INDEX IF NOT EXISTS incident_event_date ON incident_event (history_date);
CREATE TRIGGER IF NOT EXISTS incident_event_kept BEFORE DELETE ON incident_event
    BEGIN SELECT raise(ABORT, 'history is kept'); END;
CREATE TRIGGER IF NOT EXISTS incident_event_unchanged BEFORE UPDATE ON incident_event
    BEGIN SELECT raise(ABORT, 'history is not changed'); END;
CREATE TABLE IF NOT EXISTS silence (
    id TEXT PRIMARY KEY, matchers TEXT NOT NULL, starts_at TEXT NOT NULL, ends_at TEXT NOT NULL,
    created_by TEXT NOT NULL, comment TEXT NOT NULL, created_at TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS report (id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS latest_report (
    rule TEXT NOT NULL, asset TEXT NOT NULL, event_date TEXT NOT NULL, evaluated_at TEXT NOT NULL,
    found TEXT NOT NULL, PRIMARY KEY (rule, asset, event_date)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS history_written (
    one INTEGER PRIMARY KEY CHECK (one = 1), sequence INTEGER NOT NULL
);
"""


def events_after(
    connection: sqlite3.Connection, sequence: int, limit: int | None = None
) -> list[IncidentEvent]:
    """The entries of history after a sequence, in their order; at most ``limit``."""
    rows = connection.execute(
        "SELECT * FROM incident_event WHERE sequence > ? ORDER BY sequence LIMIT ?",
        (sequence, -1 if limit is None else limit),
    )
    return [event_of(row) for row in rows]


def incident(connection: sqlite3.Connection, incident_id: str) -> Incident:
    """An incident as it is; raises IncidentError where there is none of that id."""
    row = connection.execute("SELECT content FROM incident WHERE id = ?", (incident_id,)).fetchone()
    if row is None:
        raise IncidentError(f"There is no incident {incident_id}.")
    return incident_of(row)


def incident_of(row: sqlite3.Row) -> Incident:
    """The incident of a row."""
    return from_json(json.loads(row["content"]))


def event_of(row: sqlite3.Row) -> IncidentEvent:
    """The entry of history of a row."""
    return IncidentEvent(
        sequence=row["sequence"],
        incident_id=row["incident_id"],
        change=row["change"],
        at=datetime.fromisoformat(row["at"]),
        event_date=date.fromisoformat(row["event_date"]) if row["event_date"] else None,
        run_id=row["run_id"],
        by=row["by"],
        message=row["message"],
        details=json.loads(row["details"]),
    )


def silence_of(row: sqlite3.Row) -> Silence:
    """The silence of a row."""
    return Silence(
        id=row["id"],
        matchers=tuple(Matcher(*parts) for parts in json.loads(row["matchers"])),
        starts_at=datetime.fromisoformat(row["starts_at"]),
        ends_at=datetime.fromisoformat(row["ends_at"]),
        created_by=row["created_by"],
        comment=row["comment"],
        created_at=datetime.fromisoformat(row["created_at"]),
    )


def write_incidents(connection: sqlite3.Connection, incidents: Iterable[Incident]) -> None:
    """Put incidents in the place of what they were."""
    connection.executemany(
        "INSERT OR REPLACE INTO incident VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                each.id,
                fingerprint_of(each),
                each.source.rule,
                each.source.asset,
                each.severity,
                each.status,
                *_span(each),
                time_text(each.opened_at),
                json_text(as_json(each)),
            )
            for each in incidents
        ],
    )


def _span(each: Incident) -> tuple[str, str]:
    if each.first_date is None:
        times = [each.opened_at, each.last_found_at, each.resolved_at]
        return time_text(each.opened_at), time_text(max(filter(None, times)))
    dates = [each.first_date, each.last_date, each.resolved_date]
    return each.first_date.isoformat(), max(filter(None, dates)).isoformat()


def append_event(
    connection: sqlite3.Connection, event: IncidentEvent, severity: str, status: str
) -> int:
    """Append an entry of history, with what the incident is after it; returns its sequence."""
    day = event.event_date
    cursor = connection.execute(
        "INSERT INTO incident_event (incident_id, change, at, event_date, history_date, run_id, "
        "by, message, severity, status, details) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            event.incident_id,
            event.change,
            time_text(event.at),
            day.isoformat() if day else None,
            (day or event.at.astimezone(UTC).date()).isoformat(),
            event.run_id,
            event.by,
            event.message,
            severity,
            status,
            json_text(event.details),
        ),
    )
    return int(cursor.lastrowid or 0)


def write_silence(connection: sqlite3.Connection, each: Silence) -> None:
    """Put a silence in the place of what it was."""
    written = [[one.name, one.operator, one.value] for one in each.matchers]
    connection.execute(
        "INSERT OR REPLACE INTO silence VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            each.id,
            json_text(written),
            time_text(each.starts_at),
            time_text(each.ends_at),
            each.created_by,
            each.comment,
            time_text(each.created_at),
        ),
    )


def time_text(time: datetime) -> str:
    """A time in UTC; later times give greater texts."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def json_text(content: Any) -> str:
    """JSON; equal content gives equal text."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def placeholders(values: Sequence[object]) -> str:
    """As many question marks as there are values."""
    return ", ".join("?" * len(values))
