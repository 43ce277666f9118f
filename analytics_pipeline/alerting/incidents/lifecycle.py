"""The life of incidents: what a report, a person or the time makes of them. Pure.

The rules are those of docs/alerts.md. Each function takes a state and gives the next one with the
entries of history that led there; entries get their sequence where they are stored.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

from analytics_pipeline.alerting.incidents.identity import fingerprint_of
from analytics_pipeline.alerting.incidents.incident import Incident, IncidentEvent, Report
from analytics_pipeline.alerting.incidents.policy import Policy
from analytics_pipeline.alerting.incidents.reporting import Reporting, found_at
from analytics_pipeline.alerting.incidents.settling import settle
from analytics_pipeline.alerting.incidents.silence import Silence
from analytics_pipeline.alerting.incidents.state import Reported, State, Transition
from analytics_pipeline.errors import PipelineError

Next = tuple[State, list[IncidentEvent]]


class IncidentError(PipelineError):
    """What is asked of an incident is not possible; the message names it and says why."""


def apply_reports(state: State, reports: Iterable[Report], now: datetime, policy: Policy) -> Next:
    """What reports make of the incidents, in the order in which they were evaluated."""
    transition = Transition(state, now)
    for report in sorted(map(_in_utc, reports), key=_order):
        Reporting(transition, report, policy).apply()
    settle(transition, policy)
    return transition.state, transition.events


def let_time_pass(state: State, now: datetime, policy: Policy) -> Next:
    """What the time alone makes of the incidents: silences begin and end, quiet sets in."""
    transition = Transition(state, now)
    for incident in sorted(transition.incidents.values(), key=lambda each: each.id):
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
    if latest is None or fingerprint_of(incident) in latest.found:
        return False
    return transition.now - found_at(incident) >= policy.window


def in_utc(time: datetime) -> datetime:
    """The time in UTC, which one without a zone is taken to be in."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _in_utc(report: Report) -> Report:
    return replace(report, evaluated_at=in_utc(report.evaluated_at))


def _order(report: Report) -> tuple[datetime, date, str]:
    return report.evaluated_at, report.event_date or date.min, report.id


def changed_incidents(before: State, after: State) -> Iterator[Incident]:
    """The incidents that are new or differ."""
    for name, incident in after.incidents.items():
        if before.incidents.get(name) != incident:
            yield incident
