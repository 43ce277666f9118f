"""What of the store has a bearing on what is to come, as a state of the life of incidents."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from analytics_pipeline.alerting.incidents.incident import Incident, Report
from analytics_pipeline.alerting.incidents.lifecycle import in_utc
from analytics_pipeline.alerting.incidents.policy import Policy
from analytics_pipeline.alerting.incidents.schema import (
    incident_of,
    placeholders,
    silence_of,
    time_text,
)
from analytics_pipeline.alerting.incidents.silence import Silence
from analytics_pipeline.alerting.incidents.state import Latest, Reported, State

NO_DATE = ""
# SQLite takes some thousands of parameters at once.
AT_ONCE = 500


def state_for(
    connection: sqlite3.Connection,
    now: datetime,
    policy: Policy,
    reports: Sequence[Report] = (),
    names: Iterable[str] = (),
) -> State:
    """The active incidents and silences, those named, and what is near the reports in time.

    The work does not grow with the history.
    """
    incidents = _by_id(
        connection.execute("SELECT content FROM incident WHERE status <> 'resolved'")
    )
    latest: dict[Reported, Latest] = {}
    for (rule, asset), of_source in _by_source(reports).items():
        dates = [report.event_date for report in of_source if report.event_date]
        if dates:
            window = timedelta(policy.window_dates)
            first, last = (min(dates) - window).isoformat(), (max(dates) + window).isoformat()
            incidents |= _within(connection, rule, asset, first, last)
            latest |= _latest_within(connection, rule, asset, first, last)
        times = [in_utc(report.evaluated_at) for report in of_source if not report.event_date]
        if times:
            first = time_text(min(times) - policy.window)
            incidents |= _within(connection, rule, asset, first, time_text(max(times)))
            latest |= _latest_within(connection, rule, asset, NO_DATE, NO_DATE)
    for incident in list(incidents.values()) if not reports else ():
        reported = Reported(incident.source.rule, incident.source.asset, None)
        if incident.flapping and incident.last_date is None:
            latest |= _latest_within(connection, reported.rule, reported.asset, NO_DATE, NO_DATE)
    explaining = [each.inhibited_by for each in incidents.values() if each.inhibited_by]
    wanted = {*names, *explaining} - incidents.keys()
    return State(
        incidents | _named(connection, wanted),
        latest,
        _seen(connection, [report.id for report in reports]),
        silences_at(connection, now),
    )


def silences_at(connection: sqlite3.Connection, now: datetime) -> dict[str, Silence]:
    """The silences that have not ended, by id."""
    rows = connection.execute(
        "SELECT * FROM silence WHERE ends_at > ? ORDER BY ends_at, id", (time_text(now),)
    )
    return {row["id"]: silence_of(row) for row in rows}


def _by_source(reports: Iterable[Report]) -> dict[tuple[str, str], list[Report]]:
    found: dict[tuple[str, str], list[Report]] = {}
    for report in reports:
        found.setdefault((report.source.rule, report.source.asset), []).append(report)
    return found


def _within(
    connection: sqlite3.Connection, rule: str, asset: str, first: str, last: str
) -> dict[str, Incident]:
    """The incidents of a source from their opening to their end, where that meets a span."""
    return _by_id(
        connection.execute(
            "SELECT content FROM incident WHERE rule = ? AND asset = ? AND until >= ? "
            "AND since <= ?",
            (rule, asset, first, last),
        )
    )


def _latest_within(
    connection: sqlite3.Connection, rule: str, asset: str, first: str, last: str
) -> dict[Reported, Latest]:
    """The newest reports of a source of the dates in a span, of the last date, and of no date."""
    rows = connection.execute(
        "SELECT event_date, evaluated_at, found FROM latest_report WHERE rule = :rule "
        "AND asset = :asset AND (event_date BETWEEN :first AND :last OR event_date = '' "
        "OR event_date = (SELECT max(event_date) FROM latest_report WHERE rule = :rule "
        "AND asset = :asset))",
        {"rule": rule, "asset": asset, "first": first, "last": last},
    )
    return {
        Reported(rule, asset, date.fromisoformat(day) if day else None): Latest(
            datetime.fromisoformat(evaluated_at), frozenset(json.loads(found))
        )
        for day, evaluated_at, found in rows
    }


def _named(connection: sqlite3.Connection, names: Iterable[str]) -> dict[str, Incident]:
    found: dict[str, Incident] = {}
    for some in _pieces(list(names)):
        found |= _by_id(
            connection.execute(
                f"SELECT content FROM incident WHERE id IN ({placeholders(some)})", some
            )
        )
    return found


def _seen(connection: sqlite3.Connection, names: Sequence[str]) -> frozenset[str]:
    found: set[str] = set()
    for some in _pieces(names):
        rows = connection.execute(f"SELECT id FROM report WHERE id IN ({placeholders(some)})", some)
        found |= {row["id"] for row in rows}
    return frozenset(found)


def _pieces(names: Sequence[str]) -> Iterable[Sequence[str]]:
    return (names[start : start + AT_ONCE] for start in range(0, len(names), AT_ONCE))


def _by_id(rows: Iterable[sqlite3.Row]) -> dict[str, Incident]:
    found = map(incident_of, rows)
    return {incident.id: incident for incident in found}
