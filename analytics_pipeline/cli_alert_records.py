"""Incidents, silences and messages as the command line shows them: one record each."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from typing import TYPE_CHECKING, Any

from analytics_pipeline.cli_options import WRONG_USAGE, fail, output, print_json
from analytics_pipeline.settings import Settings

if TYPE_CHECKING:
    from analytics_pipeline.alerting.incidents.incident import Incident
    from analytics_pipeline.alerting.incidents.silence import Silence
    from analytics_pipeline.alerting.incidents.store import IncidentStore
    from analytics_pipeline.alerting.notifying.outbox import Notification


@contextmanager
def incident_store(settings: Settings) -> "Iterator[IncidentStore]":
    """The store of a lake; without one there is nothing to look at."""
    from analytics_pipeline.alerting.configuration import read_alerts_file
    from analytics_pipeline.alerting.rounds import open_store
    from analytics_pipeline.lake.lake import Lake

    if not Lake.of(settings).state.exists():
        fail(f"{settings.lake} is no lake yet: nothing was taken in.")
    with open_store(settings, read_alerts_file(settings)) as store:
        yield store


def named_incident(store: "IncidentStore", name: str) -> "Incident":
    """The incident whose id is this, or begins so; the command ends where there is no such one."""
    rows = store.connection.execute(
        "SELECT id FROM incident WHERE id = ?1 OR substr(id, 1, length(?1)) = ?1 LIMIT 6", (name,)
    ).fetchall()
    found = [row[0] for row in rows]
    if name in found:
        found = [name]
    if not found:
        fail(f"There is no incident {name}; aicache-analytics alerts list --all shows them.")
    if len(found) > 1:
        fail(f"Several incidents begin with {name}: {', '.join(found)}.", WRONG_USAGE)
    return store.incident(found[0])


def incident_line(incident: "Incident") -> dict[str, Any]:
    """An incident in a list."""
    labels = ", ".join(f"{name}={value}" for name, value in sorted(incident.labels.items()))
    source = incident.source
    return {
        "id": incident.id,
        "severity": incident.severity,
        "status": "flapping" if incident.flapping else incident.status,
        "rule": source.rule,
        "asset": source.asset,
        "slice": labels,
        "dates": _dates(incident),
        "since": f"{incident.opened_at.astimezone(UTC):%Y-%m-%d %H:%M}",
        "message": incident.message,
    }


def _dates(incident: "Incident") -> str:
    first, last = incident.first_date, incident.last_date
    if first is None or first == last:
        return str(first or "")
    return f"{first} to {last}"


def incident_details(incident: "Incident") -> dict[str, Any]:
    """All that is known of an incident."""
    source = incident.source
    numbers = {"value": incident.value, "expected": incident.expected,
               "lower limit": incident.lower, "upper limit": incident.upper}  # fmt: skip
    return {
        **incident_line(incident),
        **{name: f"{number:,.6g}" for name, number in numbers.items() if number is not None},
        "found": "once" if incident.occurrences == 1 else f"{incident.occurrences:,} times",
        "promise": source.description,
        "look at": source.response.replace("`", ""),
        "owner": source.owner,
        "team": source.team,
        "runbook": source.runbook,
        "acknowledged": incident.acknowledged_by,
        "silenced until": incident.silenced_until,
        "resolved": incident.resolved_at,
        "explained by": incident.inhibited_by,
        "recorded only": "it concerns dates too far back" if incident.recorded_only else None,
    }


def message_line(store: "IncidentStore", message: "Notification", incident: str) -> dict[str, Any]:
    """A message about an incident, or why it does not tell of it."""
    from analytics_pipeline.alerting.notifying import outbox

    reasons = [
        telling.reason
        for telling in outbox.tellings(store.connection, message.id)
        if telling.entry.incident_id == incident and telling.reason
    ]
    return {
        "due": f"{message.due_at:%Y-%m-%d %H:%M:%S}",
        "receiver": message.receiver,
        "kind": message.says or message.kind,
        "status": message.status,
        "reason": "; ".join(dict.fromkeys([*reasons, *filter(None, [message.reason])])),
        "subject": message.subject or "",
    }


def dead_letters(store: "IncidentStore", limit: int) -> list[dict[str, Any]]:
    """What could not be delivered, a record for each URL, the newest first."""
    from analytics_pipeline.alerting.notifying import outbox

    records = []
    for notification in outbox.notifications(store.connection, ["dead"], limit=limit):
        dead = [
            delivery
            for delivery in outbox.deliveries(store.connection, notification.id)
            if delivery.status == "dead"
        ]
        reasons = [(each.channel, each.attempts, each.last_error) for each in dead]
        for channel, attempts, reason in reasons or [("", 0, notification.reason)]:
            records.append(
                {
                    "notification": notification.id,
                    "due": f"{notification.due_at:%Y-%m-%d %H:%M}",
                    "receiver": notification.receiver,
                    "url_env": channel,
                    "attempts": attempts,
                    "reason": reason,
                    "subject": notification.subject,
                }
            )
    return records


def silence_line(silence: "Silence") -> dict[str, Any]:
    """A silence in a list."""
    return {
        "id": silence.id,
        "matchers": ", ".join(str(each) for each in silence.matchers),
        "from": f"{silence.starts_at:%Y-%m-%d %H:%M}",
        "until": f"{silence.ends_at:%Y-%m-%d %H:%M}",
        "by": silence.created_by,
        "comment": silence.comment,
    }


def print_records(records: Sequence[dict[str, Any]], as_json: bool, nothing: str) -> None:
    """Print records as a table, or for machines; what to say where there is none."""
    from analytics_pipeline.release_summary import table_of

    if as_json:
        print_json(list(records))
    elif records:
        output.print(table_of(records), markup=False)
    else:
        output.print(nothing)
