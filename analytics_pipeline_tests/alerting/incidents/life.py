"""Reports that are short to write, and a life of incidents to which they are told."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta

from analytics_pipeline.alerting.findings import Finding, Severity
from analytics_pipeline.alerting.incidents import lifecycle
from analytics_pipeline.alerting.incidents.incident import Incident, IncidentEvent, Report, Source
from analytics_pipeline.alerting.incidents.policy import Policy
from analytics_pipeline.alerting.incidents.silence import Silence
from analytics_pipeline.alerting.incidents.state import State

TODAY = date(2026, 11, 20)
WHOLE: Mapping[str, str] = {}
SMALL = {"model": "small"}
LARGE = {"model": "large"}

HIT_RATE = Source(
    "hit_rate",
    "daily_cache_metrics",
    group="metrics",
    team="search",
    owner="data@example.com",
    upstream=frozenset({"raw_events", "validated_events"}),
)
COST = Source(
    "cost", "daily_cost", group="metrics", upstream=frozenset({"raw_events", "validated_events"})
)
MISSING = Source(
    "missing_data", "validated_events", group="ingestion", upstream=frozenset({"raw_events"})
)
FRESHNESS = Source("freshness", "raw_events", group="ingestion")
UPDATE = Source("update", "")


def november(day: int) -> date:
    return date(2026, 11, day)


def at(day: int, hour: float = 6) -> datetime:
    """A time in November."""
    return datetime.combine(november(day), time(), UTC) + timedelta(hours=hour)


def report(
    day: int | None,
    *found: Mapping[str, str] | Finding,
    source: Source = HIT_RATE,
    severity: Severity = "WARN",
    evaluated_at: datetime | None = None,
    name: str | None = None,
) -> Report:
    """The report of a day in November, evaluated the next morning, with what was found.

    Without findings all is well.
    """
    evaluated = evaluated_at or at((day or 0) + 1)
    findings = tuple(
        each if isinstance(each, Finding) else Finding(f"Found {dict(each)}.", each, value=0.2)
        for each in found
    )
    return Report(
        name or f"{source.rule}/{day}/{evaluated.isoformat()}",
        source,
        severity,
        november(day) if day else None,
        evaluated,
        findings,
        run_id="run",
    )


class Life:
    """A life of incidents in memory. What is told to it gives the changes that it led to."""

    def __init__(self, policy: Policy | None = None) -> None:
        self.policy = policy or Policy()
        self.state = State()
        self.now = at(20)
        self.history: list[IncidentEvent] = []

    def tell(self, *reports: Report, now: datetime | None = None) -> list[str]:
        self.now = now or self.now
        return self._noted(lifecycle.apply_reports(self.state, reports, self.now, self.policy))

    def wait(self, **duration: float) -> list[str]:
        self.now += timedelta(**duration)
        return self._noted(lifecycle.let_time_pass(self.state, self.now, self.policy))

    def acknowledge(self, incident: Incident, by: str) -> list[str]:
        return self._noted(
            lifecycle.acknowledge(self.state, incident.id, by, self.now, self.policy, "on it")
        )

    def resolve(self, incident: Incident, by: str) -> list[str]:
        return self._noted(
            lifecycle.resolve(self.state, incident.id, by, self.now, self.policy, "mended")
        )

    def silence(self, silence: Silence) -> list[str]:
        return self._noted(lifecycle.silence(self.state, silence, self.now, self.policy))

    @property
    def incidents(self) -> list[Incident]:
        return list(self.state.incidents.values())

    @property
    def active(self) -> list[Incident]:
        return [incident for incident in self.incidents if incident.is_active]

    @property
    def only(self) -> Incident:
        """The one incident that there is."""
        [incident] = self.incidents
        return incident

    def of(self, source: Source, labels: Mapping[str, str] = WHOLE) -> Incident:
        """The one active incident of a source and labels."""
        [incident] = [
            each
            for each in self.active
            if each.source.rule == source.rule and each.labels == labels
        ]
        return incident

    @property
    def last_message(self) -> str:
        return self.history[-1].message

    def _noted(self, step: lifecycle.Next) -> list[str]:
        self.state, events = step
        self.history += events
        return changes(events)


def changes(events: Iterable[IncidentEvent]) -> list[str]:
    return [event.change for event in events]
