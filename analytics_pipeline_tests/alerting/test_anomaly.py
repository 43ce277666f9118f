"""What is usual, and what is not, against a computation by pandas and against promises."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics_pipeline.alerting.kinds.anomaly import AnomalyRule
from analytics_pipeline.insights.seasonal_baseline import Baseline, seasonal_baseline
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline_tests.alerting.rows import bound, judged, write_metric

DAY = date(2024, 5, 14)
WEEKS = 8


def days_up_to(day: date, number: int) -> list[date]:
    return [day - timedelta(days=back) for back in reversed(range(number))]


def by_hand(history: pd.Series, *, relative: bool) -> tuple[float, float, float]:
    """Median of the weekday, spread and tail, from a series by day that ends the day before."""
    known = history.dropna()
    weekdays = known.index.map(pd.Timestamp.weekday)
    medians = known.groupby(weekdays).median()
    usual = pd.Series(weekdays, index=known.index).map(medians)
    deviation = (known - usual).abs()
    if relative:
        deviation = (deviation / usual)[usual > 0]
    weekday = (history.index[-1] + pd.Timedelta(days=1)).weekday()
    same = int((weekdays == weekday).sum())
    spread = 1.4826 * deviation.median() * np.sqrt(len(deviation) / (len(deviation) - 7))
    spread *= np.sqrt(1 + np.pi / 2 / same)
    tail = deviation.quantile(0.95, interpolation="higher")
    scale = medians[weekday] if relative else 1.0
    return float(medians[weekday]), float(spread * scale), float(tail * scale)


@pytest.mark.parametrize("relative", [True, False])
@pytest.mark.parametrize("gaps", [0, 6])
def test_the_baseline_is_that_of_pandas(relative: bool, gaps: int) -> None:
    random = np.random.default_rng(7 + gaps)
    days = pd.date_range("2024-01-01", periods=7 * WEEKS)
    level = np.where(days.weekday < 5, 100.0, 20.0)
    values = level * random.lognormal(0, 0.2, len(days))
    values[random.choice(len(days), gaps, replace=False)] = np.nan
    found = seasonal_baseline(values[:, None], relative=relative)
    expected, spread, tail = by_hand(pd.Series(values, index=days), relative=relative)
    assert found.expected[0] == pytest.approx(expected)
    assert found.spread[0] == pytest.approx(spread)
    assert found.tail[0] == pytest.approx(tail)
    assert found.days[0] == len(days) - gaps


histories = st.lists(st.floats(0.01, 1000), min_size=7 * WEEKS, max_size=7 * WEEKS)


def baseline(values: Sequence[float], *, relative: bool) -> Baseline:
    return seasonal_baseline(np.array(values)[:, None], relative=relative)


@given(histories, st.floats(-500, 500))
def test_a_shift_of_the_level_changes_no_distance_from_it(
    values: list[float], shift: float
) -> None:
    before = baseline(values, relative=False)
    after = baseline([value + shift for value in values], relative=False)
    assert after.expected == pytest.approx(before.expected + shift, abs=1e-6)
    assert after.spread == pytest.approx(before.spread, abs=1e-6)
    assert after.tail == pytest.approx(before.tail, abs=1e-6)


@given(histories, st.floats(0.001, 1000))
def test_another_unit_changes_no_proportion(values: list[float], factor: float) -> None:
    before = baseline(values, relative=True)
    after = baseline([value * factor for value in values], relative=True)
    assert after.expected == pytest.approx(before.expected * factor)
    assert after.spread == pytest.approx(before.spread * factor, rel=1e-6, abs=1e-9)
    assert after.tail == pytest.approx(before.tail * factor, rel=1e-6, abs=1e-9)


@given(st.integers(0, 7 * WEEKS - 1), st.floats(0, 1e6))
def test_a_single_incident_hardly_moves_what_is_usual(at: int, value: float) -> None:
    random = np.random.default_rng(3)
    values = 100 * random.lognormal(0, 0.1, 7 * WEEKS)
    calm = baseline(values.tolist(), relative=True)
    values[at] = value
    moved = baseline(values.tolist(), relative=True)
    assert moved.expected[0] == pytest.approx(calm.expected[0], rel=0.15)
    assert moved.spread[0] == pytest.approx(calm.spread[0], rel=0.5)


def test_a_day_with_less_evidence_may_deviate_more() -> None:
    random = np.random.default_rng(5)
    evidence = np.tile([1000.0] * 5 + [100.0] * 2, WEEKS)[:, None]
    rates = random.binomial(evidence.astype(int), 0.6) / evidence

    def spread(of_day: float) -> float:
        found = seasonal_baseline(
            rates, relative=False, evidence=evidence, evidence_of_day=np.array([of_day])
        )
        return float(found.spread[0])

    binomial = np.sqrt(0.6 * 0.4 / 25)
    assert spread(25) == pytest.approx(binomial, rel=0.4)
    assert spread(25) == pytest.approx(2 * spread(6.25 * 16), rel=0.01)
    assert spread(1e9) < spread(100)


def cost_rule(**fields: Any) -> AnomalyRule:
    return bound(AnomalyRule, metric="daily_cost_metrics.total_cost", **fields)


@settings(max_examples=6, deadline=None)
@given(
    st.floats(0, 1e6),
    st.sampled_from(["daily_cost_metrics.total_cost", "daily_cache_metrics.hit_rate"]),
)
def test_a_constant_history_never_alerts(
    tmp_path_factory: pytest.TempPathFactory, level: float, metric: str
) -> None:
    lake = Lake(tmp_path_factory.mktemp("lake"))
    mart, column = metric.split(".")
    row = {column: level if column == "total_cost" else min(level, 1.0)}
    write_metric(lake, mart, dict.fromkeys(days_up_to(DAY, 57), row))
    rule = bound(AnomalyRule, metric=metric, z=0.001, min_change=0, direction="both")
    assert judged(lake, rule, DAY)[0].passed is not False


def test_a_day_is_held_against_the_limits_that_pandas_gives(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    random = np.random.default_rng(11)
    days = days_up_to(DAY, 57)
    values = [(100.0 if day.weekday() < 5 else 30.0) * random.lognormal(0, 0.1) for day in days]
    values[-1] = 350.0
    write_metric(
        lake, "daily_cost_metrics",
        {day: {"total_cost": value} for day, value in zip(days, values, strict=True)},
    )  # fmt: skip
    history = pd.Series(values[:-1], index=pd.DatetimeIndex(days[:-1]))
    expected, spread, tail = by_hand(history, relative=True)
    band = max(5 * spread, 2.5 * tail, 0.2 * expected)
    [found] = judged(lake, cost_rule(z=5, min_change=0.2, direction="both"), DAY)
    [finding] = found.findings
    assert (found.passed, found.value) == (False, 350.0)
    assert finding.expected == pytest.approx(expected)
    assert finding.upper == pytest.approx(expected + band)
    assert finding.lower == pytest.approx(expected / (1 + band / expected))
    assert found.history == pytest.approx(dict(zip(days, values, strict=True)))
    assert finding.message.startswith("Total cost is 350 USD, ")
    assert finding.message.endswith(" USD on Tuesdays.")


def test_the_season_is_no_anomaly_and_the_same_value_on_another_day_is(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    random = np.random.default_rng(1)
    days = days_up_to(DAY + timedelta(days=6), 63)
    rows = {
        day: {
            "total_queries": round(
                (900 if day.weekday() == 3 else 300) * random.uniform(0.95, 1.05)
            )
        }
        for day in days
    }
    surge = DAY + timedelta(days=1)
    rows[surge] = {"total_queries": 900}
    write_metric(lake, "daily_cache_metrics", rows)
    rule = bound(AnomalyRule, metric="daily_cache_metrics.total_queries")
    found = {day: judged(lake, rule, day)[0].passed for day in days[-7:]}
    assert [day for day, passed in found.items() if not passed] == [surge]


@pytest.mark.parametrize(
    ("metric", "value", "passed"),
    [
        ("hit_rate", 0.2, False),
        ("hit_rate", 0.95, True),
        ("average_response_time", 9.0, False),
        ("average_response_time", 0.01, True),
        ("total_queries", 9000, False),
        ("total_queries", 10, False),
    ],
)
def test_only_the_bad_side_alerts_where_a_metric_has_one(
    tmp_path: Path, metric: str, value: float, passed: bool
) -> None:
    lake = Lake(tmp_path)
    usual = {"hit_rate": 0.6, "average_response_time": 0.4, "total_queries": 500}[metric]
    rows = {day: {metric: usual} for day in days_up_to(DAY, 57)}
    rows[DAY] = {metric: value}
    write_metric(lake, "daily_cache_metrics", rows)
    [found] = judged(lake, bound(AnomalyRule, metric=f"daily_cache_metrics.{metric}"), DAY)
    assert found.passed is passed


def sliced(cost: float, user: str) -> dict[str, Any]:
    return {"dimension": "user", "value": user, "total_cost": cost, "queries": 100}


def test_a_user_is_named_whose_rise_matters_to_the_whole(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    rows = {
        day: [sliced(50, "ada"), sliced(30, "ben"), sliced(0.1, "cleo"), sliced(20, "dora")]
        for day in days_up_to(DAY, 57)
    }
    rows[DAY] = [sliced(52, "ada"), sliced(130, "ben"), sliced(15, "cleo"), sliced(25, "new")]
    write_metric(lake, "daily_cost_metrics_by_slice", rows)
    rule = bound(
        AnomalyRule, metric="daily_cost_metrics_by_slice.total_cost", slices="user",
        direction="above", min_share=0.2, quantity="Cost",
    )  # fmt: skip
    [found] = judged(lake, rule, DAY)
    assert [dict(finding.labels) for finding in found.findings] == [
        {"user": "ben"}, {"user": "new"},
    ]  # fmt: skip
    assert found.findings[1].expected == 0
    assert found.findings[0].message == (
        "Cost of user ben is 130 USD, 4.33 times as high as usual: usually 30 USD on Tuesdays."
    )
    assert found.findings[1].message == ("Cost of user new is 25 USD, usually 0 USD on Tuesdays.")


def test_a_user_who_comes_seldom_is_not_compared_with_days_away(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    days = days_up_to(DAY, 57)
    rows = {
        day: [sliced(50, "ada"), *([sliced(40, "guest")] if at % 11 == 0 else [])]
        for at, day in enumerate(days)
    }
    rows[DAY] = [sliced(50, "ada"), sliced(40, "guest")]
    write_metric(lake, "daily_cost_metrics_by_slice", rows)
    rule = bound(
        AnomalyRule, metric="daily_cost_metrics_by_slice.total_cost", slices="user", min_share=0.1
    )
    assert judged(lake, rule, DAY)[0].passed is True


@pytest.mark.parametrize(("known", "passed"), [(20, None), (21, False), (57, False)])
def test_too_short_a_history_is_said(tmp_path: Path, known: int, passed: bool | None) -> None:
    lake = Lake(tmp_path)
    rows = {day: {"total_cost": 10.0} for day in days_up_to(DAY, known + 1)}
    rows[DAY] = {"total_cost": 99.0}
    write_metric(lake, "daily_cost_metrics", rows)
    [found] = judged(lake, cost_rule(), DAY)
    assert (found.passed, found.value) == (passed, 99.0)
    if passed is None:
        assert found.message == (
            "Not evaluated: the 56 days before have 20 to compare with, where 21 are needed, 3 of "
            "them on a Tuesday."
        )


def test_a_sum_of_a_day_that_is_not_over_is_not_judged(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    write_metric(
        lake, "daily_cost_metrics",
        {day: {"total_cost": 10.0, "cost_per_query": 0.1} for day in days_up_to(DAY, 57)},
    )  # fmt: skip
    noon = datetime(2024, 5, 14, 12, tzinfo=UTC)
    [found] = judged(lake, cost_rule(), DAY, now=noon)
    assert (found.passed, found.message) == (None, "Not evaluated: the day is not over.")
    rate = bound(AnomalyRule, metric="daily_cost_metrics.cost_per_query")
    assert judged(lake, rate, DAY, now=noon)[0].passed is True
