"""How many events happen when: daily and weekly seasons, growth, noise and incidents."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from analytics_pipeline.samples.generation.incidents import (
    COST_SPIKE,
    OUTAGE,
    SEASONAL_SURGE,
    TRAFFIC_SURGE,
    Incident,
    of_kind,
)
from analytics_pipeline.samples.generation.period import HOUR, Floats, Ints, Period

# Relative demand by hour of the day in UTC: two working peaks with a lunch dip between them.
WEEKDAY = np.array(
    [1, 0.8, 0.7, 0.7, 0.9, 1.5, 3, 6, 10, 13, 14, 13, 10, 11, 13, 13, 11, 8, 5, 4, 3.2, 2.6, 2,
     1.4]
)  # fmt: skip
WEEKEND = np.array(
    [0.8, 0.6, 0.5, 0.4, 0.4, 0.5, 0.8, 1.2, 1.8, 2.4, 2.8, 3, 3, 3, 3, 2.9, 2.8, 2.6, 2.5, 2.6,
     2.4, 2, 1.5, 1]
)  # fmt: skip
GROWTH_PER_DAY = 0.0015
SPIKE_SHARE = 0.125
DAILY_NOISE, HOURLY_NOISE = 0.05, 0.06
CHUNK_EVENTS = 500_000


@dataclass(frozen=True)
class Chunk:
    """Hours in a row that are generated together: whole days, or a part of one very large day.

    ``part`` is the number of the part of its day, from 1; 0 where the chunk holds whole days.
    """

    number: int
    first_hour: int
    weights: Floats
    events: int
    part: int

    @property
    def last_hour(self) -> int:
        """The hour after the last one."""
        return self.first_hour + len(self.weights)


@dataclass(frozen=True)
class Demand:
    """The relative demand of every hour of a period, and the incidents in it."""

    period: Period
    weights: Floats
    incidents: list[Incident]

    def load(self, hours: Ints) -> Floats:
        """Demand of the numbered hours as a share of what the machines are planned for.

        That is the highest demand of a usual weekday; it grows as the demand does.
        """
        planned = WEEKDAY.max() * (1 + GROWTH_PER_DAY) ** (hours // 24)
        load: Floats = np.minimum(self.weights[hours] / planned, 3.0)
        return load


def plan_demand(period: Period, incidents: list[Incident], rng: np.random.Generator) -> Demand:
    """Expected demand hour by hour."""
    hours = np.arange(period.days * 24)
    weights = np.where(period.is_weekend(hours), WEEKEND[hours % 24], WEEKDAY[hours % 24])
    weights *= (1 + GROWTH_PER_DAY) ** (hours // 24)
    weights *= np.repeat(rng.lognormal(0, DAILY_NOISE, period.days), 24)
    weights *= rng.lognormal(0, HOURLY_NOISE, len(hours))
    for kind in (SEASONAL_SURGE, TRAFFIC_SURGE, OUTAGE):
        for incident in of_kind(incidents, kind):
            weights[incident.during(hours)] *= incident.strength
    for incident in of_kind(incidents, COST_SPIKE):
        weights[incident.during(hours)] /= 1 - SPIKE_SHARE
    return Demand(period, weights, incidents)


def plan_chunks(
    demand: Demand, events: int, rng: np.random.Generator, chunk_events: int = CHUNK_EVENTS
) -> list[Chunk]:
    """Share the events out over the hours, and the hours over chunks of about ``chunk_events``.

    A chunk ends at the end of a day, except where a single day exceeds ``chunk_events``: such a
    day is cut into several chunks.
    """
    counts = rng.multinomial(events, demand.weights / demand.weights.sum())
    bounds: list[tuple[int, int, int]] = []
    first = 0
    for day, count in enumerate(counts.reshape(-1, 24).sum(axis=1)):
        begin, end = day * 24, (day + 1) * 24
        if count > chunk_events:
            if first < begin:
                bounds.append((first, begin, 0))
            parts = int(-(-count // chunk_events))
            share = np.cumsum(counts[begin:end]) * parts // max(1, count + 1)
            edges = [begin, *(begin + 1 + np.flatnonzero(np.diff(share))), end]
            bounds.extend(
                (int(left), int(right), part)
                for part, (left, right) in enumerate(pairwise(edges), 1)
            )
            first = end
        elif counts[first:end].sum() > chunk_events:
            bounds.append((first, begin, 0))
            first = begin
    if first < len(counts):
        bounds.append((first, len(counts), 0))
    return [
        Chunk(number, left, demand.weights[left:right], int(counts[left:right].sum()), part)
        for number, (left, right, part) in enumerate(bounds)
        if counts[left:right].any()
    ]


def draw_times(demand: Demand, chunk: Chunk, size: int, rng: np.random.Generator) -> Ints:
    """Times in a chunk that follow the demand, ascending.

    Systematic sampling: the hours receive their expected shares, without the extra scatter of
    independent draws.
    """
    cumulative = np.cumsum(chunk.weights) / chunk.weights.sum()
    hours = np.searchsorted(cumulative, (np.arange(size) + rng.random(size)) / max(1, size))
    hours = np.minimum(hours, len(chunk.weights) - 1)
    within = rng.integers(0, HOUR // 1000, size) * 1000
    times: Ints = demand.period.start + (chunk.first_hour + hours) * HOUR + within
    return np.sort(times)
