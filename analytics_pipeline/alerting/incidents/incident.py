"""What an incident is, what is reported of it, and what becomes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from analytics_pipeline.alerting.findings import Finding, Severity

Status = Literal["open", "acknowledged", "silenced", "resolved"]
Change = Literal[
    "opened", "repeated", "worsened", "acknowledged", "silenced", "unsilenced", "resolved",
    "reopened", "flapping", "inhibited", "uninhibited",
]  # fmt: skip


@dataclass(frozen=True)
class Source:
    """What an incident is about: an asset check, or a job whose runs fail (``asset`` is empty).

    ``rule`` is the name of the check or of the job, ``group`` that of the asset; ``response`` tells
    what to look at first; ``upstream`` are the assets that the asset depends on, near and far.
    """

    rule: str
    asset: str
    group: str = ""
    owner: str = ""
    team: str = ""
    runbook: str = ""
    description: str = ""
    response: str = ""
    upstream: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Report:
    """The outcome of one check for one event date, or the end of one run.

    ``findings`` are empty where all is well: that closes what is open of the source.
    ``event_date`` is null where the source has no dates, such as a run of a job without any.
    ``id`` names the report for good, such as the run and the check: a report that arrives a
    second time changes nothing.
    """

    id: str
    source: Source
    severity: Severity
    event_date: date | None
    evaluated_at: datetime
    findings: tuple[Finding, ...]
    run_id: str = ""


@dataclass(frozen=True)
class Incident:
    """One trouble from its opening to its end, however often it is found meanwhile.

    ``labels`` are those of its findings. ``first_date`` and ``last_date`` are the first and the
    last event date on which it was found. ``opened_at``, ``last_found_at`` and ``resolved_at`` are
    times of evaluation (of what a person resolved, of that), ``updated_at`` is when its history
    was last added to. ``resolved_date`` is the event date whose report resolved it.
    ``reopenings`` counts how often it came back. ``recorded_only`` says that it concerns dates too
    far back to tell anyone, or earlier ones than those that were told. ``inhibited_by`` is the
    incident that explains it, or explained it to its end. ``group_key`` is what incidents that are
    told together have in common.
    """

    id: str
    source: Source
    labels: Mapping[str, str]
    severity: Severity
    status: Status
    first_date: date | None
    last_date: date | None
    opened_at: datetime
    updated_at: datetime
    message: str
    occurrences: int
    value: float | None = None
    expected: float | None = None
    lower: float | None = None
    upper: float | None = None
    acknowledged_by: str | None = None
    resolved_at: datetime | None = None
    silenced_until: datetime | None = None
    inhibited_by: str | None = None
    recorded_only: bool = False
    flapping: bool = False
    group_key: str = ""
    last_found_at: datetime | None = None
    resolved_date: date | None = None
    reopenings: int = 0

    @property
    def is_active(self) -> bool:
        """Whether it has not come to its end."""
        return self.status != "resolved"


@dataclass(frozen=True)
class IncidentEvent:
    """One entry of the history of an incident. ``sequence`` grows with every entry of the store.

    ``event_date`` is the date of the report that led to it, null for what people and the clock do.
    ``details`` hold every field of the incident that it changed, as JSON has it, so that the
    history alone gives the incident back.
    """

    sequence: int
    incident_id: str
    change: Change
    at: datetime
    event_date: date | None
    run_id: str = ""
    by: str = ""
    message: str = ""
    details: Mapping[str, object] = field(default_factory=dict)
