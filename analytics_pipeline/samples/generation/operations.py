"""What machines report: system metrics and log lines."""

from dataclasses import dataclass

import numpy as np

from analytics_pipeline.samples.generation.demand import Chunk, Demand, draw_times
from analytics_pipeline.samples.generation.incidents import (
    ERROR_BURST,
    HOST_SATURATION,
    NEW_ERROR_TEMPLATE,
    OUTAGE,
    of_kind,
)
from analytics_pipeline.samples.generation.period import DAY, HOUR, SECOND, Floats, Ints
from analytics_pipeline.samples.generation.vocabulary import (
    HOSTS,
    LOG_LEVELS,
    LOG_TEMPLATES,
    METRICS,
    NEW_LOG_TEMPLATES,
)

SAMPLES_PER_HOST_AND_DAY = 300
LEVEL_SHARES = np.array([0.06, 0.9, 0.0383, 0.0016, 0.0001])


@dataclass(frozen=True)
class Metrics:
    """System metrics; names and hosts as positions."""

    time: Ints
    metric: Ints
    host: Ints
    value: Floats


@dataclass(frozen=True)
class Logs:
    """Log lines; levels and templates as positions, with the two numbers of the message."""

    time: Ints
    level: Ints
    template: Ints
    first_number: Ints
    second_number: Ints


def measure(demand: Demand, chunk: Chunk, size: int, rng: np.random.Generator) -> Metrics:
    """Sample every metric of every host at a steady pace, with as many hosts as ``size`` feeds.

    CPU, network and memory follow the load; disks fill over a week and are cleaned up on Monday.
    """
    days = max(1.0, len(chunk.weights) / 24)
    hosts = int(np.clip(size / days // SAMPLES_PER_HOST_AND_DAY, 1, len(HOSTS)))
    number = np.arange(size)
    metric = number % len(METRICS)
    host = number // len(METRICS) % hosts
    tick = number // (len(METRICS) * hosts)
    ticks = -(-size // (len(METRICS) * hosts))
    span = len(chunk.weights) * HOUR
    time = demand.period.start + chunk.first_hour * HOUR + tick * span // max(1, ticks)
    time -= time % (SECOND // 1000)

    hours = demand.period.hour_of(time)
    load = demand.load(hours)
    noise = rng.normal(0, 1, size)
    # Machines do not heat up in proportion: twice the load is not twice the usage.
    cpu = 14 + 56 * load / (1 + load / 2) + 4 * host + 5 * noise
    for incident in of_kind(demand.incidents, HOST_SATURATION):
        cpu[incident.during(hours) & (host == HOSTS.index(incident.affected))] += incident.strength
    memory = 46 + 14 * load + 3 * host + 1.5 * noise
    since_monday = (time + 3 * DAY) % (7 * DAY) / (7 * DAY)
    disk = 38 + 30 * since_monday + 2 * host + 0.2 * noise
    network = np.abs(2 + 60 * load + 6 * noise)
    entries = 1_500 + 900 * since_monday + 25 * noise
    value = np.choose(
        metric,
        [np.clip(cpu, 0.5, 100), np.clip(memory, 5, 100), np.clip(disk, 5, 100), network, entries],
    )
    return Metrics(time, metric, host, value.round(2))


def write_log(demand: Demand, chunk: Chunk, size: int, rng: np.random.Generator) -> Logs:
    """Draw log lines; in an error burst or an outage many of them are errors, and some a new one.

    Times are distinct to the microsecond, since log lines have no identity of their own.
    """
    time = draw_times(demand, chunk, size, rng) + rng.integers(0, SECOND // 1000, size)
    number = np.arange(size)
    time = np.maximum.accumulate(np.sort(time) - number) + number
    hours = demand.period.hour_of(time)
    level = np.searchsorted(np.cumsum(LEVEL_SHARES), rng.random(size), side="right")
    level = np.minimum(level, len(LOG_LEVELS) - 1)
    error = LOG_LEVELS.index("ERROR")
    draws = rng.random(size)
    for kind in (ERROR_BURST, OUTAGE):
        for incident in of_kind(demand.incidents, kind):
            share = incident.strength if kind == ERROR_BURST else 0.6
            level[incident.during(hours) & (draws < share)] = error
    counts = np.array([len(LOG_TEMPLATES[name]) for name in LOG_LEVELS])
    firsts = np.cumsum(counts) - counts
    template = firsts[level] + rng.integers(0, 1_000_000, size) % counts[level]
    for incident in of_kind(demand.incidents, NEW_ERROR_TEMPLATE):
        within = np.flatnonzero(incident.during(hours))
        new = rng.choice(within, min(int(incident.strength), len(within) // 2), replace=False)
        level[new] = error
        template[new] = counts.sum() + incident.number % len(NEW_LOG_TEMPLATES)
    return Logs(
        time,
        level,
        template,
        first_number=rng.integers(1, 100_000, size),
        second_number=rng.integers(1, 3_000, size),
    )
