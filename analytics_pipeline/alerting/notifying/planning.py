"""From new entries of the history of incidents to messages that are to be sent. Pure.

Every entry ends in a message to at least one receiver, or with the reason why nobody is told of
it. What is told of whom depends on the entries alone, not on how many are planned at once.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from analytics_pipeline.alerting.incidents.incident import Change, Incident, IncidentEvent
from analytics_pipeline.alerting.notifying.configuration import NotifyingConfiguration
from analytics_pipeline.alerting.notifying.routing import (
    Route,
    all_routes,
    held_until,
    routes_for,
)

Kind = Literal["news", "digest", "escalation", "reminder"]

TOLD_CHANGES: frozenset[Change] = frozenset(
    {"opened", "reopened", "worsened", "flapping", "uninhibited", "unsilenced"}
)
SILENT_CHANGES: Mapping[Change, str] = {
    "repeated": "found again: it joins the incident that was told",
    "acknowledged": "acknowledged: nobody else is told",
    "silenced": "silenced: nobody is told",
    "inhibited": "explained by another incident: nobody is told",
}
IDENTITY_DIGITS = 24


class Group(NamedTuple):
    """What is collected into one message: a receiver, the route, and what it groups by."""

    receiver: str
    route: str
    key: str


class Entry(NamedTuple):
    """An entry of the history of an incident that a message is about."""

    sequence: int
    incident_id: str
    change: Change


@dataclass(frozen=True)
class Collecting:
    """The latest message of a group; it takes what happens before it is due."""

    id: str
    due_at: datetime
    takes: bool


@dataclass
class Planned:
    """A message to plan, or a planned one that takes further entries and may be due earlier.

    ``entries`` are the new ones.
    """

    id: str
    group: Group
    kind: Kind
    created_at: datetime
    due_at: datetime
    entries: list[Entry] = field(default_factory=list)


class Untold(NamedTuple):
    """An entry that nobody is told of, and why."""

    sequence: int
    incident_id: str
    reason: str


@dataclass(frozen=True)
class Known:
    """What was planned before: the latest message of a group, and the groups of each incident."""

    latest: Callable[[Group], Collecting | None] = lambda _: None
    groups: Mapping[str, frozenset[Group]] = field(default_factory=dict)


@dataclass
class Plan:
    """What becomes of some entries."""

    messages: dict[str, Planned] = field(default_factory=dict)
    untold: list[Untold] = field(default_factory=list)


def identity(*parts: object) -> str:
    """The same for the same, whenever and wherever it is planned."""
    written = json.dumps([str(part) for part in parts], ensure_ascii=False)
    return hashlib.sha256(written.encode()).hexdigest()[:IDENTITY_DIGITS]


def plan(
    events: Iterable[IncidentEvent],
    incidents: Mapping[str, Incident],
    configuration: NotifyingConfiguration,
    known: Known,
) -> Plan:
    """Plan the messages that entries of history lead to, in the order of their sequence."""
    planning = _Planning(incidents, configuration, known)
    for event in events:
        planning.take(event)
    return planning.plan


class _Planning:
    def __init__(
        self,
        incidents: Mapping[str, Incident],
        configuration: NotifyingConfiguration,
        known: Known,
    ) -> None:
        self.incidents = incidents
        self.configuration = configuration
        self.routes = all_routes(configuration)
        self.known = known
        self.latest: dict[Group, Collecting] = {}
        self.groups = {incident: set(groups) for incident, groups in known.groups.items()}
        self.plan = Plan()

    def take(self, event: IncidentEvent) -> None:
        incident = self.incidents.get(event.incident_id)
        if incident is None:
            self._untold(event, "the incident is not known any longer")
        elif incident.recorded_only:
            self._untold(event, "recorded only: it concerns dates too far back")
        elif event.change == "resolved":
            self._resolved(event, incident)
        elif event.change in TOLD_CHANGES or not self.groups.get(incident.id):
            self._told(event, incident)
        else:
            self._untold(event, SILENT_CHANGES[event.change])

    def _told(self, event: IncidentEvent, incident: Incident) -> None:
        """Tell of it; also of one found again that nobody was told of until now."""
        if event.change in SILENT_CHANGES and event.change != "repeated":
            self._untold(event, SILENT_CHANGES[event.change])
            return
        if not self.configuration.receivers:
            self._untold(event, "no receiver is configured")
            return
        routes = routes_for(self.configuration, incident, event.at)
        told: set[str] = set()
        for route in routes:
            for receiver in route.to:
                if receiver not in told:
                    told.add(receiver)
                    group = Group(receiver, route.name, route.group_of(incident))
                    self._join(event, incident, group, route)
        if not routes:
            self._untold(event, "no route matches")
        elif not told:
            names = ", ".join(route.name for route in routes)
            self._untold(event, f"the route tells nobody: {names}")

    def _resolved(self, event: IncidentEvent, incident: Incident) -> None:
        """Tell of an end whom its beginning was planned for, whatever the routes say by now."""
        groups = sorted(self.groups.get(incident.id, ()))
        joined: set[str] = set()
        for group in groups:
            route = self.routes.get(group.route)
            if (route is None or route.send_resolved) and group.receiver not in joined:
                joined.add(group.receiver)
                self._join(event, incident, group, route)
        if not groups:
            self._untold(event, "nobody was told of the incident")
        elif not joined:
            self._untold(event, "the route does not tell when an incident is resolved")

    def _join(
        self, event: IncidentEvent, incident: Incident, group: Group, route: Route | None
    ) -> None:
        self.groups.setdefault(incident.id, set()).add(group)
        route = route or Route(group.route, (group.receiver,))
        latest = self.latest.get(group) or self.known.latest(group)
        due_at = self._due(event, incident, group, route, latest)
        if latest is not None and latest.takes and event.at < latest.due_at:
            name, due_at = latest.id, min(due_at, latest.due_at)
        else:
            name = identity(*group, event.sequence)
        kind: Kind = "news" if route.digest is None else "digest"
        message = self.plan.messages.setdefault(name, Planned(name, group, kind, event.at, due_at))
        message.due_at = due_at
        message.entries.append(Entry(event.sequence, incident.id, event.change))
        self.latest[group] = Collecting(name, due_at, takes=True)

    def _due(
        self,
        event: IncidentEvent,
        incident: Incident,
        group: Group,
        route: Route,
        latest: Collecting | None,
    ) -> datetime:
        if route.digest is not None:
            return route.digest.next_after(event.at)
        due_at = event.at + route.group_wait
        if latest is not None and event.at >= latest.due_at:
            due_at = max(due_at, latest.due_at + route.group_interval)
        resolved = event.change == "resolved"
        severities = () if resolved else (incident.severity,)
        return held_until(self.configuration, group.receiver, route, due_at, severities)

    def _untold(self, event: IncidentEvent, reason: str) -> None:
        self.plan.untold.append(Untold(event.sequence, event.incident_id, reason))
