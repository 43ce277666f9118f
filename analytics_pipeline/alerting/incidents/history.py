"""The history of incidents in the lake, from where it outlives the store."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

from analytics_pipeline.alerting.incidents.schema import json_text
from analytics_pipeline.alerting.incidents.store import IncidentStore
from analytics_pipeline.alerting.tables import INCIDENT_EVENTS
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.transaction import transaction

_TYPES = {
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "BOOLEAN": pa.bool_(),
    "TIMESTAMP": pa.timestamp("us"),
}
_SCHEMA = pa.schema(
    [
        *((column.name, _TYPES[column.type]) for column in INCIDENT_EVENTS.columns),
        ("event_date", pa.date32()),
    ]
)
_STORED = "incident_rows"


def write_history(lake: Lake, store: IncidentStore) -> list[date]:
    """Write the dates of which the history grew since it was last written; returns them.

    Equal history gives equal bytes. A partition keeps the rows of which the store knows nothing,
    so that what is in the lake outlives a store that was lost. Killed at any instant, the next
    call completes the work.
    """
    last = _number(store, "SELECT coalesce(max(sequence), 0) FROM incident_event")
    written = _number(store, "SELECT coalesce(max(sequence), 0) FROM history_written")
    days = [
        date.fromisoformat(row[0])
        for row in store.connection.execute(
            "SELECT DISTINCT history_date FROM incident_event "
            "WHERE sequence > ? AND sequence <= ? ORDER BY 1",
            (written, last),
        )
    ]
    if not days:
        return []
    with lake.locked(INCIDENT_EVENTS, days), lake.engine() as connection:
        connection.register(_STORED, _rows(store, days))
        lake.replace_days(
            connection,
            INCIDENT_EVENTS,
            days,
            f"FROM {_STORED} UNION ALL BY NAME FROM {lake.scan(INCIDENT_EVENTS, days)} "
            f"ANTI JOIN {_STORED} USING (event_date, sequence, noted_at, incident_id)",
        )
        connection.unregister(_STORED)
    with transaction(store.connection):
        store.connection.execute(
            "INSERT INTO history_written VALUES (1, ?) ON CONFLICT (one) "
            "DO UPDATE SET sequence = max(sequence, excluded.sequence)",
            (last,),
        )
    return days


def _number(store: IncidentStore, query: str) -> int:
    return int(store.connection.execute(query).fetchone()[0])


def _rows(store: IncidentStore, days: Sequence[date]) -> pa.Table:
    """The entries of the days, in the columns of the table."""
    rows = store.connection.execute(
        "SELECT event.*, incident.content FROM incident_event AS event "
        "JOIN incident ON incident.id = event.incident_id "
        "WHERE history_date IN (SELECT value FROM json_each(?)) ORDER BY sequence",
        (json_text([day.isoformat() for day in days]),),
    )
    return pa.Table.from_pylist([_row(dict(row)) for row in rows], _SCHEMA)


def _row(event: dict[str, Any]) -> dict[str, Any]:
    incident = json.loads(event["content"])
    source = incident["source"]
    at = datetime.fromisoformat(event["at"]).astimezone(UTC).replace(tzinfo=None)
    return {
        **{name: event[name] for name in _SCHEMA.names if name in event},
        "event_date": date.fromisoformat(event["history_date"]),
        "noted_at": at,
        "rule": source["rule"],
        "asset": source["asset"] or None,
        "asset_group": source["group"] or None,
        "owner": source["owner"] or None,
        "team": source["team"] or None,
        "labels": json_text(incident["labels"]),
        "recorded_only": incident["recorded_only"],
        "noted_by": event["by"] or None,
        "run_id": event["run_id"] or None,
    }
