"""What stays the same, or grows, over a whole generation, and how the lines of a part are made."""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import numpy as np

from analytics_pipeline.samples.generation import columns, deliveries, lines, operations
from analytics_pipeline.samples.generation.columns import Activity, Events, Names
from analytics_pipeline.samples.generation.delivery import BAD_LINES, Arrivals
from analytics_pipeline.samples.generation.demand import Chunk, Demand, draw_times
from analytics_pipeline.samples.generation.people import Users, draw_turns
from analytics_pipeline.samples.generation.period import Period
from analytics_pipeline.samples.generation.queries import Cache, ask
from analytics_pipeline.samples.generation.spoiling import arriving, skew_clocks, truncate
from analytics_pipeline.samples.generation.truth import Truth

QUERY_SHARE = 0.70
SHARES = {
    "cache_store": 0.08,
    "system_metric": 0.10,
    "log_entry": 0.07,
    "build": 0.006,
    "deployment": 0.0015,
}
"""Shares of the events; the rest, about 4%, are UI interactions."""


@dataclass(frozen=True)
class World:
    """All that the chunks of a generation share."""

    seed: int
    period: Period
    demand: Demand
    arrivals: Arrivals
    bad_share: float
    users: Users
    cache: Cache
    names: Names
    truth: Truth
    sql_of_lines: Mapping[str, str]


def generate_chunk(
    connection: duckdb.DuckDBPyConnection, world: World, chunk: Chunk, first_session: int
) -> int:
    """Generate the lines of a chunk; returns the number of its sessions."""
    rng = np.random.default_rng([world.seed, 1, chunk.number])
    sizes = {name: round(chunk.events * share) for name, share in SHARES.items()}
    asked = min(chunk.events - sum(sizes.values()), round(chunk.events * QUERY_SHARE))
    turns = draw_turns(
        world.users, world.demand, chunk, rng, size=asked, first_session=first_session
    )
    queries = ask(world.users, turns, world.cache, world.demand, rng)
    activity = Activity(world.period, world.users, world.names, turns, queries)
    for event_type, events in _events(world, chunk, activity, sizes, rng).items():
        _register(connection, world, event_type, events, rng)
    _register_bad_lines(connection, world, chunk, rng)
    lines.write_lines(connection, world.sql_of_lines)
    return len(np.unique(turns.session))


def _events(
    world: World, chunk: Chunk, activity: Activity, sizes: dict[str, int], rng: np.random.Generator
) -> dict[str, Events]:
    """The events of every type, in the number of the chunk's events."""
    demand = world.demand
    generated = {
        "cache_query": columns.cache_query(activity),
        "failed_query": columns.failed_query(activity),
        "cache_store": columns.cache_store(activity, sizes["cache_store"], rng),
    }
    metrics = operations.measure(demand, chunk, sizes["system_metric"], rng)
    generated["system_metric"] = skew_clocks(demand, metrics, columns.system_metric(metrics))
    logs = operations.write_log(demand, chunk, sizes["log_entry"], rng)
    generated["log_entry"] = columns.log_entry(logs)
    builds = deliveries.build(demand, chunk, sizes["build"], rng)
    generated["build"] = columns.build(builds)
    deployed = deliveries.deploy(demand, builds, sizes["deployment"], rng)
    left = chunk.events - sum(len(events.time) for events in generated.values())
    spare = left - len(deployed.started)
    planted = deliveries.regressions(demand, chunk, spare, rng)
    generated["deployment"] = columns.deployment(deliveries.together(deployed, planted))
    interactions = left - len(generated["deployment"].time)
    generated["ui_interaction"] = columns.ui_interaction(activity, interactions, rng)
    return generated


def _register(
    connection: duckdb.DuckDBPyConnection,
    world: World,
    event_type: str,
    drawn: Events,
    rng: np.random.Generator,
) -> None:
    events = drawn.take(arriving(world.demand, drawn.time))
    events = truncate(world.demand, event_type, events, rng)
    day = world.period.day_of(events.time)
    marks = world.arrivals.draw(day, events.spoiled < 0, rng)
    lines.register(connection, event_type, events, world.truth.numbered[event_type], marks)
    world.truth.count(event_type, marks, events.spoiled)
    world.truth.lost += len(drawn.time) - len(events.time)
    if event_type == "cache_query":
        world.truth.count_hits(day, events.columns["cache_hit"])


def _register_bad_lines(
    connection: duckdb.DuckDBPyConnection, world: World, chunk: Chunk, rng: np.random.Generator
) -> None:
    size = int(rng.binomial(chunk.events, world.bad_share))
    drawn = draw_times(world.demand, chunk, size, rng)
    reasons = rng.integers(0, len(BAD_LINES), size)
    arrived = arriving(world.demand, drawn)
    time, reason = drawn[arrived], reasons[arrived]
    day = world.period.day_of(time)
    lines.register_bad_lines(connection, reason, time, day, world.truth.bad_lines + 1)
    world.truth.count_bad(day, reason)
