"""A lake with everything that a report reads, made from files, and reports read back from it."""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from analytics_pipeline.alerting.evaluation import evaluate_days
from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline.forecasting.demand import hourly_query_demand
from analytics_pipeline.forecasting.tables import (
    DEMAND_FORECAST,
    FORECAST_MODELS,
    HOURLY_QUERY_DEMAND,
)
from analytics_pipeline.insights.catalog import INSIGHTS
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import Table
from analytics_pipeline.metrics.building import build
from analytics_pipeline.metrics.tables import current_project, mart_tables
from analytics_pipeline.reporting.content import ReportContent, read_contents
from analytics_pipeline.settings import Settings
from analytics_pipeline_tests.workspace import Workspace

DAY = date(2026, 11, 10)
WEEK_BEFORE = DAY - timedelta(days=7)
DAY_BEFORE = DAY - timedelta(days=1)
DAYS = (WEEK_BEFORE, DAY_BEFORE, DAY)
QUERIES = (
    "parse a JSON document",
    "sort a list of records by two keys, and keep the order of those that are equal",
    "explain the difference between a semaphore and a mutex with an example from a web server, "
    "and say when either is the better choice",
)


def events_of(day: date, seed: int, queries: int = 240) -> Iterator[dict[str, Any]]:
    """Events of every kind that a report tells of, with gaps where the source may leave them."""
    source = random.Random(seed)

    def moment() -> str:
        at = datetime.combine(day, datetime.min.time(), UTC)
        return (at + timedelta(seconds=source.randrange(86_400))).isoformat()

    for number in range(queries):
        hit = source.random() < 0.72
        yield {
            "event_id": f"{day}-q{number}",
            "event_type": "cache_query",
            "timestamp": moment(),
            "user_id": source.choice(["ada", "ben", "cleo", None]),
            "query": source.choice(QUERIES),
            "cache_hit": hit,
            "response_time": round(source.lognormvariate(-4 if hit else -0.2, 0.6), 4)
            if source.random() < 0.9
            else None,
            "model": source.choice(["atlas", "cedar", None]),
            "context": {"language": source.choice(["python", "rust", "go", None])},
        }
    for number in range(40):
        yield {
            "event_id": f"{day}-u{number}", "event_type": "ui_interaction", "timestamp": moment(),
            "user_id": source.choice(["ada", "dora"]), "action": "click",
        }  # fmt: skip
    for number in range(30):
        name, unit = source.choice([("cpu_usage", "percent"), ("memory_usage", "percent"),
                                    ("queue_length", None)])  # fmt: skip
        yield {
            "event_id": f"{day}-m{number}", "event_type": "system_metric", "timestamp": moment(),
            "metric_name": name, "value": round(source.uniform(5, 95), 3), "unit": unit,
        }  # fmt: skip
    for number in range(50):
        yield {
            "event_id": f"{day}-l{number}", "event_type": "log_entry", "timestamp": moment(),
            "level": source.choice(["INFO", "INFO", "INFO", "ERROR"]), "message": "done",
        }  # fmt: skip


def drop_sample(workspace: Workspace) -> None:
    """Drop files for DAYS with duplicates, blank lines and lines that will be refused."""
    for seed, day in enumerate(DAYS):
        workspace.drop(f"{day}.jsonl", events_of(day, seed))
    good = [*events_of(DAY, len(DAYS) - 1)][:5]
    late = [*events_of(DAY, 99, queries=3)][:3]
    for number, event in enumerate(late):
        event["event_id"] = f"late-{number}"
    workspace.drop("late.jsonl", [*good, *late])
    refused = [
        {"event_type": "cache_query", "timestamp": f"{DAY}T10:00:00Z"},
        {"event_type": "espresso", "timestamp": f"{DAY}T10:00:00Z"},
        {"event_type": "cache_query", "timestamp": f"{DAY}T11:00:00Z", "cache_hit": "perhaps"},
    ]
    workspace.drop("refused.jsonl", refused)
    workspace.drop(
        "blank.jsonl",
        f'\n{{"event_type": "log_entry", "timestamp": "{DAY}T12:00:00Z", "level": "INFO", '
        '"message": "started"}\n   \n'.encode(),
    )


def build_tables(
    lake: Lake, settings: Settings, days: Sequence[date], now: datetime | None = None
) -> None:
    """Compute marts, insights and the hourly demand of the days from their validated events."""
    with lake.engine() as connection:
        build(lake, connection, current_project(), days)
        events = lake.scan(VALIDATED_EVENTS, days)
        for table, query in INSIGHTS.items():
            lake.replace_days(connection, table, days, query(events, settings.insights))
        demand = hourly_query_demand(events, days, now or datetime(2027, 1, 1, tzinfo=UTC))
        lake.replace_days(connection, HOURLY_QUERY_DEMAND, days, demand)


def store(lake: Lake, table: Table, day: date, rows: Iterable[Mapping[str, Any]]) -> None:
    """Replace a partition by the given rows."""
    frame = pd.DataFrame(list(rows), columns=table.column_names)
    with lake.engine() as connection:
        connection.register("given", frame)
        lake.replace(connection, table, day, "FROM given")


def store_forecast(lake: Lake, made_on: date) -> None:
    """Store a forecast of the day after, and two models that competed for it."""
    source = random.Random(made_on.toordinal())
    midnight = datetime.combine(made_on + timedelta(days=1), datetime.min.time())
    hours = []
    for hour in range(24):
        expected = source.uniform(4, 16)
        hours.append({
            "hour": midnight + timedelta(hours=hour), "model": "seasonal_naive",
            "forecast": expected, "lower": expected - 3, "upper": expected + 4, "reason": None,
        })  # fmt: skip
    store(lake, DEMAND_FORECAST, made_on, hours)
    models = [
        {
            "model": model, "chosen": model == "seasonal_naive", "mae": source.uniform(1, 3),
            "rmse": source.uniform(3, 4), "mase": mase, "coverage": 0.79, "interval_width": 0.8,
            "folds": 3, "trained_from": made_on - timedelta(days=30), "trained_to": made_on,
            "training_hours": 720, "reason": reason,
        }
        for model, mase, reason in (
            ("prophet", 0.93, None), ("seasonal_naive", None, "MASE is undefined here.")
        )
    ]  # fmt: skip
    store(lake, FORECAST_MODELS, made_on, models)


def sample_workspace(root: Path) -> Workspace:
    """A workspace whose lake has everything for DAYS."""
    workspace = Workspace.create(root)
    drop_sample(workspace)
    workspace.ingest()
    build_tables(workspace.lake, workspace.settings, DAYS)
    for day in (DAY_BEFORE, DAY):
        store_forecast(workspace.lake, day)
    return workspace


def contents_of(workspace: Workspace, days: Sequence[date]) -> dict[date, ReportContent]:
    """Read the contents of the reports of several days at once."""
    lake, settings = workspace.lake, workspace.settings
    with lake.engine() as connection:
        alerts = evaluate_days(lake, connection, days, settings)
        return read_contents(lake, connection, mart_tables(), alerts, settings)


def content_of(workspace: Workspace, day: date = DAY) -> ReportContent:
    """Read the content of one report."""
    return contents_of(workspace, [day])[day]


def stored(workspace: Workspace, name: str, day: date = DAY) -> pd.DataFrame:
    """The rows of a table's day, read from its Parquet file without the code under test."""
    folder = workspace.lake.root / name / f"event_date={day}"
    return pd.read_parquet(folder / "data.parquet", partitioning=None)
