"""What of a message that is due is still worth telling. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from analytics_pipeline.alerting.incidents.incident import Change, Incident
from analytics_pipeline.alerting.notifying.configuration import NotifyingConfiguration
from analytics_pipeline.alerting.notifying.outbox import Notification, Role
from analytics_pipeline.alerting.notifying.planning import Entry
from analytics_pipeline.alerting.notifying.routing import Route, held_until, maintenance_of

BEGINNINGS: frozenset[Change] = frozenset({"opened", "reopened"})


@dataclass(frozen=True)
class Item:
    """An incident that a message tells of, and what happened to it since the last one."""

    incident: Incident
    role: Role
    changes: frozenset[Change]


@dataclass
class Decision:
    """What becomes of each incident of a message: told, left out with a reason, or held.

    ``postponed_until`` is set where all that would be told is held by quiet hours.
    """

    told: list[Item] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    held: dict[str, datetime] = field(default_factory=dict)
    postponed_until: datetime | None = None


def decide(
    notification: Notification,
    entries: Iterable[Entry],
    incidents: Mapping[str, Incident],
    told_before: Mapping[str, Role],
    configuration: NotifyingConfiguration,
    route: Route | None,
    now: datetime,
) -> Decision:
    """Decide of the incidents as they are by now; ``told_before`` is of the same receiver."""
    decision = Decision()
    changes: dict[str, set[Change]] = {}
    for entry in entries:
        changes.setdefault(entry.incident_id, set()).add(entry.change)
    for name, happened in changes.items():
        incident = incidents.get(name)
        if incident is None:
            decision.left_out[name] = "the incident is not known any longer"
            continue
        item = Item(incident, _role(incident), frozenset(happened))
        reason = _reason_against(notification, item, told_before.get(name))
        window = maintenance_of(configuration, incident, now)
        if reason is not None:
            decision.left_out[name] = reason
        elif window is None:
            decision.told.append(item)
        elif window[1] is None:
            decision.left_out[name] = f"maintenance of its event date: {window[0].name}"
        else:
            decision.held[name] = window[1]
    firing = [item.incident.severity for item in decision.told if item.role == "firing"]
    until = held_until(configuration, notification.receiver, route, now, firing)
    if decision.told and until > now and notification.kind != "digest":
        decision.postponed_until = until
    return decision


def _role(incident: Incident) -> Role:
    return "resolved" if incident.status == "resolved" else "firing"


def _reason_against(notification: Notification, item: Item, told_before: Role | None) -> str | None:
    """Why an incident is not told by now; None where it is."""
    incident = item.incident
    if incident.recorded_only:
        return "recorded only: it concerns dates too far back"
    if notification.kind in ("escalation", "reminder"):
        return _reason_against_repeating(incident)
    if item.role == "resolved":
        return _reason_against_end(notification, item, told_before)
    reason = _reason_against_any(incident)
    if reason is not None or notification.kind == "digest":
        return reason
    return _reason_against_news(item, known=told_before == "firing")


def _reason_against_news(item: Item, *, known: bool) -> str | None:
    incident = item.incident
    if incident.status == "acknowledged" and not (known and "worsened" in item.changes):
        return f"acknowledged by {incident.acknowledged_by} before it was told"
    if incident.flapping and known and not item.changes & {"flapping", "worsened"}:
        return "it flaps, which was told"
    if known and item.changes <= {"resolved", "repeated"}:
        return "it came back before its end was told"
    return None


def _reason_against_end(
    notification: Notification, item: Item, told_before: Role | None
) -> str | None:
    if notification.kind == "digest" or (told_before is None and _is_news(item)):
        return None
    if told_before != "firing":
        return "it was resolved before it was told" if told_before is None else "its end was told"
    if "resolved" not in item.changes:
        return "it was resolved meanwhile, which is told by itself"
    return None


def _is_news(item: Item) -> bool:
    """Whether an incident began and ended between two messages, and its dates were bad for all.

    So it is where several dates are evaluated at once: a later one is well, and ended it. A date
    that was itself evaluated again and is well now was never bad.
    """
    incident = item.incident
    if not (item.changes & BEGINNINGS and incident.resolved_date and incident.last_date):
        return False
    return incident.resolved_date > incident.last_date


def _reason_against_repeating(incident: Incident) -> str | None:
    if incident.status == "resolved":
        return "resolved"
    if incident.status == "acknowledged":
        return f"acknowledged by {incident.acknowledged_by}"
    return _reason_against_any(incident)


def _reason_against_any(incident: Incident) -> str | None:
    if incident.inhibited_by:
        return f"explained by the incident {incident.inhibited_by}"
    return "silenced" if incident.status == "silenced" else None
