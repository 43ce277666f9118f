"""Which incidents are planted into a period, and when."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from analytics_pipeline.samples.generation import incidents as kinds
from analytics_pipeline.samples.generation.drift import drift
from analytics_pipeline.samples.generation.incidents import Incident
from analytics_pipeline.samples.generation.period import DAY, EPOCH, HOUR, Period
from analytics_pipeline.samples.generation.vocabulary import HOSTS, new_log_template

SHORT_HISTORY, LONG_HISTORY = 14, 42
DAYS_OF_LONG_HISTORY = 90
FEWEST_DAYS_BETWEEN, USUAL_DAYS_BETWEEN = 2, 6
THURSDAY, BATCH_HOURS, BATCH_FACTOR = 3, (13, 16), 2.0
CLOCK_AT_START, CLOCK_AHEAD = date(2000, 1, 1), date(2099, 1, 1)


@dataclass(frozen=True)
class Targets:
    """Whom incidents affect: the models, the most used first, and users of average activity."""

    models: Sequence[str]
    users: Sequence[str]


@dataclass(frozen=True)
class _Course:
    """How an incident goes: at any working hours, from an hour to midnight, or all day.

    ``hours`` is its length; None lets it last from ``begins`` to midnight.
    """

    hours: int | None
    affected: str
    strength: float
    description: str
    labels: dict[str, str] = field(default_factory=dict)
    begins: int | None = None


def _between(weakest: float, strongest: float, draw: float) -> float:
    return round(weakest + (strongest - weakest) * draw, 2)


def _hit_rate_drop(number: int, targets: Targets, draw: float) -> _Course:
    model, strength = targets.models[number % 2], _between(0.5, 0.15, draw)
    told = f"hits of {model} fall to {strength:g} of the usual share"
    return _Course(12, model, strength, told, {"model": model})


def _latency_regression(number: int, targets: Targets, draw: float) -> _Course:
    model, strength = targets.models[(number + 1) % 2], _between(2.2, 4, draw)
    told = (
        f"after a deployment {model} and its hits answer {strength:g} times slower, until a "
        "rollback"
    )
    return _Course(8, model, strength, told, {"model": model})


def _error_burst(number: int, targets: Targets, draw: float) -> _Course:
    strength = _between(0.2, 0.5, draw)
    return _Course(3, "log", strength, f"{strength:.0%} of the log lines are errors")


def _traffic_surge(number: int, targets: Targets, draw: float) -> _Course:
    strength = _between(2.8, 4, draw)
    return _Course(4, "demand", strength, f"{strength:g} times the usual demand, for once")


def _outage(number: int, targets: Targets, draw: float) -> _Course:
    told = "5% of the usual demand, and all of it fails"
    return _Course(3 + round(2 * draw), "all models", 0.05, told)


def _host_saturation(number: int, targets: Targets, draw: float) -> _Course:
    strength = _between(60, 80, draw)
    told = f"{strength:g} percentage points more CPU usage on {HOSTS[0]}"
    return _Course(5, HOSTS[0], strength, told, {"host": HOSTS[0]})


def _cost_spike(number: int, targets: Targets, draw: float) -> _Course:
    user, strength = targets.users[number % len(targets.users)], _between(3, 6, draw)
    told = (
        f"{user} asks every eighth question; all are new, for the costliest model, with "
        f"{strength:g} times the usual tokens"
    )
    return _Course(6, user, strength, told, {"user": user})


def _new_error_template(number: int, targets: Targets, draw: float) -> _Course:
    template, strength = new_log_template(number), round(_between(24, 60, draw))
    told = f"{template.component} logs an error that was never seen before: {template.text}"
    return _Course(5, template.component, strength, told, {"component": template.component})


def _delivery_failures(number: int, targets: Targets, draw: float) -> _Course:
    strength = _between(0.7, 0.95, draw)
    told = f"{strength:.0%} of the builds and deployments fail"
    return _Course(9, "builds and deployments", strength, told)


def _quarantine_burst(number: int, targets: Targets, draw: float) -> _Course:
    strength = _between(0.4, 0.9, draw)
    told = f"the exporter of cache_store truncates {strength:.0%} of its lines"
    return _Course(24, "cache_store", strength, told, {"event_type": "cache_store"}, begins=0)


def _clock_skew(number: int, targets: Targets, draw: float) -> _Course:
    """The clock is set when the incident begins: its strength follows from the day."""
    year = (CLOCK_AT_START if number % 2 == 0 else CLOCK_AHEAD).year
    told = f"the clock of {HOSTS[0]} jumps to {year}"
    return _Course(12, HOSTS[0], year, told, {"host": HOSTS[0]})


def _schema_drift(number: int, targets: Targets, draw: float) -> _Course:
    change = drift(number)
    told = f"from this day on {change.told}"
    labels = {"event_type": change.event_type}
    return _Course(24, change.event_type, 1 + len(change.added), told, labels, begins=0)


def _missing_data(number: int, targets: Targets, draw: float) -> _Course:
    if number % 2:
        return _Course(24, "all files", 1.0, "nothing arrives of the whole day", begins=0)
    return _Course(None, "all files", 1.0, "nothing arrives of the day from 13:00 on", begins=13)


COURSES: dict[str, Callable[[int, Targets, float], _Course]] = {
    kinds.HIT_RATE_DROP: _hit_rate_drop,
    kinds.LATENCY_REGRESSION: _latency_regression,
    kinds.ERROR_BURST: _error_burst,
    kinds.TRAFFIC_SURGE: _traffic_surge,
    kinds.OUTAGE: _outage,
    kinds.HOST_SATURATION: _host_saturation,
    kinds.COST_SPIKE: _cost_spike,
    kinds.NEW_ERROR_TEMPLATE: _new_error_template,
    kinds.DELIVERY_FAILURES: _delivery_failures,
    kinds.QUARANTINE_BURST: _quarantine_burst,
    kinds.CLOCK_SKEW: _clock_skew,
    kinds.SCHEMA_DRIFT: _schema_drift,
    kinds.MISSING_DATA: _missing_data,
}
"""Every kind that alerts, those first that a short period has too."""


def plan_season(period: Period) -> list[Incident]:
    """The batch run of every Thursday: a surge that is normal, from the first day to the last."""
    thursdays = [number for number, day in enumerate(period.dates) if day.weekday() == THURSDAY]
    first, last = BATCH_HOURS
    told = f"the batch run of every Thursday: {BATCH_FACTOR:g} times the demand of other days"
    return [
        Incident(
            kinds.SEASONAL_SURGE, day * 24 + first, day * 24 + last, "demand", BATCH_FACTOR, told,
            number=number, expected_alert=False,
        )
        for number, day in enumerate(thursdays)
    ]  # fmt: skip


def plan_incidents(period: Period, targets: Targets, rng: np.random.Generator) -> list[Incident]:
    """Incidents of every kind in turn, in working hours, with quiet days around each.

    A period begins quiet, so that there is something to compare with: for six weeks where it has
    ninety days or more, else for two where it has four weeks. After that there is an incident
    about every six days, more often only where each kind would not come once, and never more
    often than every second day: a period that is shorter has the first kinds of COURSES only.
    """
    quiet = _quiet_days(period)
    room = period.days - quiet
    rounds = max(1, room // (USUAL_DAYS_BETWEEN * len(COURSES)))
    in_round = min(len(COURSES), max(1, room // FEWEST_DAYS_BETWEEN))
    length = room / (rounds * in_round)
    planned = []
    for number in range(rounds):
        of_round = rng.permuted(list(COURSES)[:in_round])
        for position, kind in enumerate(of_round, number * in_round):
            slot = range(quiet + int(position * length), quiet + int((position + 1) * length))
            day = _day_of(period, kind, slot, rng)
            planned.append(_incident(period, str(kind), number, day, targets, rng))
    return sorted(planned, key=lambda incident: (incident.first_hour, incident.kind))


def _quiet_days(period: Period) -> int:
    if period.days >= DAYS_OF_LONG_HISTORY:
        return LONG_HISTORY
    return SHORT_HISTORY if period.days >= 2 * SHORT_HISTORY else 0


def _day_of(period: Period, kind: str, slot: range, rng: np.random.Generator) -> int:
    """A working day, so early in the slot that some quiet days follow, where there is one."""
    early = slot[: max(1, len(slot) - len(slot) // 2)] or slot[:1]
    for days in (np.array(early), np.array(slot)):
        working = days[~period.is_weekend(days * 24)]
        if kind == kinds.TRAFFIC_SURGE:
            # What comes on top of the batch run is not told from it.
            working = working[[period.dates[day].weekday() != THURSDAY for day in working]]
        if len(working):
            return int(rng.choice(working))
    return int(rng.choice(np.array(early)))


def _incident(
    period: Period, kind: str, number: int, day: int, targets: Targets, rng: np.random.Generator
) -> Incident:
    course = COURSES[kind](number, targets, rng.random())
    hours = 24 - (course.begins or 0) if course.hours is None else course.hours
    begins = course.begins
    if begins is None:
        begins = int(rng.integers(7, max(8, 18 - hours)))
    first_hour = day * 24 + begins
    strength = course.strength
    if kind == kinds.CLOCK_SKEW:
        set_to = date(int(strength), 1, 1)
        strength = ((set_to - EPOCH).days * DAY - period.start) // HOUR - first_hour
    return Incident(
        kind, first_hour, first_hour + hours, course.affected, strength, course.description,
        number=number, labels=course.labels,
    )  # fmt: skip
