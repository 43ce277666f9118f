"""What incidents do to lines on their way: some never arrive, some arrive spoiled."""

from dataclasses import replace

import numpy as np

from analytics_pipeline.samples.generation.columns import Events
from analytics_pipeline.samples.generation.delivery import BAD_LINES
from analytics_pipeline.samples.generation.demand import Demand
from analytics_pipeline.samples.generation.incidents import (
    CLOCK_SKEW,
    MISSING_DATA,
    QUARANTINE_BURST,
    during_any,
    of_kind,
)
from analytics_pipeline.samples.generation.operations import Metrics
from analytics_pipeline.samples.generation.period import HOUR, Ints
from analytics_pipeline.samples.generation.vocabulary import HOSTS

REASONS = list(BAD_LINES)


def arriving(demand: Demand, times: Ints) -> Ints:
    """Positions of the events that are not lost in a gap of the ingestion."""
    lost = during_any(of_kind(demand.incidents, MISSING_DATA), demand.period.hour_of(times))
    return np.flatnonzero(~lost)


def skew_clocks(demand: Demand, metrics: Metrics, events: Events) -> Events:
    """Samples, with the times that their hosts tell where a clock is off."""
    told, spoiled = metrics.time.copy(), events.spoiled.copy()
    hours = demand.period.hour_of(metrics.time)
    for incident in of_kind(demand.incidents, CLOCK_SKEW):
        skewed = incident.during(hours) & (metrics.host == HOSTS.index(incident.affected))
        told[skewed] += int(incident.strength) * HOUR
        reason = "too_old" if incident.strength < 0 else "future_timestamp"
        spoiled[skewed] = REASONS.index(reason)
    return replace(events, told=told, spoiled=spoiled)


def truncate(demand: Demand, event_type: str, events: Events, rng: np.random.Generator) -> Events:
    """Events of a type, cut off where a broken exporter writes them."""
    bursts = [
        incident
        for incident in of_kind(demand.incidents, QUARANTINE_BURST)
        if incident.affected == event_type
    ]
    if not bursts:
        return events
    kept, spoiled = np.ones(len(events.time)), events.spoiled.copy()
    hours = demand.period.hour_of(events.time)
    for incident in bursts:
        cut = incident.during(hours) & (rng.random(len(kept)) < incident.strength)
        kept[cut] = rng.random(int(cut.sum()))
        spoiled[cut] = REASONS.index("not_json")
    return replace(events, kept=kept, spoiled=spoiled)
