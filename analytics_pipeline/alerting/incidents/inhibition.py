"""Which incident explains which: inhibition as in Alertmanager, and grouping by cause."""

from collections.abc import Iterable, Sequence
from datetime import date

from analytics_pipeline.alerting.incidents.incident import Incident
from analytics_pipeline.alerting.incidents.matching import all_match, properties_of
from analytics_pipeline.alerting.incidents.policy import CAUSE, EVENT_DATE, Inhibition

Sources = Sequence[tuple[Inhibition, list[Incident]]]
"""The inhibitions, each with the active incidents that can be its source."""


def sources_of(inhibitions: Iterable[Inhibition], active: Iterable[Incident]) -> Sources:
    """The active incidents that inhibit others, where there are such."""
    candidates = list(active)
    found = [
        (entry, [source for source in candidates if all_match(entry.source, source)])
        for entry in inhibitions
    ]
    return [(entry, of_entry) for entry, of_entry in found if of_entry]


def inhibitors(target: Incident, sources: Sources) -> list[Incident]:
    """Those of the sources that inhibit the target, the upstream-most first."""
    found = {
        source.id: source
        for entry, of_entry in sources
        if all_match(entry.target, target)
        for source in of_entry
        if source.id != target.id and _inhibits(entry, source, target)
    }
    return sorted(found.values(), key=upstream_first)


def upstream_first(incident: Incident) -> tuple[int, str, str]:
    """Sorts what explains before what is explained: an asset has more upstream than its parents."""
    return len(incident.source.upstream), incident.opened_at.isoformat(), incident.id


def is_downstream(target: Incident, source: Incident) -> bool:
    """Whether the asset of the target depends on that of the source."""
    asset = source.source.asset
    return bool(asset) and asset != target.source.asset and asset in target.source.upstream


def _inhibits(entry: Inhibition, source: Incident, target: Incident) -> bool:
    if entry.downstream:
        if not is_downstream(target, source):
            return False
    # As in Alertmanager: of those that are both, none inhibits the other.
    elif all_match(entry.source, target) and all_match(entry.target, source):
        return False
    of_source, of_target = properties_of(source), properties_of(target)
    return all(
        _same_dates(source, target)
        if name == EVENT_DATE
        else of_source.get(name, "") == of_target.get(name, "")
        for name in entry.equal
    )


def _same_dates(one: Incident, other: Incident) -> bool:
    """Whether the incidents have event dates in common, or neither has any."""
    mine, theirs = _dates(one), _dates(other)
    if mine is None or theirs is None:
        return mine is theirs
    return mine[0] <= theirs[1] and theirs[0] <= mine[1]


def _dates(incident: Incident) -> tuple[date, date] | None:
    if incident.first_date is None or incident.last_date is None:
        return None
    return incident.first_date, incident.last_date


def group_key(incident: Incident, active: Iterable[Incident], group_by: Sequence[str]) -> str:
    """What the incident has in common with those that are told together with it.

    With ``cause`` in ``group_by`` it is that of the upstream-most active incident on which its
    asset depends on the same dates; the cause is then that asset, or where there is none the group
    or the rule.
    """
    root = incident
    if CAUSE in group_by:
        upstream = [
            each for each in active if is_downstream(incident, each) and _same_dates(incident, each)
        ]
        root = min([*upstream, incident], key=upstream_first)
    source = root.source
    values = {
        **properties_of(root),
        EVENT_DATE: str(root.first_date or root.opened_at.date()),
        CAUSE: source.asset or source.group or source.rule,
    }
    return ", ".join(f"{name}={values.get(name, '')}" for name in group_by)
