"""Hourly demand from events: zero, unknown, and never a guess."""

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pandas as pd

from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline.forecasting.demand import (
    demand_series,
    history_up_to,
    history_window,
    hourly_query_demand,
)
from analytics_pipeline.forecasting.tables import HOURLY_QUERY_DEMAND
from analytics_pipeline.lake.contracts import checked
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline_tests.forecasting.series import FIRST_DAY, last_day, office
from analytics_pipeline_tests.insights.event_lake import event_frame, event_lake

DAYS = [date(2026, 3, day) for day in (1, 2, 3, 4)]
KATHMANDU = timezone(timedelta(hours=5, minutes=45))
LATER = datetime(2026, 4, 1, tzinfo=UTC)


def three_days_of_events() -> pd.DataFrame:
    """Queries on the first and third day, only other events on the second, none on the fourth."""
    random = np.random.default_rng(2)
    moments = [
        pd.Timestamp(day) + timedelta(seconds=int(second))
        for day in (DAYS[0], DAYS[2])
        for second in random.integers(0, 86_400, 30)
    ]
    edges = ["2026-03-01 04:59:59.999999", "2026-03-01 05:00:00", "2026-03-03 23:59:59.999999"]
    queries = [
        {"event_type": "cache_query", "timestamp": moment, "cache_hit": True}
        for moment in [*moments, *map(pd.Timestamp, edges)]
    ]
    others = [
        {"event_type": "ui_interaction", "timestamp": pd.Timestamp(day) + timedelta(hours=9)}
        for day in DAYS[:3]
    ]
    return event_frame([*queries, *others])


def demand_of(lake: Lake, days: list[date], now: datetime = LATER) -> pd.DataFrame:
    with lake.engine() as connection:
        query = hourly_query_demand(lake.scan(VALIDATED_EVENTS, days), days, now)
        lake.replace_days(connection, HOURLY_QUERY_DEMAND, days, query)
        return checked(HOURLY_QUERY_DEMAND, lake.frame(connection, HOURLY_QUERY_DEMAND, days))


def test_demand_equals_an_independent_count(tmp_path: Path) -> None:
    events = three_days_of_events()
    rows = demand_of(event_lake(tmp_path, events, DAYS), DAYS)
    queries = events[events["event_type"] == "cache_query"]
    counts = queries["timestamp"].dt.floor("h").value_counts()
    hours = pd.date_range(DAYS[0], periods=24 * len(DAYS), freq="h")
    assert list(rows["hour"]) == list(hours)
    assert (rows["event_date"] == rows["hour"].dt.normalize()).all()
    for hour, value in zip(rows["hour"], rows["queries"], strict=True):
        if hour.date() in (DAYS[0], DAYS[2]):
            assert value == counts.get(hour, 0)
        else:
            assert value is pd.NA
    assert rows["queries"].sum() == len(queries)


def test_a_range_of_days_equals_the_days_one_by_one(tmp_path: Path) -> None:
    lake = event_lake(tmp_path, three_days_of_events(), DAYS)
    demand_of(lake, DAYS)
    at_once = [lake.partition_file(HOURLY_QUERY_DEMAND, day).read_bytes() for day in DAYS]
    for day in DAYS:
        demand_of(lake, [day])
    assert [lake.partition_file(HOURLY_QUERY_DEMAND, day).read_bytes() for day in DAYS] == at_once


def test_hours_that_are_not_over_are_unknown(tmp_path: Path) -> None:
    lake = event_lake(tmp_path, three_days_of_events(), DAYS)
    now = datetime(2026, 3, 3, 14, 59, tzinfo=KATHMANDU)
    rows = demand_of(lake, DAYS, now).set_index("hour")["queries"]
    # 14:59 in Kathmandu is 09:14 UTC.
    assert rows.loc["2026-03-03 08:00"] is not pd.NA
    assert rows.loc["2026-03-03 09:00":].isna().all()


def test_the_series_has_a_gap_where_nothing_is_known(tmp_path: Path) -> None:
    lake = event_lake(tmp_path, three_days_of_events(), DAYS)
    demand_of(lake, DAYS[:3])
    window = history_window(DAYS[2:], history_days=4)
    assert window == [date(2026, 2, 28), *DAYS]
    with lake.engine() as connection:
        series = demand_series(connection, lake.scan(HOURLY_QUERY_DEMAND, window), window)
    known = series.notna()
    assert len(series) == 24 * 5
    assert set(series[known].index.date) == {DAYS[0], DAYS[2]}
    assert known.sum() == 48


def test_the_history_ends_with_its_day_and_is_no_longer_than_configured() -> None:
    series = office(40)
    day = FIRST_DAY + timedelta(days=30)
    history = history_up_to(series, day, 10)
    assert history.index[0] == pd.Timestamp(day - timedelta(days=9))
    assert history.index[-1] == pd.Timestamp(day) + pd.Timedelta(hours=23)
    early = history_up_to(series, FIRST_DAY + timedelta(days=2), 10)
    assert (early.index[0], len(early)) == (series.index[0], 72)
    assert history_up_to(series * np.nan, last_day(series), 10).empty
