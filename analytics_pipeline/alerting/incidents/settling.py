"""What follows for the incidents from each other, from the silences and from the time."""

from analytics_pipeline.alerting.incidents.incident import Change, Incident
from analytics_pipeline.alerting.incidents.inhibition import (
    Sources,
    group_key,
    inhibitors,
    sources_of,
    upstream_first,
)
from analytics_pipeline.alerting.incidents.policy import Policy
from analytics_pipeline.alerting.incidents.state import Transition

BEGINNINGS: tuple[Change, ...] = ("opened", "reopened", "flapping")


def settle(transition: Transition, policy: Policy, by: str = "") -> None:
    """Group, inhibit and silence what is active. What is only recorded is left alone.

    ``by`` is who ended a silence by hand.
    """
    told = sorted(_told(transition), key=upstream_first)
    begun_now = [event.incident_id for event in transition.events if event.change in BEGINNINGS]
    for name in dict.fromkeys(begun_now):
        begun = transition.incidents[name]
        others = () if begun.recorded_only else told
        transition.amend(begun, group_key=group_key(begun, others, policy.group_by))
    sources = sources_of(policy.inhibit, told)
    # Those upstream come first, so that the key of a root is known to all that it explains.
    for incident in told:
        _inhibit(transition, transition.incidents[incident.id], sources, policy)
    for incident in told:
        _silence(transition, transition.incidents[incident.id], by)


def _told(transition: Transition) -> list[Incident]:
    return [
        incident
        for incident in transition.incidents.values()
        if incident.is_active and not incident.recorded_only
    ]


def _inhibit(transition: Transition, incident: Incident, sources: Sources, policy: Policy) -> None:
    found = inhibitors(incident, sources)
    former = transition.incidents.get(incident.inhibited_by or "")
    if found:
        if former is None or former.id not in {source.id for source in found}:
            source = transition.incidents[found[0].id]
            transition.change(
                incident,
                "inhibited",
                message=f"Explained by {source.id}: {source.message}",
                fields={"inhibited_by": source.id, "group_key": source.group_key},
            )
    elif incident.inhibited_by and _outlives(transition, incident, former, policy):
        transition.change(
            incident,
            "uninhibited",
            message=f"It goes on without {incident.inhibited_by}, which explained it.",
            fields={"inhibited_by": None},
        )


def _outlives(
    transition: Transition, incident: Incident, source: Incident | None, policy: Policy
) -> bool:
    """Whether the incident has gone on after the end of what explained it.

    Both end with the same run as a rule, of which the one report comes before the other.
    """
    if source is None or source.resolved_at is None:
        return True
    found_since = (incident.last_found_at or incident.opened_at) > source.resolved_at
    return found_since or transition.now >= source.updated_at + policy.grace


def _silence(transition: Transition, incident: Incident, by: str) -> None:
    matching = [
        silence
        for silence in transition.silences.values()
        if silence.is_active(transition.now) and silence.silences(incident)
    ]
    if not matching:
        if incident.status == "silenced":
            transition.change(
                incident,
                "unsilenced",
                by=by,
                message="No silence holds any longer.",
                fields={
                    "status": "acknowledged" if incident.acknowledged_by else "open",
                    "silenced_until": None,
                },
            )
        return
    longest = max(matching, key=lambda silence: (silence.ends_at, silence.id))
    if incident.silenced_until != longest.ends_at or incident.status != "silenced":
        transition.change(
            incident,
            "silenced",
            by=longest.created_by,
            message=longest.comment,
            noted={"silence": longest.id},
            fields={"status": "silenced", "silenced_until": longest.ends_at},
        )
