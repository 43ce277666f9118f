"""The life of incidents: what a report, a person or the time makes of them. Pure.

The rules are those of docs/alerts.md. Each function takes a state and gives the next one with the
entries of history that led there; entries get their sequence where they are stored.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from analytics_pipeline.alerting.findings import Finding, Severity
from analytics_pipeline.alerting.incidents.identity import fingerprint, incident_id
from analytics_pipeline.alerting.incidents.incident import Incident, IncidentEvent, Report
from analytics_pipeline.alerting.incidents.policy import Policy
from analytics_pipeline.alerting.incidents.settling import settle
from analytics_pipeline.alerting.incidents.silence import Silence
from analytics_pipeline.alerting.incidents.state import Latest, Reported, State, Transition
from analytics_pipeline.errors import PipelineError

SEVERITIES: tuple[Severity, ...] = ("WARN", "ERROR")
Next = tuple[State, list[IncidentEvent]]


class IncidentError(PipelineError):
    """What is asked of an incident is not possible; the message names it and says why."""


def apply_reports(state: State, reports: Iterable[Report], now: datetime, policy: Policy) -> Next:
    """What reports make of the incidents, in the order in which they were evaluated."""
    transition = Transition(state, now)
    for report in sorted(map(_in_utc, reports), key=_order):
        _Reporting(transition, report, policy).apply()
    settle(transition, policy)
    return transition.state, transition.events


def let_time_pass(state: State, now: datetime, policy: Policy) -> Next:
    """What the time alone makes of the incidents: silences begin and end, quiet sets in."""
    transition = Transition(state, now)
    for incident in transition.in_order():
        if _is_quiet_by_now(transition, incident, policy):
            transition.change(
                incident,
                "resolved",
                message="Quiet since it was last found.",
                fields={"status": "resolved", "resolved_at": now},
            )
    settle(transition, policy)
    return transition.state, transition.events


def acknowledge(
    state: State, name: str, by: str, now: datetime, policy: Policy, comment: str = ""
) -> Next:
    """Note that somebody is at it. A silence that holds goes on."""
    transition = Transition(state, now)
    incident = _active(state, name, "acknowledged")
    if incident.acknowledged_by != by:
        transition.change(
            incident,
            "acknowledged",
            by=by,
            message=comment,
            fields={
                "acknowledged_by": by,
                "status": "silenced" if incident.status == "silenced" else "acknowledged",
            },
        )
    settle(transition, policy)
    return transition.state, transition.events


def resolve(
    state: State, name: str, by: str, now: datetime, policy: Policy, comment: str = ""
) -> Next:
    """Bring an incident to its end by hand; found again, it opens again."""
    transition = Transition(state, now)
    transition.change(
        _active(state, name, "resolved"),
        "resolved",
        by=by,
        message=comment,
        fields={"status": "resolved", "resolved_at": now, "silenced_until": None},
    )
    settle(transition, policy)
    return transition.state, transition.events


def silence(state: State, new: Silence, now: datetime, policy: Policy, by: str = "") -> Next:
    """Put a silence, new or changed, beside the others; ``by`` is who ends one."""
    transition = Transition(state, now)
    transition.silences[new.id] = new
    settle(transition, policy, by)
    return transition.state, transition.events


def _active(state: State, name: str, wanted: str) -> Incident:
    incident = state.incidents.get(name)
    if incident is None:
        raise IncidentError(f"There is no incident {name}.")
    if not incident.is_active:
        raise IncidentError(f"The incident {name} is resolved: it cannot be {wanted}.")
    return incident


def _is_quiet_by_now(transition: Transition, incident: Incident, policy: Policy) -> bool:
    """Whether a flapping incident without dates was not found for long enough."""
    if not (incident.is_active and incident.flapping and incident.last_date is None):
        return False
    source = incident.source
    latest = transition.latest.get(Reported(source.rule, source.asset, None))
    if latest is None or print_of(incident) in latest.found:
        return False
    return transition.now - found_at(incident) >= policy.window


def print_of(incident: Incident) -> str:
    """The fingerprint of an incident's findings."""
    dated = incident.first_date is not None
    return fingerprint(incident.source, incident.labels, dated=dated)


def found_at(incident: Incident) -> datetime:
    """When an incident was last found."""
    return incident.last_found_at or incident.opened_at


def in_utc(time: datetime) -> datetime:
    """The time in UTC, which one without a zone is taken to be in."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _in_utc(report: Report) -> Report:
    return replace(report, evaluated_at=in_utc(report.evaluated_at))


def _order(report: Report) -> tuple[datetime, date, str]:
    return report.evaluated_at, report.event_date or date.min, report.id


class _Reporting:
    """The application of one report."""

    def __init__(self, transition: Transition, report: Report, policy: Policy) -> None:
        self.transition = transition
        self.report = report
        self.policy = policy
        self.is_recorded_only = policy.is_recorded_only(report, transition.now.date())
        self.former = transition.latest.get(Reported.by(report))

    def apply(self) -> None:
        report = self.report
        if report.id in self.transition.seen:
            return
        self.transition.seen.add(report.id)
        if self.former and report.evaluated_at < self.former.evaluated_at:
            return
        dated = report.event_date is not None
        findings: dict[str, Finding] = {}
        for finding in report.findings:  # The worst first.
            findings.setdefault(fingerprint(report.source, finding.labels, dated=dated), finding)
        for print_, finding in findings.items():
            self._found(print_, finding)
        for incident in self._of_source():
            if incident.is_active and print_of(incident) not in findings:
                self._passed(incident)
        self.transition.latest[Reported.by(report)] = Latest(
            report.evaluated_at, frozenset(findings)
        )

    def _of_source(self) -> list[Incident]:
        """The incidents of the reported source, with dates where the report has one."""
        report = self.report
        return [
            incident
            for incident in self.transition.in_order()
            if Reported.by(report).is_of(incident.source)
            and (incident.first_date is None) == (report.event_date is None)
        ]

    def _found(self, print_: str, finding: Finding) -> None:
        mine = [incident for incident in self._of_source() if print_of(incident) == print_]
        active = next((incident for incident in mine if incident.is_active), None)
        ended = [incident for incident in mine if not incident.is_active]
        if active and self._is_not_before(active):
            if active.recorded_only and not self.is_recorded_only:
                self._open_told_after(active, print_, finding)
            else:
                self._repeat(active, finding)
        elif known := self._known(print_, ended):
            self._repeat(known, finding)
        elif active or self._is_historic():
            self._record(print_, finding, ended)
        elif former := self._returning(ended):
            self._reopen(former, finding)
        else:
            self._open(print_, finding)

    def _is_not_before(self, incident: Incident) -> bool:
        day = self.report.event_date
        return day is None or incident.first_date is None or day >= incident.first_date

    def _known(self, print_: str, ended: Iterable[Incident]) -> Incident | None:
        """What ended with a later date, and was found on this date already."""
        day = self.report.event_date
        if day is None or self.former is None or print_ not in self.former.found:
            return None
        return next(
            (
                incident
                for incident in ended
                if _covers(incident, day)
                and incident.resolved_date
                and incident.resolved_date > day
            ),
            None,
        )

    def _is_historic(self) -> bool:
        """Whether the date is too far back to tell of it, and a later one was reported."""
        return self.is_recorded_only and self._last_reported_date() is not None

    def _last_reported_date(self) -> date | None:
        """The last date that the source reported of, where it is later than that of the report."""
        day = self.report.event_date
        later = [
            reported.event_date
            for reported in self.transition.latest
            if day and reported.event_date and reported.event_date > day
            if reported.is_of(self.report.source)
        ]
        return max(later, default=None)

    def _returning(self, ended: Iterable[Incident]) -> Incident | None:
        """The former incident that this is again."""
        candidates = [
            incident
            for incident in ended
            if incident.recorded_only == self.is_recorded_only
            and self._is_not_before(incident)
            and self._is_soon_after(incident)
        ]
        return max(
            candidates,
            key=lambda each: (each.first_date or date.min, each.opened_at, each.id),
            default=None,
        )

    def _is_soon_after(self, incident: Incident) -> bool:
        """Whether the report is within the window after the end of an incident.

        What was flapping had its quiet time before its end.
        """
        day = self.report.event_date
        if day is None:
            end = incident.resolved_at if not incident.flapping else None
            since = self.report.evaluated_at - (end or found_at(incident))
            return since <= self.policy.window
        last = incident.resolved_date if not incident.flapping else None
        return day - (last or incident.last_date or day) <= timedelta(self.policy.window_dates)

    def _open(
        self,
        print_: str,
        finding: Finding,
        *,
        recorded_only: bool | None = None,
        noted: dict[str, object] | None = None,
    ) -> Incident:
        report = self.report
        incident = Incident(
            id=incident_id(print_, report, self.transition.incidents),
            source=report.source,
            labels=dict(sorted(finding.labels.items())),
            severity=report.severity,
            status="open",
            first_date=report.event_date,
            last_date=report.event_date,
            opened_at=report.evaluated_at,
            updated_at=self.transition.now,
            message=finding.message,
            occurrences=1,
            value=finding.value,
            expected=finding.expected,
            lower=finding.lower,
            upper=finding.upper,
            recorded_only=self.is_recorded_only if recorded_only is None else recorded_only,
            last_found_at=report.evaluated_at,
        )
        return self.transition.change(
            incident, "opened", message=finding.message, report=report, noted=noted
        )

    def _repeat(self, incident: Incident, finding: Finding) -> None:
        report = self.report
        rises = SEVERITIES.index(report.severity) > SEVERITIES.index(incident.severity)
        fields: dict[str, object] = {
            "occurrences": incident.occurrences + 1,
            "severity": report.severity if rises else incident.severity,
            "last_found_at": max(found_at(incident), report.evaluated_at),
        }
        if report.event_date is None or report.event_date >= (incident.last_date or date.min):
            fields |= self._newest(finding)
        self.transition.change(
            incident,
            "worsened" if rises else "repeated",
            message=finding.message,
            report=report,
            fields=fields,
        )

    def _newest(self, finding: Finding) -> dict[str, object]:
        """What an incident takes over from the finding of its last date."""
        return {
            "source": self.report.source,
            "last_date": self.report.event_date,
            "message": finding.message,
            "value": finding.value,
            "expected": finding.expected,
            "lower": finding.lower,
            "upper": finding.upper,
        }

    def _reopen(self, incident: Incident, finding: Finding) -> None:
        report = self.report
        reopenings = incident.reopenings + 1
        flapping = reopenings + 1 >= self.policy.flapping_openings
        last = max(filter(None, (incident.last_date, report.event_date)), default=None)
        self.transition.change(
            incident,
            "flapping" if flapping else "reopened",
            message=finding.message,
            report=report,
            fields={
                **self._newest(finding),
                "last_date": last,
                "status": "open",
                "severity": report.severity,
                "occurrences": incident.occurrences + 1,
                "last_found_at": max(found_at(incident), report.evaluated_at),
                "reopenings": reopenings,
                "flapping": flapping,
                "resolved_at": None,
                "resolved_date": None,
                "acknowledged_by": None,
                "inhibited_by": None,
            },
        )

    def _open_told_after(self, recorded: Incident, print_: str, finding: Finding) -> None:
        """Open what is told in the place of what was only recorded, as it has come to today."""
        self._end(recorded, "It has come to dates that are told, as another incident.")
        self._open(print_, finding, noted={"continues": recorded.id})

    def _record(self, print_: str, finding: Finding, ended: Iterable[Incident]) -> None:
        """Note a finding of a date that is history: with its neighbours, or by itself."""
        near = next(filter(lambda each: self._adjoins(each, print_), ended), None)
        if near is None:
            incident = self._open(print_, finding, recorded_only=True)
            self._end(incident, "History: later dates were reported before.")
            return
        self._repeat(near, finding)
        day = self.report.event_date
        if day and near.first_date and day < near.first_date:
            self.transition.amend(self.transition.incidents[near.id], first_date=day)

    def _adjoins(self, incident: Incident, print_: str) -> bool:
        """Whether the date lies in or beside what was recorded, with no passed date between."""
        day = self.report.event_date
        first, last = incident.first_date, incident.last_date
        if not incident.recorded_only or day is None or first is None or last is None:
            return False
        start, end = min(day, last), max(day, first)
        if max(first - day, day - last) > timedelta(days=self.policy.window_dates):
            return False
        return all(
            print_ in latest.found
            for reported, latest in self.transition.latest.items()
            if reported.event_date and start < reported.event_date < end
            if reported.is_of(self.report.source)
        )

    def _end(self, incident: Incident, message: str) -> None:
        self.transition.change(
            incident,
            "resolved",
            message=message,
            report=self.report,
            fields={
                "status": "resolved",
                "resolved_at": self.report.evaluated_at,
                "resolved_date": self._last_reported_date() or self.report.event_date,
                "silenced_until": None,
            },
        )

    def _passed(self, incident: Incident) -> None:
        day, last = self.report.event_date, incident.last_date
        evaluated = self.report.evaluated_at
        if (day and last and day < last) or evaluated < found_at(incident):
            return
        if incident.flapping:
            if day and last:
                quiet = (day - last).days >= self.policy.window_dates
            else:
                quiet = evaluated - found_at(incident) >= self.policy.window
            if not quiet:
                return
        self.transition.change(
            incident,
            "resolved",
            message=_why_passed(self.report, incident),
            report=self.report,
            fields={
                "status": "resolved",
                "resolved_at": evaluated,
                "resolved_date": day,
                "silenced_until": None,
            },
        )


def _covers(incident: Incident, day: date) -> bool:
    first, last = incident.first_date, incident.last_date
    return first is not None and last is not None and first <= day <= last


def _why_passed(report: Report, incident: Incident) -> str:
    day = report.event_date
    slice_ = ", ".join(f"{name} {value}" for name, value in incident.labels.items())
    found = f"is no longer found for {slice_}" if slice_ else "is no longer found"
    if day is None:
        return f"It {found}."
    if day == incident.last_date:
        return f"Evaluated again for {day}, after late data or a correction, it {found}."
    return f"On {day} it {found}."


def changed_incidents(before: State, after: State) -> Iterator[Incident]:
    """The incidents that are new or differ."""
    for name, incident in after.incidents.items():
        if before.incidents.get(name) != incident:
            yield incident
