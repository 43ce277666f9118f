"""What one report makes of the incidents of its source."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from analytics_pipeline.alerting.findings import Finding, Severity
from analytics_pipeline.alerting.incidents.identity import (
    fingerprint,
    fingerprint_of,
    incident_id,
)
from analytics_pipeline.alerting.incidents.incident import Incident, Report
from analytics_pipeline.alerting.incidents.policy import Policy
from analytics_pipeline.alerting.incidents.state import Latest, Reported, Transition

SEVERITIES: tuple[Severity, ...] = ("WARN", "ERROR")


class Reporting:
    """The application of one report to a transition."""

    def __init__(self, transition: Transition, report: Report, policy: Policy) -> None:
        self.transition = transition
        self.report = report
        self.policy = policy
        self.is_recorded_only = policy.is_recorded_only(report, transition.now.date())
        self.former = transition.latest.get(Reported.by(report))

    def apply(self) -> None:
        """Apply the report, unless it was before, or a newer one of its date was."""
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
        for incident in self.transition.active_of(report.source):
            has_dates = incident.first_date is not None
            if has_dates == dated and fingerprint_of(incident) not in findings:
                self._passed(incident)
        self.transition.report(
            Reported.by(report), Latest(report.evaluated_at, frozenset(findings))
        )

    def _found(self, print_: str, finding: Finding) -> None:
        mine = self.transition.of_fingerprint(print_)
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
                if incident.recorded_only
                or (incident.resolved_date and incident.resolved_date > day)
            ),
            None,
        )

    def _is_historic(self) -> bool:
        """Whether the date is too far back to tell of it, and a later one was reported."""
        day = self.report.event_date
        if day is None or not self.is_recorded_only:
            return False
        return max(self.transition.dates_of(self.report.source), default=day) > day

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
        self._end(
            recorded,
            "It has come to dates that are told, as another incident.",
            self.report.event_date,
        )
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
        if max(first - day, day - last) > timedelta(self.policy.window_dates):
            return False
        start, end = min(day, last), max(day, first)
        between = (start + timedelta(days) for days in range(1, (end - start).days))
        source = self.report.source
        reported = (
            self.transition.latest.get(Reported(source.rule, source.asset, each))
            for each in between
        )
        return all(print_ in latest.found for latest in reported if latest)

    def _end(self, incident: Incident, message: str, day: date | None = None) -> None:
        self.transition.change(
            incident,
            "resolved",
            message=message,
            report=self.report,
            fields={
                "status": "resolved",
                "resolved_at": self.report.evaluated_at,
                "resolved_date": day,
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
        self._end(incident, _why_passed(self.report, incident), day)


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


def found_at(incident: Incident) -> datetime:
    """When an incident was last found."""
    return incident.last_found_at or incident.opened_at
