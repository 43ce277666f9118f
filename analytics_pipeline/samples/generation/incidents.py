"""Incidents that are planted into generated events, and told in the truth file."""

from dataclasses import dataclass

import numpy as np

from analytics_pipeline.samples.generation.period import Flags, Ints, Period
from analytics_pipeline.samples.generation.vocabulary import HOSTS

HIT_RATE_DROP = "hit_rate_drop"
LATENCY_REGRESSION = "latency_regression"
ERROR_BURST = "error_burst"
TRAFFIC_SURGE = "traffic_surge"
OUTAGE = "outage"
HOST_SATURATION = "host_saturation"

DAYS_PER_ROUND = 60
QUIET_DAYS = 14


@dataclass(frozen=True)
class Incident:
    """What happens from the start of one hour to the start of another.

    ``strength`` is the factor by which the affected quantity is multiplied; for an error burst
    the share of errors among log lines, for a saturated host the percentage points of CPU usage
    that are added.
    """

    kind: str
    first_hour: int
    last_hour: int
    affected: str
    strength: float
    description: str

    def during(self, hours: Ints) -> Flags:
        """Whether each numbered hour lies in the incident."""
        return (hours >= self.first_hour) & (hours < self.last_hour)


def _kinds(model: str) -> list[tuple[str, int, str, float, str]]:
    """Kind, hours, what is affected, strength and description."""
    host = HOSTS[0]
    return [
        (HIT_RATE_DROP, 12, model, 0.15, f"hits of {model} fall to 0.15 of the usual share"),
        (LATENCY_REGRESSION, 8, model, 5.0, f"{model} and its hits answer 5 times slower"),
        (ERROR_BURST, 2, "log", 0.3, "3 of 10 log lines are errors"),
        (TRAFFIC_SURGE, 4, "demand", 3.0, "3 times the usual demand"),
        (OUTAGE, 1, "all models", 0.05, "5% of the usual demand, all of it timing out"),
        (HOST_SATURATION, 5, host, 60.0, f"60 percentage points more CPU usage on {host}"),
    ]


def plan_incidents(period: Period, model: str, rng: np.random.Generator) -> list[Incident]:
    """One incident of each kind for every sixty days, and at least one, in working hours.

    A period of four weeks or more begins with fourteen quiet days, so that there is something to
    compare with. Where the days allow it, no two incidents share a day. ``model`` is the one
    whose hit rate and latency suffer.
    """
    quiet = QUIET_DAYS if period.days >= 2 * QUIET_DAYS else 0
    rounds = max(1, (period.days - quiet) // DAYS_PER_ROUND)
    length = (period.days - quiet) / rounds
    incidents = []
    for number in range(rounds):
        days = np.arange(
            quiet + round(number * length), quiet + max(1, round((number + 1) * length))
        )
        working = days[~period.is_weekend(days * 24)]
        if len(working):
            days = working
        kinds = _kinds(model)
        if len(days) >= len(kinds):
            chosen = rng.choice(days, len(kinds), replace=False)
        else:
            chosen = rng.permuted(np.resize(days, len(kinds)))
        for day, (kind, hours, affected, strength, description) in zip(chosen, kinds, strict=True):
            first_hour = int(day) * 24 + int(rng.integers(7, 17 - min(hours, 8)))
            incidents.append(
                Incident(kind, first_hour, first_hour + hours, affected, strength, description)
            )
    return sorted(incidents, key=lambda incident: (incident.first_hour, incident.kind))


def of_kind(incidents: list[Incident], kind: str) -> list[Incident]:
    """The incidents of a kind."""
    return [incident for incident in incidents if incident.kind == kind]
