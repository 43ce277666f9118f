"""What the history of incidents has new is planned: read and written in one transaction."""

import sqlite3
from collections.abc import Iterable

from analytics_pipeline.alerting.incidents.incident import Incident
from analytics_pipeline.alerting.incidents.schema import events_after, incident_of
from analytics_pipeline.alerting.notifying import outbox
from analytics_pipeline.alerting.notifying.configuration import NotifyingConfiguration
from analytics_pipeline.alerting.notifying.planning import plan
from analytics_pipeline.lake.transaction import transaction

ENTRIES_AT_ONCE = 1000


def plan_new(connection: sqlite3.Connection, configuration: NotifyingConfiguration) -> int:
    """Plan what the history of incidents has new; returns how many entries that were.

    The position moves with what is planned, so that each entry is planned once.
    """
    planned = 0
    while True:
        with transaction(connection):
            position = outbox.position(connection)
            events = events_after(connection, position, ENTRIES_AT_ONCE)
            if not events:
                return planned
            concerned = {event.incident_id for event in events}
            found = plan(
                events,
                incidents_of(connection, concerned),
                configuration,
                outbox.known(connection, concerned),
            )
            outbox.store_plan(connection, found, events[-1].sequence)
        planned += len(events)


def incidents_of(connection: sqlite3.Connection, names: Iterable[str]) -> dict[str, Incident]:
    """Those of the incidents that exist, by id."""
    found = {}
    for name in names:
        row = connection.execute("SELECT content FROM incident WHERE id = ?", [name]).fetchone()
        if row is not None:
            found[name] = incident_of(row)
    return found


def explained_by(connection: sqlite3.Connection, name: str) -> list[Incident]:
    """The incidents under way that an incident explains."""
    rows = connection.execute(
        "SELECT content FROM incident WHERE status <> 'resolved' "
        "AND json_extract(content, '$.inhibited_by') = ? ORDER BY rule, asset, id",
        [name],
    )
    return [incident_of(row) for row in rows]
