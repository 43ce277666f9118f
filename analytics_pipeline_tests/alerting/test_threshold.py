"""Thresholds against days with known numbers."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_pipeline.alerting.kinds.threshold import ThresholdRule
from analytics_pipeline.alerting.reading import Panel
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.settings import Settings
from analytics_pipeline_tests.alerting.rows import bound, judged, write_metric

DAY = date(2024, 2, 3)


def hit_rate(**fields: Any) -> ThresholdRule:
    return bound(
        ThresholdRule,
        metric="daily_cache_metrics.hit_rate",
        **({"below": "thresholds.hit_rate_min"} | fields),
    )


@pytest.mark.parametrize(("value", "passed"), [(0.699, False), (0.7, True), (0.9, True)])
def test_a_value_at_its_limit_is_within_it(tmp_path: Path, value: float, passed: bool) -> None:
    lake = Lake(tmp_path)
    write_metric(lake, "daily_cache_metrics", {DAY: {"hit_rate": value}})
    [found] = judged(lake, hit_rate(), DAY)
    assert (found.passed, found.value, found.limit) == (passed, value, 0.7)
    assert (found.asset, found.unit) == ("daily_cache_metrics", "share")


def test_a_limit_may_be_a_setting_or_a_number(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    write_metric(lake, "daily_cache_metrics", {DAY: {"hit_rate": 0.6}})
    relaxed = Settings(thresholds={"hit_rate_min": 0.5})
    assert judged(lake, hit_rate(), DAY, settings=relaxed)[0].passed is True
    assert judged(lake, hit_rate(), DAY)[0].passed is False
    assert judged(lake, hit_rate(below=0.55, above=0.58), DAY)[0].message == (
        "Hit rate is 60%, above the maximum of 58%."
    )


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"hit_rate": None}, "Not evaluated: the day has no cache_query events."),
        (
            {"hit_rate": 0.1, "total_queries": 19},
            "Not evaluated: the day has too little evidence, 19 total queries where 20 are needed.",
        ),
        (None, "Not evaluated: daily_cache_metrics has not been built for 2024-02-03."),
    ],
)
def test_a_day_without_data_is_not_judged(
    tmp_path: Path, row: dict[str, Any] | None, message: str
) -> None:
    lake = Lake(tmp_path)
    if row is not None:
        write_metric(lake, "daily_cache_metrics", {DAY: row})
    [found] = judged(lake, hit_rate(evidence="total_queries", min_evidence=20), DAY)
    assert (found.passed, found.message, found.findings) == (None, message, ())


def test_every_slice_beyond_the_limit_is_named_the_worst_first(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    slices = {("model", "small"): 0.3, ("model", "large"): 0.1, ("model", "fine"): 0.8}
    slices |= {("team", "search"): 0.0}
    rows = [
        {"dimension": dimension, "value": value, "hit_rate": rate, "total_queries": 100}
        for (dimension, value), rate in slices.items()
    ]
    write_metric(lake, "daily_cache_metrics_by_slice", {DAY: rows})
    rule = bound(
        ThresholdRule, metric="daily_cache_metrics_by_slice.hit_rate", slices="model", below=0.5
    )
    [found] = judged(lake, rule, DAY)
    assert [(f.labels, f.value, f.lower) for f in found.findings] == [
        ({"model": "large"}, 0.1, 0.5),
        ({"model": "small"}, 0.3, 0.5),
    ]
    assert found.message == (
        "Hit rate of model large is 10%, below the minimum of 50%. 1 more finding of the day."
    )
    assert (found.value, found.history) == (None, {DAY: 0.1})


def test_rows_are_chosen_and_named_by_key_columns(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    rows = [
        {"host": host, "metric_name": metric, "saturation_minutes": minutes}
        for host, metric, minutes in [
            ("a", "cpu_usage", 200.0), ("b", "cpu_usage", 10.0), ("b", "disk_usage", 900.0)
        ]
    ]  # fmt: skip
    write_metric(lake, "daily_host_metrics", {DAY: rows})
    rule = bound(
        ThresholdRule,
        metric="daily_host_metrics.saturation_minutes",
        slices="host",
        where={"metric_name": "cpu_usage"},
        above=60,
        quantity="Time near the limit",
    )
    [found] = judged(lake, rule, DAY)
    assert [finding.labels for finding in found.findings] == [{"host": "a"}]
    assert found.message == "Time near the limit of host a is 200 min, above the maximum of 60 min."


def test_a_column_may_be_held_against_another(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    rows = [
        {
            "event_id": name,
            "repository": "api",
            "p95_response_time_after": after,
            "p95_response_time_before": before,
            "queries_after": 500,
            "queries_before": queries,
        }
        for name, after, before, queries in [
            ("slower", 3.0, 1.0, 500), ("little evidence", 9, 1, 5), ("nothing before", 9, 0, 500)
        ]
    ]  # fmt: skip
    write_metric(lake, "deployment_cache_impact", {DAY: rows})
    rule = bound(
        ThresholdRule,
        metric="deployment_cache_impact.p95_response_time_after",
        relative_to="p95_response_time_before",
        slices=["repository", "event_id"],
        evidence=["queries_before", "queries_after"],
        min_evidence=100,
        above=2,
    )
    [found] = judged(lake, rule, DAY)
    assert [dict(finding.labels) for finding in found.findings] == [
        {"repository": "api", "event_id": "slower"}
    ]
    assert (found.findings[0].value, found.metric) == (3.0, None)


def test_a_sum_of_today_is_told_once_it_is_too_high_and_never_too_low(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    write_metric(lake, "daily_cache_metrics", {DAY: {"total_queries": 500, "hit_rate": 0.5}})
    noon = datetime(2024, 2, 3, 12, tzinfo=UTC)

    def passed(metric: str, now: datetime, **limits: float) -> bool | None:
        rule = bound(ThresholdRule, metric=f"daily_cache_metrics.{metric}", **limits)
        return judged(lake, rule, DAY, now=now)[0].passed

    assert passed("total_queries", noon, below=1000) is None
    assert passed("total_queries", noon, above=400) is False
    assert passed("hit_rate", noon, below=0.7) is False
    assert passed("total_queries", noon + timedelta(hours=12), below=1000) is False


@given(st.integers(1, 5000), st.floats(0, 1), st.floats(0.5, 4))
def test_the_range_of_a_share_is_that_of_wilson(evidence: int, share: float, z: float) -> None:
    """The true shares of which the found one is z standard errors away."""
    panel = Panel(DAY, [{}], np.array([[share]]), np.array([[float(evidence)]]), np.array([True]))
    low, high = hit_rate(evidence="total_queries", certainty=z)._range(panel, 0, 0)
    # (share - true)^2 = z^2 true (1 - true) / evidence
    per_event = z**2 / evidence
    roots = np.roots([1 + per_event, -2 * share - per_event, share**2])
    assert (low, high) == pytest.approx(tuple(sorted(roots.real)), abs=1e-6)


def test_a_share_of_little_evidence_is_beyond_its_limit_with_certainty_only(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    rows = {40: 0.025, 4000: 0.025}
    days = {DAY + timedelta(days=at): row for at, row in enumerate(rows.items())}
    write_metric(
        lake,
        "daily_system_metrics",
        {
            day: {"error_rate": rate, "log_entries": entries}
            for day, (entries, rate) in days.items()
        },
    )
    fields: dict[str, Any] = {"metric": "daily_system_metrics.error_rate", "above": 0.01}
    sure = bound(ThresholdRule, evidence="log_entries", certainty=3, **fields)
    unsure, certain = judged(lake, sure, *days)
    assert (unsure.passed, certain.passed) == (True, False)
    assert unsure.message == (
        "Error rate is 2.5%; it may be at most 1%, but 40 log entries are too few to tell."
    )
    strict = bound(ThresholdRule, **fields)
    assert [found.passed for found in judged(lake, strict, *days)] == [False, False]
