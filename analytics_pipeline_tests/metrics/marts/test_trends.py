"""The trend marts agree with pandas and scipy, over generated events, the sample and any series."""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.metrics.building import build
from analytics_pipeline.metrics.project import Project
from analytics_pipeline.metrics.reading import read_project
from analytics_pipeline.metrics.tables import SOURCE_TABLES
from analytics_pipeline_tests.metrics.marts.trends import (
    TREND_COLUMNS,
    TREND_KEYS,
    WEEKDAY_COLUMNS,
    WEEKDAY_KEYS,
    expected_trends,
    expected_weekday_comparison,
    headline_metrics,
)
from analytics_pipeline_tests.metrics.raw_files import RawLake, assert_same_rows

FIRST = date(2026, 1, 1)
TRENDS = ["daily_trends", "daily_weekday_comparison"]
MADE_UP = [
    {"name": "made_up", "model": "daily_cache_metrics", "good_direction": "higher"},
    {"name": "other", "model": "daily_cache_metrics", "good_direction": "lower"},
    {"name": "neither", "model": "daily_cache_metrics"},
]


@pytest.fixture(params=["generated", "sample"], scope="module")
def raw(request: pytest.FixtureRequest) -> RawLake:
    """Each of the lakes in turn."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, RawLake)
    return found


@pytest.fixture(scope="module")
def made_up_project(project: Project) -> Project:
    """The product's models with a list of headline metrics of the tests."""
    return read_project(project.folder, SOURCE_TABLES, {"headline_metrics": MADE_UP})


def headline_values(raw: RawLake) -> pd.DataFrame:
    """The listed columns of the daily marts, one below the other."""
    marts = {metric["model"]: raw.mart(metric["model"]) for metric in headline_metrics(raw.project)}
    columns = [
        marts[metric["model"]]
        .rename(columns={metric.get("column", metric["name"]): "value"})
        .assign(metric=metric["name"])[["event_date", "metric", "value"]]
        for metric in headline_metrics(raw.project)
    ]
    return pd.concat(columns).astype({"value": float})


def series_of(values: pd.DataFrame) -> dict[str, dict[date, float]]:
    present = values.dropna()
    return {
        str(metric): dict(zip(rows.event_date, rows.value, strict=True))
        for metric, rows in present.groupby("metric")
    }


def test_headline_values_are_those_of_the_daily_marts(raw: RawLake) -> None:
    assert_same_rows(
        raw.mart("int_headline_values"), headline_values(raw), ["event_date", "metric"], ["value"]
    )


def test_trends(raw: RawLake) -> None:
    expected = expected_trends(raw.project, series_of(headline_values(raw)), raw.days)
    assert_same_rows(raw.mart("daily_trends"), expected, TREND_KEYS, TREND_COLUMNS)


def test_weekday_comparison(raw: RawLake) -> None:
    series = series_of(headline_values(raw))
    expected = expected_weekday_comparison(raw.project, series, raw.days)
    mart = raw.mart("daily_weekday_comparison")
    assert_same_rows(mart, expected, WEEKDAY_KEYS, WEEKDAY_COLUMNS)


def test_the_list_agrees_with_what_the_columns_say(project: Project) -> None:
    listed = headline_metrics(project)
    assert len({metric["name"] for metric in listed}) == len(listed)
    for metric in listed:
        assert set(metric) <= {"name", "model", "column", "good_direction"}
        assert metric.get("good_direction") in (None, "higher", "lower")
        meta = project.marts[metric["model"]].declared.meta
        column = metric.get("column", metric["name"])
        assert column in meta, f"{metric['name']}: {metric['model']} has no column {column}"
        said = meta[column].good_direction
        assert said in (None, metric.get("good_direction")), f"{metric['name']}: {said} is good"


def store(lake: Lake, project: Project, series: Mapping[str, Mapping[date, float]]) -> None:
    rows = [
        (metric, value, day) for metric, values in series.items() for day, value in values.items()
    ]
    table = project.marts["int_headline_values"].table
    with lake.engine() as connection:
        frame = pd.DataFrame(rows, columns=["metric", "value", "event_date"])
        connection.register("made_up_values", frame.astype({"metric": "string", "value": float}))
        days = sorted({day for _, _, day in rows})
        query = "SELECT metric, value, event_date::DATE AS event_date FROM made_up_values"
        lake.replace_days(connection, table, days, query)


def check(
    lake: Lake, project: Project, series: Mapping[str, Mapping[date, float]], days: list[date]
) -> None:
    """Build the marts for the days and compare all their rows."""
    with lake.engine() as connection:
        build(lake, connection, project, days, TRENDS)
    raw = RawLake(lake, project, pd.DataFrame(), days)
    trends, weekdays = (raw.mart(name) for name in TRENDS)
    expected = expected_trends(project, series, days)
    assert_same_rows(trends, expected, TREND_KEYS, TREND_COLUMNS)
    expected = expected_weekday_comparison(project, series, days)
    assert_same_rows(weekdays, expected, WEEKDAY_KEYS, WEEKDAY_COLUMNS)


values = st.none() | st.sampled_from([0.0, 1.0, 1.0, 2.0, -3.0]) | st.floats(-1e6, 1e6).map(
    lambda value: round(value, 3)
)  # fmt: skip


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.tuples(values, values, values), min_size=5, max_size=64),
    st.floats(-2, 2).map(lambda value: round(value, 2)),
    st.sampled_from([0, 1, 20]),
)
def test_any_series(
    made_up_project: Project,
    tmp_path_factory: pytest.TempPathFactory,
    drawn: list[tuple[float | None, ...]],
    drift: float,
    gap: int,
) -> None:
    """Values with ties and gaps, which drift so that some trends are found."""
    days = [FIRST + timedelta(days=number + gap * (number > 4)) for number in range(len(drawn))]
    series = {
        metric["name"]: {
            day: row[place] + drift * number**2
            for number, (day, row) in enumerate(zip(days, drawn, strict=True))
            if row[place] is not None
        }
        for place, metric in enumerate(MADE_UP)
    }
    lake = Lake(tmp_path_factory.mktemp("series") / "lake")
    store(lake, made_up_project, series)
    check(lake, made_up_project, series, [*days[-3:], days[-1] + timedelta(days=9)])


def test_the_longest_window_with_gaps_and_the_one_before(
    made_up_project: Project, tmp_path: Path
) -> None:
    numbers = np.random.default_rng(7)
    days = [FIRST + timedelta(days=number) for number in range(200)]
    slopes = {"made_up": 0.02, "other": 0.03, "neither": -0.05}
    series = {
        metric: {
            day: round(float(numbers.normal(40 + slope * number)), 1)
            for number, day in enumerate(days)
            if numbers.random() < 0.8
        }
        for metric, slope in slopes.items()
    }
    lake = Lake(tmp_path / "lake")
    store(lake, made_up_project, series)
    check(lake, made_up_project, series, days[-12:])
    trends = RawLake(lake, made_up_project, pd.DataFrame(), days).mart("daily_trends")
    last = trends[(trends.event_date == days[-1]) & (trends.window_days == 90)]
    assert set(zip(last.metric, last.direction.fillna(last.reason), strict=True)) == {
        ("made_up", "improving"),
        ("other", "worsening"),
        ("neither", "neither direction is good"),
    }


def test_days_alone_and_a_late_one_end_as_one_run_over_all(
    made_up_project: Project, tmp_path: Path
) -> None:
    numbers = np.random.default_rng(3)
    days = [FIRST + timedelta(days=number) for number in range(16)]
    series = {"made_up": {day: float(numbers.integers(5)) for day in days}}
    lake, whole = Lake(tmp_path / "lake"), Lake(tmp_path / "whole")
    store(whole, made_up_project, series)
    with whole.engine() as connection:
        build(whole, connection, made_up_project, days, TRENDS)
    late = days[4]
    store(lake, made_up_project, series | {"made_up": series["made_up"] | {late: 99.0}})
    with lake.engine() as connection:
        for day in (days[9], days[15], days[2]):
            build(lake, connection, made_up_project, [day], TRENDS)
        others = [day for day in days if day not in (days[9], days[15], days[2])]
        build(lake, connection, made_up_project, others, TRENDS)
    store(lake, made_up_project, {"made_up": {late: series["made_up"][late]}})
    with lake.engine() as connection:
        build(lake, connection, made_up_project, [late], TRENDS)
    files = [file for name in TRENDS for file in (whole.root / name).rglob("*.parquet")]
    assert len(files) == len(TRENDS) * len(days)
    for file in files:
        assert file.read_bytes() == (lake.root / file.relative_to(whole.root)).read_bytes()
