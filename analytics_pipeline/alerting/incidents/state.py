"""What is known of incidents at a moment, and the way from there to the next."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, NamedTuple

from analytics_pipeline.alerting.incidents.changes import changed_fields
from analytics_pipeline.alerting.incidents.identity import fingerprint_of
from analytics_pipeline.alerting.incidents.incident import (
    Change,
    Incident,
    IncidentEvent,
    Report,
    Source,
)
from analytics_pipeline.alerting.incidents.silence import Silence

SourceKey = tuple[str, str]


def source_key(source: Source) -> SourceKey:
    """What tells a source from others: its rule and asset."""
    return source.rule, source.asset


class Reported(NamedTuple):
    """Of what there is one latest report: a source and an event date, or no date."""

    rule: str
    asset: str
    event_date: date | None

    @classmethod
    def by(cls, report: Report) -> "Reported":
        """What the report is of."""
        return cls(report.source.rule, report.source.asset, report.event_date)


@dataclass(frozen=True)
class Latest:
    """The newest report of a source and date: when it was evaluated and what it found."""

    evaluated_at: datetime
    found: frozenset[str]


@dataclass(frozen=True)
class State:
    """The incidents by id, the newest reports, the ids of all reports, and the silences.

    It may leave out what has no bearing on the reports that are to come next.
    """

    incidents: Mapping[str, Incident] = field(default_factory=dict)
    latest: Mapping[Reported, Latest] = field(default_factory=dict)
    seen: frozenset[str] = frozenset()
    silences: Mapping[str, Silence] = field(default_factory=dict)


class Transition:
    """The next state in the making, and the entries of history that lead to it.

    ``events`` have no sequence yet.
    """

    def __init__(self, state: State, now: datetime) -> None:
        self.incidents = dict(state.incidents)
        self.latest = dict(state.latest)
        self.seen = set(state.seen)
        self.silences = dict(state.silences)
        self.now = now
        self.events: list[IncidentEvent] = []
        self._last_entry: dict[str, int] = {}
        self._of_print: defaultdict[str, set[str]] = defaultdict(set)
        self._active: defaultdict[SourceKey, set[str]] = defaultdict(set)
        for incident in self.incidents.values():
            self._note(incident)
        self._dates: defaultdict[SourceKey, set[date]] = defaultdict(set)
        for reported in self.latest:
            self._note_date(reported)

    @property
    def state(self) -> State:
        """The state that was reached."""
        return State(self.incidents, self.latest, frozenset(self.seen), self.silences)

    def of_fingerprint(self, print_: str) -> list[Incident]:
        """The incidents of a fingerprint, in an order that depends on nothing else."""
        return [self.incidents[name] for name in sorted(self._of_print[print_])]

    def active_of(self, source: Source) -> list[Incident]:
        """The active incidents of a source, in an order that depends on nothing else."""
        return [self.incidents[name] for name in sorted(self._active[source_key(source)])]

    def dates_of(self, source: Source) -> set[date]:
        """The event dates that the source reported of."""
        return self._dates[source_key(source)]

    def report(self, reported: Reported, latest: Latest) -> None:
        """Note the newest report of a source and date."""
        self.latest[reported] = latest
        self._note_date(reported)

    def _note(self, incident: Incident) -> None:
        self._of_print[fingerprint_of(incident)].add(incident.id)
        active = self._active[source_key(incident.source)]
        (active.add if incident.is_active else active.discard)(incident.id)

    def _note_date(self, reported: Reported) -> None:
        if reported.event_date:
            self._dates[reported.rule, reported.asset].add(reported.event_date)

    def change(
        self,
        incident: Incident,
        change: Change,
        *,
        by: str = "",
        message: str = "",
        report: Report | None = None,
        noted: Mapping[str, object] | None = None,
        fields: Mapping[str, Any] | None = None,
    ) -> Incident:
        """Change fields of an incident, new or known, and note it; returns what it is now.

        ``noted`` is kept in the details of the entry beside the fields that changed.
        """
        before = self.incidents.get(incident.id)
        after = replace(incident, updated_at=self.now, **(fields or {}))
        self.incidents[after.id] = after
        self._note(after)
        self._last_entry[after.id] = len(self.events)
        self.events.append(
            IncidentEvent(
                sequence=0,
                incident_id=after.id,
                change=change,
                at=self.now,
                event_date=report.event_date if report else None,
                run_id=report.run_id if report else "",
                by=by,
                message=message,
                details={**(noted or {}), **changed_fields(before, after)},
            )
        )
        return after

    def amend(self, incident: Incident, **fields: Any) -> Incident:
        """Change fields of an incident that has an entry of this transition, as part of that."""
        after = replace(incident, **fields)
        position = self._last_entry[incident.id]
        event = self.events[position]
        details = {**event.details, **changed_fields(incident, after)}
        self.events[position] = replace(event, details=details)
        self.incidents[after.id] = after
        return after
