"""A lake with everything that a report reads, made from files, and reports read back from it."""

import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from analytics_pipeline.alerting.evaluation import evaluate_days
from analytics_pipeline.alerting.findings import Evaluation
from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline.expectations.site import site_of
from analytics_pipeline.forecasting.demand import hourly_query_demand
from analytics_pipeline.forecasting.tables import (
    DEMAND_FORECAST,
    FORECAST_MODELS,
    HOURLY_QUERY_DEMAND,
)
from analytics_pipeline.insights.catalog import INSIGHTS
from analytics_pipeline.insights.tables import ANOMALY_CAUSES
from analytics_pipeline.lake.lake import Lake, publish_text
from analytics_pipeline.lake.table import Table
from analytics_pipeline.metrics.building import build
from analytics_pipeline.metrics.catalog import metric_catalog
from analytics_pipeline.metrics.tables import current_project, mart_tables
from analytics_pipeline.optimization.tables import RECOMMENDATIONS
from analytics_pipeline.reporting.daily import Reports, daily_reports
from analytics_pipeline.reporting.definitions import Catalog, catalog_of
from analytics_pipeline.reporting.document import Report
from analytics_pipeline.settings import DailyView, Settings
from analytics_pipeline_tests.workspace import Workspace

DAY = date(2026, 11, 10)
WEEK_BEFORE = DAY - timedelta(days=7)
DAY_BEFORE = DAY - timedelta(days=1)
DAYS = (WEEK_BEFORE, DAY_BEFORE, DAY)
USERS = ("ada", "ben", "cleo", "dora", "eve")
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
        tokens = {"prompt_tokens": source.randrange(50, 900), "completion_tokens": 200}
        yield {
            "event_id": f"{day}-q{number}",
            "event_type": "cache_query",
            "timestamp": moment(),
            "user_id": source.choice([*USERS, None]),
            "team": source.choice(["search", "growth", None]),
            "query": source.choice(QUERIES),
            "cache_hit": hit,
            "match_type": source.choice(["exact", "semantic"]) if hit else None,
            "cache_key": f"key-{source.randrange(40)}",
            "response_time": round(source.lognormvariate(-4 if hit else -0.2, 0.6), 4)
            if source.random() < 0.9
            else None,
            "model": source.choice(["atlas", "cedar", None]),
            "cost": None if hit else round(source.uniform(0.001, 0.02), 6),
            "context": {"language": source.choice(["python", "rust", "go", None])},
            **(tokens if source.random() < 0.8 else {}),
        }
    for number in range(30):
        yield {
            "event_id": f"{day}-s{number}", "event_type": "cache_store", "timestamp": moment(),
            "user_id": source.choice(USERS), "cache_key": f"key-{source.randrange(40)}",
        }  # fmt: skip
    for number in range(40):
        yield {
            "event_id": f"{day}-u{number}", "event_type": "ui_interaction", "timestamp": moment(),
            "user_id": source.choice(["ada", "dora"]), "action": "click", "page": "/chat",
        }  # fmt: skip
    for number in range(30):
        name, unit = source.choice([("cpu_usage", "percent"), ("memory_usage", "percent"),
                                    ("queue_length", None)])  # fmt: skip
        yield {
            "event_id": f"{day}-m{number}", "event_type": "system_metric", "timestamp": moment(),
            "metric_name": name, "value": round(source.uniform(5, 95), 3), "unit": unit,
            "host": source.choice(["cache-1", "cache-2"]),
        }  # fmt: skip
    for number in range(50):
        yield {
            "event_id": f"{day}-l{number}", "event_type": "log_entry", "timestamp": moment(),
            "level": source.choice(["INFO", "INFO", "INFO", "ERROR"]), "message": "done",
            "component": source.choice(["gateway", "store"]),
        }  # fmt: skip
    for number in range(6):
        start = f"{day}T{8 + number:02}:00:00Z"
        end = f"{day}T{8 + number:02}:{source.randrange(5, 40):02}:00Z"
        run = {
            "timestamp": start, "started_at": start, "finished_at": end, "repository": "chat",
            "commit": f"{number:040x}", "status": "failure" if number == 3 else "success",
        }  # fmt: skip
        yield {"event_id": f"{day}-b{number}", "event_type": "build", "pipeline": "ci", **run}
        if number % 2:
            yield {
                "event_id": f"{day}-d{number}", "event_type": "deployment", "pipeline": "cd",
                "environment": "production", **run,
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


def store_advice(lake: Lake, day: date) -> None:
    """Store two recommendations, and an anomaly with two likely causes and the rest."""
    evidence = [
        {"metric": "daily_cache_metrics.cache_misses", "value": 61.0, "unit": "queries",
         "aggregate": "sum"},
    ]  # fmt: skip
    advice = [
        {
            "rank": rank, "kind": kind, "subject": "cedar",
            "labels": json.dumps({"model": "cedar"}),
            "recommendation": f"Look at cedar, says {kind}. " + "It would be worth it. " * 20,
            "usd_per_day": usd, "seconds_per_day": 321.5, "reason": reason,
            "counterfactual": "Each miss against the mean hit.", "assumption": None,
            "evidence": json.dumps(evidence * rank), "window_first": day - timedelta(days=27),
            "window_days": 3, "days_observed": 2,
        }
        for rank, kind, usd, reason in (
            (1, "slow_model", 1.25, None), (2, "lost_entries", None, "Nothing is priced."),
        )
    ]  # fmt: skip
    store(lake, RECOMMENDATIONS, day, advice)
    causes = [
        {
            "metric": "daily_cache_metrics.hit_rate", "rank": rank, "value": 0.7, "expected": 0.8,
            "change": -0.1, "robust_z": -5.5, "cause": cause, "dimension": dimension,
            "slice": "cedar", "slice_value": 0.6, "slice_expected": 0.8, "rate_effect": effect,
            "mix_effect": None, "effect": effect, "contribution": contribution,
            "sentence": f"The model cedar, rank {rank}.",
        }
        for rank, cause, dimension, effect, contribution in (
            (1, "slice", "model", -0.08, 0.8), (2, "deployment", None, None, None),
            (3, "other_slices", "model", -0.02, 0.2),
        )
    ]  # fmt: skip
    store(lake, ANOMALY_CAUSES, day, causes)


def sample_workspace(root: Path) -> Workspace:
    """A workspace whose lake has everything for DAYS."""
    workspace = Workspace.create(root)
    drop_sample(workspace)
    workspace.ingest()
    build_tables(workspace.lake, workspace.settings, DAYS)
    for day in (DAY_BEFORE, DAY):
        store_forecast(workspace.lake, day)
    store_advice(workspace.lake, DAY)
    publish_text(site_of(workspace.lake) / "days.json", json.dumps({str(DAY): ["usual_volume"]}))
    return workspace


def reports_of(
    workspace: Workspace,
    days: Sequence[date],
    *,
    alerts: Mapping[date, Sequence[Evaluation]] | None = None,
    marts: Mapping[str, Table] | None = None,
) -> dict[date, Reports]:
    """The reports of several days, made at once."""
    lake, settings = workspace.lake, workspace.settings
    with lake.engine() as connection:
        if alerts is None:
            alerts = evaluate_days(lake, connection, days, settings)
        tables = mart_tables() if marts is None else marts
        return dict(daily_reports(lake, connection, tables, alerts, catalog(), settings))


def report_of(workspace: Workspace, day: date = DAY, view: DailyView = "engineer") -> Report:
    """One report."""
    return reports_of(workspace, [day])[day][view]


def catalog() -> Catalog:
    """The catalog of the project's own metrics."""
    return catalog_of(metric_catalog(current_project(), "team:aicache-analytics"))


def block_of(report: Report, id: str) -> Any:
    """The block of a report that has the id."""
    (found,) = (block for section in report.sections for block in section.blocks if block.id == id)
    return found


def stored(workspace: Workspace, name: str, day: date = DAY) -> pd.DataFrame:
    """The rows of a table's day, read from its Parquet file without the code under test."""
    folder = workspace.lake.root / name / f"event_date={day}"
    return pd.read_parquet(folder / "data.parquet", partitioning=None)
