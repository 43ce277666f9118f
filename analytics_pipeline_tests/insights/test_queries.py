"""Every insight against an independent computation over the same random events."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline.insights.catalog import INSIGHTS
from analytics_pipeline.lake.contracts import checked
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import Table
from analytics_pipeline.settings import InsightSettings
from analytics_pipeline_tests.insights.event_lake import event_frame, event_lake, typed_events
from analytics_pipeline_tests.insights.oracle import ORACLES

DAYS = [date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 3)]
SETTINGS = InsightSettings(top_queries=3, period_minutes=75, period_min_queries=2)

# A quarter of an hour divides the session gap and the periods, so that limits are hit exactly; a
# microsecond more or less is beside them. All lie around midnight; the last day stays empty.
MOMENTS = st.builds(
    lambda quarter, beside: pd.Timestamp(DAYS[0]) + timedelta(minutes=15 * quarter) + beside,
    st.integers(96 - 24, 96 + 24),
    st.sampled_from([timedelta(0), timedelta(microseconds=1), timedelta(microseconds=-1)]),
)
TEXTS = st.sampled_from(
    [None, "", "a", "b", "B", "ß", "é" * 49, "x" * 50, "日" * 99, "😀" * 100, "z" * 300]
)
COMMON = {
    "timestamp": MOMENTS,
    "user_id": st.sampled_from([None, "u1", "u2"]),
    "session_id": st.sampled_from([None, "u1", "s2"]),
}
QUERIES = st.fixed_dictionaries(
    COMMON
    | {
        "event_type": st.just("cache_query"),
        "query": TEXTS,
        "cache_hit": st.booleans(),
        "response_time": st.sampled_from([None, 0.1, 0.2, 0.7, 1.0, 1.0000001, 3.3]),
        "language": st.sampled_from([None, "python", "go"]),
        "model": st.sampled_from([None, "small"]),
    }
)
OTHERS = st.fixed_dictionaries(
    COMMON | {"event_type": st.sampled_from(["ui_interaction", "cache_store"]), "query": TEXTS}
)
LOGS = st.fixed_dictionaries(
    COMMON
    | {
        "event_type": st.just("log_entry"),
        "level": st.sampled_from(["ERROR", "INFO"]),
        "component": st.sampled_from([None, "store"]),
        "message": st.sampled_from(["failed", "wrote 1 of 2 files", "wrote 9 of 17 files"]),
    }
)
EVENTS = st.lists(st.one_of(QUERIES, QUERIES, LOGS, OTHERS), max_size=40)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with Lake(tmp_path_factory.mktemp("lake")).engine() as connection:
        yield connection


def ordered(table: Table, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows in the table's order, nulls last."""
    order = ["event_date", *table.order_by]
    return sorted(rows, key=lambda row: [(row[name] is None, row[name]) for name in order])


def plain(value: Any) -> Any:
    """A value as DuckDB gives it: null as None, a time as datetime, a float up to rounding."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    if isinstance(value, float):
        return pytest.approx(value, rel=1e-12)
    return value


@settings(max_examples=40, deadline=None)
@given(events=EVENTS)
def test_insights_equal_an_independent_computation(
    engine: duckdb.DuckDBPyConnection, events: list[dict[str, Any]]
) -> None:
    frame = event_frame(events)
    engine.register("frame", frame)
    engine.execute(f"CREATE OR REPLACE TEMP TABLE events AS {typed_events('frame')}")
    for table, query in INSIGHTS.items():
        names = ", ".join(["event_date::TIMESTAMP AS event_date", *table.column_names])
        relation = engine.sql(f"SELECT {names} FROM ({query('events', SETTINGS)})")
        actual = [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
        expected = [
            {name: plain(value) for name, value in row.items()}
            for row in ordered(table, ORACLES[table.name](frame, SETTINGS))
        ]
        assert ordered(table, actual) == expected, table.name


def computed(lake: Lake, table: Table, insight_settings: InsightSettings) -> pd.DataFrame:
    with lake.engine() as connection:
        query = INSIGHTS[table](lake.scan(VALIDATED_EVENTS, DAYS), insight_settings)
        lake.replace_days(connection, table, DAYS, query)
        return lake.frame(connection, table, DAYS)


def many_events(count: int) -> pd.DataFrame:
    """Events of all three days, dense enough for every insight to have rows."""
    random = np.random.default_rng(11)
    seconds = np.sort(random.integers(0, 3 * 86_400, count))
    frame = pd.DataFrame(
        {
            "timestamp": pd.Timestamp(DAYS[0]) + pd.to_timedelta(seconds, unit="s"),
            "event_type": random.choice(
                ["cache_query", "ui_interaction", "log_entry"], count, p=[0.8, 0.1, 0.1]
            ),
            "level": random.choice(["ERROR", "INFO"], count),
            "message": random.choice(["failed", "wrote 1 of 2 files"], count),
            "user_id": random.choice(["a", "b", "c", None], count),
            "query": random.choice([f"question {number}" * 8 for number in range(40)], count),
            "response_time": random.gamma(2, 0.3, count),
            "language": random.choice(["python", "go", None], count),
        }
    )
    # Misses come in long waves, so that there are stretches over the limit, and others.
    wave = np.sin(seconds / 8_000) + random.normal(0, 0.2, count)
    frame["cache_hit"] = pd.Series(wave < 0.3, dtype=object)
    queries = frame["event_type"] == "cache_query"
    frame.loc[~queries, ["query", "response_time", "language", "cache_hit"]] = None
    return event_frame(frame.to_dict("records"))


@pytest.mark.parametrize("table", INSIGHTS, ids=lambda table: table.name)
def test_a_range_of_days_keeps_the_contract_and_equals_the_days_one_by_one(
    table: Table, tmp_path: Path
) -> None:
    lake = event_lake(tmp_path, many_events(4_000), DAYS)
    assert not checked(table, computed(lake, table, InsightSettings())).empty
    at_once = [lake.partition_file(table, day).read_bytes() for day in DAYS]
    with lake.engine() as connection:
        for day in DAYS:
            query = INSIGHTS[table](lake.scan(VALIDATED_EVENTS, [day]), InsightSettings())
            lake.replace_days(connection, table, [day], query)
    assert [lake.partition_file(table, day).read_bytes() for day in DAYS] == at_once


@pytest.mark.parametrize("table", INSIGHTS, ids=lambda table: table.name)
def test_bytes_do_not_depend_on_the_order_of_events(table: Table, tmp_path: Path) -> None:
    events = many_events(5_000)
    lake = Lake(tmp_path)
    written = []
    for order in (events, events.sample(frac=1, random_state=5)):
        with lake.engine() as connection:
            connection.register("shuffled", order)
            query = INSIGHTS[table](f"({typed_events('shuffled')})", InsightSettings())
            lake.replace_days(connection, table, DAYS, query)
        written.append([lake.partition_file(table, day).read_bytes() for day in DAYS])
    assert written[0] == written[1]


def test_a_day_without_events_has_no_rows(tmp_path: Path) -> None:
    lake = event_lake(tmp_path, event_frame([]), [])
    for table in INSIGHTS:
        assert computed(lake, table, InsightSettings()).empty
        assert lake.dates(table) == DAYS


def session_spans(tmp_path: Path, moments: list[str]) -> list[tuple[str, str]]:
    events = event_frame(
        {"event_type": "ui_interaction", "user_id": "u", "timestamp": moment} for moment in moments
    )
    table = next(table for table in INSIGHTS if table.name == "sessions")
    rows = computed(event_lake(tmp_path, events, DAYS), table, InsightSettings())
    return list(zip(rows["started_at"].astype(str), rows["ended_at"].astype(str), strict=True))


def test_half_an_hour_of_inactivity_ends_a_session(tmp_path: Path) -> None:
    moments = ["2026-03-01 10:00:00", "2026-03-01 10:29:59", "2026-03-01 10:59:59"]
    assert session_spans(tmp_path, moments) == [
        ("2026-03-01 10:00:00", "2026-03-01 10:29:59"),
        ("2026-03-01 10:59:59", "2026-03-01 10:59:59"),
    ]


def test_midnight_ends_a_session(tmp_path: Path) -> None:
    moments = ["2026-03-01 23:59:59.999999", "2026-03-02 00:00:00.000000"]
    assert session_spans(tmp_path, moments) == [
        ("2026-03-01 23:59:59.999999", "2026-03-01 23:59:59.999999"),
        ("2026-03-02 00:00:00.000000", "2026-03-02 00:00:00.000000"),
    ]


def test_the_last_period_ends_with_the_day(tmp_path: Path) -> None:
    # Periods of 50 minutes: the last of the day begins at 23:20.
    events = event_frame(
        {"event_type": "cache_query", "timestamp": moment, "cache_hit": False}
        for moment in ["2026-03-01 23:25:00", "2026-03-01 23:55:00", "2026-03-02 00:01:00"]
    )
    table = next(table for table in INSIGHTS if table.name == "miss_rate_periods")
    insight_settings = InsightSettings(period_minutes=50, period_min_queries=2)
    rows = computed(event_lake(tmp_path, events, DAYS), table, insight_settings)
    assert list(rows["started_at"]) == [pd.Timestamp("2026-03-01 23:20")]
    assert list(rows["ended_at"]) == [pd.Timestamp("2026-03-02 00:00")]
