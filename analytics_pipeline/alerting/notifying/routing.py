"""From an incident to those who are told of it, and when they may be told."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from analytics_pipeline.alerting.incidents.incident import Incident
from analytics_pipeline.alerting.incidents.matching import all_match, properties_of
from analytics_pipeline.alerting.notifying.configuration import NotifyingConfiguration
from analytics_pipeline.alerting.notifying.entries import (
    NEVER,
    Digest,
    Escalation,
    Maintenance,
    QuietHours,
    RouteEntry,
    Telling,
)
from analytics_pipeline.alerting.notifying.time_intervals import contain, end_of

GROUP_KEY = "group_key"
EVERYTHING = "all incidents"


@dataclass(frozen=True)
class Route:
    """How the incidents of one route are told, with all that it takes from those around it."""

    name: str
    to: tuple[str, ...]
    group_by: tuple[str, ...] = (GROUP_KEY,)
    group_wait: timedelta = timedelta(seconds=30)
    group_interval: timedelta = timedelta(minutes=5)
    repeat_interval: timedelta | None = timedelta(days=1)
    send_resolved: bool = True
    escalate: tuple[Escalation, ...] = ()
    quiet_hours: QuietHours | None = None
    digest: Digest | None = None

    def group_of(self, incident: Incident) -> str:
        """What the incidents that are told together by this route have in common."""
        if self.digest is not None:
            return ""
        known = properties_of(incident) | {GROUP_KEY: incident.group_key or incident.id}
        return "\n".join(f"{name}={known.get(name, '')}" for name in self.group_by)


def routes_for(
    configuration: NotifyingConfiguration, incident: Incident, moment: datetime
) -> list[Route]:
    """The routes by which an incident is told at a moment, in their order; none where none match.

    As in Alertmanager, the first that matches is taken, and the next ones only where it continues;
    a route within another goes before the one around it. Without any routes, everybody is told.
    """
    if not configuration.routes:
        everybody = configuration.defaults.to or tuple(configuration.receivers)
        return [_route(EVERYTHING, configuration.defaults, everybody)] if everybody else []
    found = list(
        _matching(configuration, configuration.routes, configuration.defaults, incident, moment)
    )
    if not found and configuration.defaults.to is not None:
        return [_route("defaults", configuration.defaults, configuration.defaults.to)]
    return found


def all_routes(configuration: NotifyingConfiguration) -> dict[str, Route]:
    """Every route by its name, as notifications remember it."""
    found = [_route("defaults", configuration.defaults, configuration.defaults.to or ())]
    everybody = configuration.defaults.to or tuple(configuration.receivers)
    found.append(_route(EVERYTHING, configuration.defaults, everybody))
    found.extend(_each(configuration.routes, configuration.defaults))
    return {route.name: route for route in found}


def _matching(
    configuration: NotifyingConfiguration,
    entries: Iterable[RouteEntry],
    outer: Telling,
    incident: Incident,
    moment: datetime,
) -> Iterator[Route]:
    for entry in entries:
        if not _applies(configuration, entry, incident, moment):
            continue
        telling = _within(outer, entry)
        inner = list(_matching(configuration, entry.routes, telling, incident, moment))
        if inner:
            yield from inner
        elif telling.to is not None:
            yield _route(name_of(entry, telling), telling, telling.to)
        else:
            continue
        if not entry.continue_:
            return


def _applies(
    configuration: NotifyingConfiguration,
    entry: RouteEntry,
    incident: Incident,
    moment: datetime,
) -> bool:
    if not all_match(entry.match, incident):
        return False
    during = configuration.intervals(entry.during)
    if during and not contain(during, moment):
        return False
    return not contain(configuration.intervals(entry.not_during), moment)


def name_of(entry: RouteEntry, telling: Telling) -> str:
    """The name of a route; where it has none, what it says, which stays when others come before."""
    if entry.name:
        return entry.name
    conditions = [str(matcher) for matcher in entry.match]
    conditions += [f"during {name}" for name in entry.during]
    conditions += [f"not during {name}" for name in entry.not_during]
    said = ", ".join(conditions) or "all"
    return f"{said} to {', '.join(telling.to or ()) or 'nobody'}"


def _each(entries: Iterable[RouteEntry], outer: Telling) -> Iterator[Route]:
    for entry in entries:
        telling = _within(outer, entry)
        yield _route(name_of(entry, telling), telling, telling.to or ())
        yield from _each(entry.routes, telling)


def _within(outer: Telling, inner: Telling) -> Telling:
    own = {
        name: value for name in Telling.model_fields if (value := getattr(inner, name)) is not None
    }
    return outer.model_copy(update=own)


def _route(name: str, telling: Telling, to: tuple[str, ...]) -> Route:
    given = {
        key: value
        for key in Telling.model_fields
        if key != "to" and (value := getattr(telling, key)) is not None
    }
    if given.get("repeat_interval") == NEVER:
        given["repeat_interval"] = None
    return Route(name, to, **given)


def held_until(
    configuration: NotifyingConfiguration,
    receiver: str,
    route: Route | None,
    moment: datetime,
    severities: Iterable[str],
) -> datetime:
    """When a receiver may be told: the moment, or the end of the quiet hours that it lies in.

    ``severities`` are those of what is told.
    """
    known = configuration.receivers.get(receiver)
    of_both = (known.quiet_hours if known else None, route.quiet_hours if route else None)
    told = set(severities)
    intervals = [
        interval
        for quiet in of_both
        if quiet is not None and not told & set(quiet.except_)
        for interval in configuration.intervals(quiet.during)
    ]
    return end_of(intervals, moment)


def maintenance_of(
    configuration: NotifyingConfiguration, incident: Incident, moment: datetime
) -> tuple[Maintenance, datetime | None] | None:
    """The window in which nobody is told of an incident, and when it ends.

    A window of event dates has no end. None where there is no window.
    """
    for window in configuration.maintenance:
        if all_match(window.match, incident):
            if _concerns(window, incident):
                return window, None
            if window.from_ and window.to and window.from_ <= moment < window.to:
                return window, window.to
            during = configuration.intervals(window.during)
            if contain(during, moment):
                return window, end_of(during, moment)
    return None


def _concerns(window: Maintenance, incident: Incident) -> bool:
    if window.event_dates is None or incident.first_date is None:
        return False
    first, last = window.event_dates
    return first <= incident.first_date and (incident.last_date or incident.first_date) <= last
