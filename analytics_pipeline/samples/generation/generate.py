"""Generates events of most types into one file a day, with a truth file beside them."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import duckdb
import numpy as np

from analytics_pipeline.errors import PipelineError
from analytics_pipeline.lake.engine import open_engine
from analytics_pipeline.lake.lake import publish_text
from analytics_pipeline.samples.generation import lines
from analytics_pipeline.samples.generation.columns import Names
from analytics_pipeline.samples.generation.delivery import plan_arrivals
from analytics_pipeline.samples.generation.demand import Chunk, plan_chunks, plan_demand
from analytics_pipeline.samples.generation.files import WrittenFile, write_files
from analytics_pipeline.samples.generation.incident_plan import (
    Targets,
    plan_incidents,
    plan_season,
)
from analytics_pipeline.samples.generation.people import plan_users
from analytics_pipeline.samples.generation.period import Period
from analytics_pipeline.samples.generation.queries import plan_cache
from analytics_pipeline.samples.generation.truth import TRUTH_FILE, Truth, truth_document
from analytics_pipeline.samples.generation.world import QUERY_SHARE, World, generate_chunk
from analytics_pipeline.settings import EngineSettings

SOURCE = "generated"
"""The folder of all files: outermost, it is what ingestion takes for their source."""


class GenerationError(PipelineError):
    """What was asked for cannot be generated; the message says why and what to do."""


@dataclass(frozen=True)
class GenerationSummary:
    """What was generated, and where.

    ``events`` are the distinct valid ones; ``lines`` = events + duplicate_lines + bad_lines.
    ``incidents`` are those that should alert.
    """

    destination: Path
    first_date: date
    last_date: date
    files: int
    bytes: int
    events: int
    lines: int
    late_events: int
    duplicate_lines: int
    bad_lines: int
    incidents: int
    truth_file: Path


def generate(
    destination: Path,
    *,
    events: int,
    days: int,
    end: date,
    seed: int,
    gzip: bool = False,
    incidents: bool = True,
    late_share: float = 0.002,
    duplicate_share: float = 0.001,
    bad_share: float = 0.0005,
) -> GenerationSummary:
    """Generate labelled events of most types as newline-delimited JSON.

    Writes ``<destination>/generated/YYYY-MM-DD/events.jsonl`` (``.jsonl.gz`` where ``gzip``) for
    each of the ``days`` days up to and including ``end``; a day of more than half a million events
    comes in several files, ``events-1.jsonl`` and on. ``late.jsonl`` and ``repeated.jsonl`` in the
    folders of a few days hold events of the week before that come late, and second copies of
    lines. ``_truth.json``, in the destination itself, says that all is generated and tells
    counts, parameters and planted incidents. The same arguments give the same bytes. About half a
    million events are held in memory at a time.

    ``events`` are drawn; where incidents are planted, some of them are lost and some spoiled. The
    shares are of ``events``: ``late_share`` of them arrive in a late file, a second copy of
    ``duplicate_share`` and bad lines in the number of ``bad_share`` come on top of them. Without
    ``incidents`` there is only what is normal: noise, growth, and the batch run of every Thursday.
    Timestamps reach to the end of ``end``: choose a day in the past, or those ahead of the clock
    will be refused at ingestion.

    Raises GenerationError where a number is out of range or the destination is not empty.
    """
    _check(destination, events, days, seed, (late_share, duplicate_share, bad_share))
    period = Period(end - timedelta(days=days - 1), days)
    plan_rng = np.random.default_rng([seed, 0])
    cache = plan_cache(events)
    users = plan_users(events * QUERY_SHARE / days, cache.intents, plan_rng)
    planted = plan_season(period)
    if incidents:
        targets = Targets(users.models_by_use, users.average_users)
        planted += plan_incidents(period, targets, plan_rng)
        planted.sort(key=lambda incident: (incident.first_hour, incident.kind))
    demand = plan_demand(period, planted, plan_rng)
    origin = f"{seed}/{events}/{period.first}/{days}"
    world = World(
        seed=seed,
        period=period,
        demand=demand,
        arrivals=plan_arrivals(demand, late_share, duplicate_share),
        bad_share=bad_share,
        users=users,
        cache=cache,
        names=Names.of(users, cache),
        truth=Truth(period),
        sql_of_lines={
            event_type: lines.line_sql(event_type, origin, period, planted)
            for event_type in lines.FIELDS
        },
    )
    files = list(_write(world, destination, plan_chunks(demand, events, plan_rng), gzip=gzip))
    written = {file.path.relative_to(destination).as_posix(): file for file in files}
    parameters = {
        "events": events,
        "days": days,
        "first_date": period.first.isoformat(),
        "last_date": end.isoformat(),
        "seed": seed,
        "gzip": gzip,
        "incidents": incidents,
        "late_share": late_share,
        "duplicate_share": duplicate_share,
        "bad_share": bad_share,
    }
    truth = world.truth
    truth_file = destination / TRUTH_FILE
    publish_text(truth_file, truth_document(truth, parameters, planted, written))
    return GenerationSummary(
        destination=destination,
        first_date=period.first,
        last_date=end,
        files=len(files),
        bytes=sum(file.bytes for file in files),
        events=truth.events,
        lines=sum(file.lines for file in files),
        late_events=truth.late,
        duplicate_lines=truth.duplicates,
        bad_lines=truth.bad_lines,
        incidents=sum(incident.expected_alert for incident in planted),
        truth_file=truth_file,
    )


def _check(destination: Path, events: int, days: int, seed: int, shares: tuple[float, ...]) -> None:
    if events < 1 or days < 1:
        raise GenerationError(f"{events} events over {days} days: both must be at least 1.")
    if seed < 0:
        raise GenerationError(f"The seed must be 0 or more; got {seed}.")
    if any(not 0 <= share <= 0.5 for share in shares):
        raise GenerationError(
            "The shares of late, repeated and bad lines must lie between 0 and 0.5; got "
            f"{', '.join(map(str, shares))}."
        )
    if destination.exists() and (not destination.is_dir() or any(destination.iterdir())):
        raise GenerationError(
            f"{destination} is not an empty folder. Generated events never mix with others: "
            "choose a new folder, such as one inside the landing zone."
        )


@contextmanager
def _engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with (
        tempfile.TemporaryDirectory(prefix="aicache-generate-") as scratch,
        open_engine(Path(scratch), EngineSettings(), exclusive=True) as connection,
    ):
        lines.prepare(connection)
        yield connection


def _write(
    world: World, destination: Path, chunks: list[Chunk], *, gzip: bool
) -> Iterator[WrittenFile]:
    suffix = ".jsonl.gz" if gzip else ".jsonl"
    sessions = 0

    def path(name: str, day: int) -> Path:
        return destination / SOURCE / world.period.dates[day].isoformat() / f"{name}{suffix}"

    with _engine() as connection:
        for chunk in chunks:
            sessions += generate_chunk(connection, world, chunk, sessions)
            name = f"events-{chunk.part}" if chunk.part else "events"
            yield from write_files(
                lines.lines_in_time(connection),
                partial(path, name),
                compressed=gzip,
            )
        for name, late in (("late", True), ("repeated", False)):
            yield from write_files(
                lines.lines_for_later(connection, late=late),
                partial(path, name),
                compressed=gzip,
            )
