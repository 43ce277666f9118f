"""The speed of the metric layer: against its bare queries, and of the same folder under dbt."""

import shutil
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import yaml

from analytics_pipeline.ingestion.intake import take_in
from analytics_pipeline.ingestion.validation import validate
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.metrics.binding import Bindings
from analytics_pipeline.metrics.building import build
from analytics_pipeline.metrics.compiling import compiled
from analytics_pipeline.metrics.project import Project
from analytics_pipeline.metrics.reading import read_project
from analytics_pipeline.metrics.tables import SOURCE_TABLES, current_project
from analytics_pipeline.samples.generation import generate
from analytics_pipeline_tests.benchmarks.measuring import Figure, ratio, seconds_of
from analytics_pipeline_tests.benchmarks.native_files import LAST
from analytics_pipeline_tests.benchmarks.options import Options
from analytics_pipeline_tests.benchmarks.pipeline_work import settings_of
from analytics_pipeline_tests.metrics.dbt_runs import run_dbt

MODELS = 60


def marts_of_a_day(scratch: Path, options: Options) -> Iterator[Figure]:
    """All marts of one day of 1M events: to their bare queries, and beside dbt."""
    lake, days = _validated(scratch, options.scaled(1_000_000), 1)
    yield from _to_bare_queries(lake, days, options, 2.0, f"all marts of a day of {_events(lake)}")
    project = current_project()
    with tempfile.TemporaryDirectory() as folder, lake.engine() as connection:

        def under_dbt() -> None:
            done = run_dbt(project.folder, lake.root, Path(folder), ["run"], days)
            assert done.exit_code == 0, done.output

        run_dbt(project.folder, lake.root, Path(folder), ["seed"])
        taken = seconds_of(under_dbt)
        ours = seconds_of(lambda: build(lake, connection, project, days))
    yield Figure(
        "the same folder under dbt-duckdb (dbt run), that day", taken / ours, None, "times",
        f"{taken:.2f} s to {ours:.2f} s, once",
    )  # fmt: skip


def marts_of_90_days(scratch: Path, options: Options) -> Iterator[Figure]:
    """All marts of 90 days in one piece of work, to one query a model over the range."""
    lake, days = _validated(scratch, options.scaled(1_800_000), 90)
    yield from _to_bare_queries(lake, days, options, 1.3, f"all marts of 90 days, {_events(lake)}")


def loading_models(scratch: Path, options: Options) -> Iterator[Figure]:
    """Reading a folder of 60 models as assets and checks, once Dagster is imported."""
    from analytics_pipeline.metrics.assets import metric_assets
    from analytics_pipeline.metrics.checks import metric_checks

    folder = _grown(current_project(), scratch / "dbt_like_sql", MODELS)

    def load() -> None:
        project = read_project(folder, SOURCE_TABLES)
        assert len(project.models) >= MODELS
        metric_assets(project), metric_checks(project)

    load()
    taken = [seconds_of(load) for _ in range(options.rounds or 5)]
    models = len(read_project(folder, SOURCE_TABLES).models)
    yield Figure(
        f"loading {models} models as assets and checks", statistics.median(taken), 0.5, "s",
        f"median of {len(taken)}",
    )  # fmt: skip


def _validated(scratch: Path, events: int, days: int) -> tuple[Lake, list[date]]:
    landing = scratch / "landing"
    generate(landing, events=events, days=days, end=LAST, seed=3)
    settings = settings_of(landing, scratch / "lake")
    lake = Lake.of(settings)
    taken = take_in(lake, settings).event_dates
    validate(lake, settings, taken)
    return lake, sorted(taken)


def _events(lake: Lake) -> str:
    with lake.engine() as connection:
        [count] = connection.execute(
            f"SELECT count(*) FROM {lake.scan(current_project().source_tables['validated_events'])}"
        ).fetchone() or (0,)
    return f"{count:,} events"


def _to_bare_queries(
    lake: Lake, days: Sequence[date], options: Options, limit: float, name: str
) -> Iterator[Figure]:
    project = current_project()
    with lake.engine() as connection, lake.engine() as bare:
        build(lake, connection, project, days)
        bindings = Bindings(lake, bare, project)

        def queries() -> None:
            for mart in project.marts:
                bindings.bind(mart, days)
                bare.sql(compiled(project, mart).sql).to_arrow_table()

        value, basis = ratio(
            lambda: build(lake, connection, project, days), queries, options.rounds or 5
        )
    yield Figure(
        f"{name}: {len(project.marts)} marts to their bare compiled queries", value, limit,
        "times", basis,
    )  # fmt: skip


def _grown(project: Project, folder: Path, models: int) -> Path:
    """A copy of the project with its marts repeated under other names, to so many models."""
    shutil.copytree(project.folder, folder)
    described = {}
    for file in folder.glob("models/**/*.yml"):
        content = yaml.safe_load(file.read_text()) or {}
        described.update({model["name"]: model for model in content.get("models", [])})
    marts = list(project.marts.values())
    copies = []
    for number in range(max(0, models - len(project.models))):
        mart, name = marts[number % len(marts)], f"copy_{number}"
        (folder / "models/marts" / f"{name}.sql").write_text(mart.file.read_text())
        copies.append({**described[mart.name], "name": name})
    (folder / "models/marts/copies.yml").write_text(yaml.safe_dump({"models": copies}))
    return folder
