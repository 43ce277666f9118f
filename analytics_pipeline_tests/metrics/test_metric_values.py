"""Every metric against a second computation of it, in pandas, over made-up events."""

import math
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline.lake.contracts import checked
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.metrics.building import build
from analytics_pipeline.metrics.project import Project
from analytics_pipeline_tests.metrics.events import Event, days_of_events, store_events

FIRST = date(2026, 3, 1)
ERRORS = ["ERROR", "CRITICAL", "FATAL"]


def of_type(events: Sequence[Event], *types: str) -> pd.DataFrame:
    columns = ["user_id", "cache_hit", "response_time", "metric_name", "value", "unit", "level"]
    rows = [event for event in events if event["event_type"] in types]
    return pd.DataFrame([{name: row.get(name) for name in columns} for row in rows], None, columns)


def expected_cache_metrics(events: Sequence[Event]) -> dict[str, Any]:
    queries = of_type(events, "cache_query")
    times = queries["response_time"].dropna().astype(float)
    total, hits = len(queries), int((queries["cache_hit"] == True).sum())  # noqa: E712
    return {
        "total_queries": total or None,
        "cache_hits": hits if total else None,
        "hit_rate": hits / total if total else None,
        "average_response_time": times.mean(),
        "p50_response_time": times.quantile(0.5),
        "p95_response_time": times.quantile(0.95),
        "p99_response_time": times.quantile(0.99),
    }


def expected_engagement_metrics(events: Sequence[Event]) -> dict[str, Any]:
    people = of_type(events, "cache_query", "cache_store", "ui_interaction")
    interactions = of_type(events, "ui_interaction")
    active = people["user_id"].nunique()
    of_users = int(interactions["user_id"].notna().sum())
    return {
        "active_users": active or None,
        "total_interactions": len(interactions) or None,
        "interactions_per_user": of_users / active if of_users else None,
    }


def expected_metric_values(events: Sequence[Event]) -> dict[str, dict[str, Any]]:
    expected = {}
    for name, samples in of_type(events, "system_metric").groupby("metric_name"):
        units = set(samples["unit"].dropna())
        values = samples["value"].astype(float) if len(units) < 2 else pd.Series(dtype=float)
        expected[str(name)] = {
            "unit": units.pop() if len(units) == 1 else None,
            "samples": len(samples),
            "average": values.mean(),
            "p95": values.quantile(0.95),
            "maximum": values.max(),
        }
    return expected


def expected_system_metrics(events: Sequence[Event]) -> dict[str, Any]:
    metrics = expected_metric_values(events)
    logs = of_type(events, "log_entry")
    errors = int(logs["level"].isin(ERRORS).sum())
    usage = {
        f"{name}_{short}": metrics.get(name, {}).get(long)
        for name in ("cpu_usage", "memory_usage", "disk_usage")
        for short, long in (("average", "average"), ("p95", "p95"), ("max", "maximum"))
    }
    return {
        **usage,
        "log_entries": len(logs) or None,
        "error_log_entries": errors if len(logs) else None,
        "error_rate": errors / len(logs) if len(logs) else None,
    }


def same(actual: Any, expected: Any, scale: float = 1.0) -> bool:
    if pd.isna(expected):
        return bool(pd.isna(actual))
    if isinstance(expected, float):
        return math.isclose(actual, expected, rel_tol=1e-9, abs_tol=1e-9 * scale)
    return bool(actual == expected)


def assert_same(actual: pd.Series, expected: dict[str, Any], events: Sequence[Event]) -> None:
    # The tolerance of a mean of values of both signs is that of the greatest of them.
    scale = max([1.0, *(abs(event.get("value") or 0.0) for event in events)])
    assert set(expected) <= set(actual.index)
    for name, value in expected.items():
        assert same(actual[name], value, scale), (name, actual[name], value)


def rows_of_days(
    lake: Lake, connection: Any, project: Project, name: str, days: Sequence[date]
) -> dict[date, list[pd.Series]]:
    table = project.marts[name].table
    frame = checked(table, lake.frame(connection, table, days))
    return {
        day: [row for _, row in frame[frame["event_date"].dt.date == day].iterrows()]
        for day in days
    }


def one_row(lake: Lake, connection: Any, project: Project, name: str) -> pd.Series:
    [row] = rows_of_days(lake, connection, project, name, [FIRST])[FIRST]
    return row


def partition_bytes(lake: Lake, project: Project, days: Sequence[date]) -> dict[Any, bytes]:
    return {
        (name, day): lake.partition_file(mart.table, day).read_bytes()
        for name, mart in project.marts.items()
        for day in days
    }


ONE_ROW_A_DAY = {
    "daily_cache_metrics": expected_cache_metrics,
    "daily_engagement_metrics": expected_engagement_metrics,
    "daily_system_metrics": expected_system_metrics,
}
OF_EVERY_METRIC = ("daily_trends", "daily_weekday_comparison", "int_headline_values")


@settings(max_examples=10, deadline=None)
@given(history=st.lists(days_of_events(), min_size=1, max_size=3))
def test_every_metric_equals_pandas_and_a_range_equals_its_days(
    history: list[list[Event]], project: Project
) -> None:
    by_day = {FIRST + timedelta(days=number): events for number, events in enumerate(history)}
    days = list(by_day)
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder))
        with lake.engine() as connection:
            for day, events in by_day.items():
                if events:
                    store_events(lake, connection, day, events)
            counts = build(lake, connection, project, days)
            for name, expected_of in ONE_ROW_A_DAY.items():
                assert counts[name] == dict.fromkeys(days, 1)
                for day, rows in rows_of_days(lake, connection, project, name, days).items():
                    assert len(rows) == 1
                    assert_same(rows[0], expected_of(by_day[day]), by_day[day])
            values = rows_of_days(lake, connection, project, "daily_metric_values", days)
            for day, rows in values.items():
                expected = expected_metric_values(by_day[day])
                assert [row["metric_name"] for row in rows] == sorted(expected)
                assert counts["daily_metric_values"][day] == len(expected)
                for row in rows:
                    assert_same(row, expected[row["metric_name"]], by_day[day])

            written = partition_bytes(lake, project, days)
            for day in reversed(days):
                build(lake, connection, project, [day])
            assert partition_bytes(lake, project, days) == written


def test_equal_events_give_equal_bytes_in_any_order_and_with_any_number_of_threads(
    lake: Lake, project: Project
) -> None:
    """Sums of floats differ in their last bits where their order is not fixed."""
    queries = (
        "SELECT 'cache_query' AS event_type, i % 3 = 0 AS cache_hit, "
        "exp(hash(i) % 10000 / 1000) AS response_time FROM range(150_000) numbers(i)"
    )
    usage = (
        "SELECT 'system_metric' AS event_type, 'cpu_usage' AS metric_name, "
        "exp(hash(i) % 10000 / 999) AS value FROM range(150_000) numbers(i)"
    )
    seen = set()
    with lake.engine() as connection:
        nothing = f"FROM {lake.scan(VALIDATED_EVENTS, [])}"
        connection.execute(
            f"CREATE TABLE many AS {nothing} UNION ALL BY NAME {queries} UNION ALL BY NAME {usage}"
        )
        unordered = replace(VALIDATED_EVENTS, order_by=())
        for threads, order in ((1, "hash(response_time)"), (4, "value DESC, response_time")):
            connection.execute(f"SET threads = {threads}")
            lake.replace(connection, unordered, FIRST, f"FROM many ORDER BY {order}")
            for _ in range(3):
                build(lake, connection, project, [FIRST])
                seen.add(tuple(partition_bytes(lake, project, [FIRST]).values()))
    assert len(seen) == 1


def test_a_day_of_which_nothing_is_stored_has_a_row_of_nulls(lake: Lake, project: Project) -> None:
    with lake.engine() as connection:
        rows = build(lake, connection, project, [FIRST])
        one_row_a_day = [n for n, mart in project.marts.items() if mart.declared.one_row_a_day]
        assert set(one_row_a_day) >= set(ONE_ROW_A_DAY)
        with_rows = {name for name, counts in rows.items() if counts[FIRST]}
        assert with_rows == {*one_row_a_day, *OF_EVERY_METRIC}
        for name in one_row_a_day:
            assert one_row(lake, connection, project, name).drop("event_date").isna().all()


def test_known_day(lake: Lake, project: Project) -> None:
    """Numbers that can be checked in the head."""
    times = [0.1, 0.2, 0.3, 0.4]
    events: list[Event] = [
        *(
            {"event_type": "cache_query", "user_id": "ada", "cache_hit": n > 0, "response_time": t}
            for n, t in enumerate(times)
        ),
        {"event_type": "ui_interaction", "user_id": "bob"},
        {"event_type": "ui_interaction", "user_id": "bob"},
        {"event_type": "ui_interaction", "user_id": None},
        *({"event_type": "log_entry", "level": level} for level in ["INFO", "FATAL", "WARNING"]),
    ]
    with lake.engine() as connection:
        store_events(lake, connection, FIRST, events)
        build(lake, connection, project, [FIRST])
        cache = one_row(lake, connection, project, "daily_cache_metrics")
        engagement = one_row(lake, connection, project, "daily_engagement_metrics")
        system = one_row(lake, connection, project, "daily_system_metrics")
    assert (cache["total_queries"], cache["cache_hits"], cache["hit_rate"]) == (4, 3, 0.75)
    assert cache["average_response_time"] == pytest.approx(0.25)
    assert cache["p50_response_time"] == pytest.approx(0.25)
    assert engagement["active_users"] == 2
    assert engagement["total_interactions"] == 3
    assert engagement["interactions_per_user"] == 1
    assert system["error_rate"] == pytest.approx(1 / 3)
    assert pd.isna(system["cpu_usage_average"])


def test_what_people_without_a_name_did_says_nothing_about_users(
    lake: Lake, project: Project
) -> None:
    click = {"event_type": "ui_interaction", "user_id": None}
    with lake.engine() as connection:
        store_events(lake, connection, FIRST, [click, click])
        build(lake, connection, project, [FIRST])
        nobody = one_row(lake, connection, project, "daily_engagement_metrics")
        query = {"event_type": "cache_query", "user_id": "ada", "cache_hit": True}
        store_events(lake, connection, FIRST, [click, click, query])
        build(lake, connection, project, [FIRST])
        ada = one_row(lake, connection, project, "daily_engagement_metrics")
    assert nobody["total_interactions"] == 2
    assert nobody[["active_users", "interactions_per_user"]].isna().all()
    assert (ada["active_users"], ada["total_interactions"]) == (1, 2)
    assert pd.isna(ada["interactions_per_user"])


def test_a_mart_that_is_rebuilt_alone_reads_what_is_stored_of_the_others(
    lake: Lake, project: Project
) -> None:
    usage = {"event_type": "system_metric", "metric_name": "cpu_usage", "value": 50.0}
    with lake.engine() as connection:
        store_events(lake, connection, FIRST, [usage])
        build(lake, connection, project, [FIRST])
        store_events(lake, connection, FIRST, [{**usage, "value": 90.0}])
        assert list(build(lake, connection, project, [FIRST], ["daily_system_metrics"])) == [
            "daily_system_metrics"
        ]
        row = one_row(lake, connection, project, "daily_system_metrics")
        assert row["cpu_usage_average"] == 50.0
        build(lake, connection, project, [FIRST])
        row = one_row(lake, connection, project, "daily_system_metrics")
        assert row["cpu_usage_average"] == 90.0
