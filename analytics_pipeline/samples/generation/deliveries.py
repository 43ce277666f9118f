"""What build pipelines report: builds and deployments."""

from dataclasses import dataclass

import numpy as np

from analytics_pipeline.samples.generation.demand import Chunk, Demand, draw_times
from analytics_pipeline.samples.generation.incidents import (
    DELIVERY_FAILURES,
    LATENCY_REGRESSION,
    of_kind,
)
from analytics_pipeline.samples.generation.period import HOUR, SECOND, Ints
from analytics_pipeline.samples.generation.vocabulary import (
    BUILD_STATUSES,
    DEPLOYMENT_STATUSES,
    ENVIRONMENTS,
    PIPELINES,
    REPOSITORIES,
)

MEDIAN_BUILD_SECONDS, MEDIAN_DEPLOYMENT_SECONDS = 240.0, 90.0
GATEWAY = "platform-service"


@dataclass(frozen=True)
class Deliveries:
    """Builds or deployments; repositories, pipelines, statuses, environments as positions."""

    started: Ints
    finished: Ints
    repository: Ints
    pipeline: Ints
    commit: Ints
    status: Ints
    environment: Ints


def _durations(median: float, size: int, rng: np.random.Generator) -> Ints:
    return rng.lognormal(np.log(median), 0.5, size).astype(np.int64) * SECOND


def _fail(
    demand: Demand, started: Ints, status: Ints, failure: int, rng: np.random.Generator
) -> None:
    hours = demand.period.hour_of(started)
    for incident in of_kind(demand.incidents, DELIVERY_FAILURES):
        status[incident.during(hours) & (rng.random(len(hours)) < incident.strength)] = failure


def build(demand: Demand, chunk: Chunk, size: int, rng: np.random.Generator) -> Deliveries:
    """Draw builds; most of them succeed."""
    started = draw_times(demand, chunk, size, rng)
    status = rng.choice(3, size, p=[0.87, 0.1, 0.03])
    _fail(demand, started, status, BUILD_STATUSES.index("failure"), rng)
    return Deliveries(
        started=started,
        finished=started + _durations(MEDIAN_BUILD_SECONDS, size, rng),
        repository=rng.integers(0, len(REPOSITORIES), size),
        pipeline=rng.choice(len(PIPELINES), size, p=[0.8, 0.1, 0.1]),
        commit=rng.integers(0, 2**48, size),
        status=status,
        environment=np.zeros(size, dtype=np.int64),
    )


def deploy(demand: Demand, builds: Deliveries, size: int, rng: np.random.Generator) -> Deliveries:
    """Deploy successful builds some minutes after they finished, on the day they started."""
    succeeded = np.flatnonzero(builds.status == 0)
    if not len(succeeded):
        succeeded = np.arange(len(builds.status))
    origin = rng.choice(succeeded, size)
    day = demand.period.day_of(builds.started[origin])
    wait = rng.integers(60, 1_800, size) * SECOND
    started = demand.period.within_day(builds.finished[origin] + wait, day)
    status = rng.choice(3, size, p=[0.93, 0.05, 0.02])
    _fail(demand, started, status, DEPLOYMENT_STATUSES.index("failure"), rng)
    return Deliveries(
        started=started,
        finished=started + _durations(MEDIAN_DEPLOYMENT_SECONDS, size, rng),
        repository=builds.repository[origin],
        pipeline=builds.pipeline[origin],
        commit=builds.commit[origin],
        status=status,
        environment=rng.choice(2, size, p=[0.6, 0.4]),
    )


def regressions(demand: Demand, chunk: Chunk, most: int, rng: np.random.Generator) -> Deliveries:
    """The deployments that latency regressions of a chunk begin with, and their rollbacks.

    The gateway goes into production right before the first slow hour; at the end of the last one
    the same commit is rolled back. There are ``most`` deployments at most.
    """
    found = [
        incident
        for incident in of_kind(demand.incidents, LATENCY_REGRESSION)
        if chunk.first_hour <= incident.first_hour < chunk.last_hour
    ][: most // 2]
    ends = np.array([[each.first_hour, each.last_hour] for each in found], dtype=np.int64).ravel()
    size = len(ends)
    finished = demand.period.start + ends * HOUR - rng.integers(10, 60, size) * SECOND
    statuses = [DEPLOYMENT_STATUSES.index(name) for name in ("success", "rolled_back")]
    return Deliveries(
        started=finished - _durations(MEDIAN_DEPLOYMENT_SECONDS, size, rng),
        finished=finished,
        repository=np.full(size, REPOSITORIES.index(GATEWAY)),
        pipeline=np.full(size, PIPELINES.index("release")),
        commit=np.repeat(rng.integers(0, 2**48, size // 2), 2),
        status=np.tile(np.array(statuses, dtype=np.int64), size // 2),
        environment=np.full(size, ENVIRONMENTS.index("production")),
    )


def together(first: Deliveries, second: Deliveries) -> Deliveries:
    """The deliveries of both, in order of time."""
    order = np.argsort(np.concatenate([first.started, second.started]), kind="stable")
    return Deliveries(
        **{
            name: np.concatenate([getattr(first, name), getattr(second, name)])[order]
            for name in Deliveries.__dataclass_fields__
        }
    )
