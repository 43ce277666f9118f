"""The likely causes of an anomaly: their order, what they tell, and that they add up."""

import math
from datetime import date
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from analytics_pipeline.insights.anomalies import Anomaly
from analytics_pipeline.insights.anomaly_causes import effects_by_dimension
from analytics_pipeline.insights.causes import Cause, Coincidence, likely_causes
from analytics_pipeline.insights.contributions import Part, ratio_effects, sum_effects
from analytics_pipeline.insights.headlines import HEADLINES

BY_METRIC = {headline.metric: headline for headline in HEADLINES}
DEPLOYED = Coincidence("deployment", "web", "web was deployed.")


def anomaly(metric: str, value: float, expected: float) -> Anomaly:
    return Anomaly(BY_METRIC[metric], date(2026, 3, 2), value, expected, 9.0, ())


def hit_rate_drop() -> tuple[Anomaly, dict[str, Any]]:
    usual = {name: Part(80.0, 100.0) for name in ("a", "b", "c")}
    actual = {**usual, "a": Part(20.0, 100.0)}
    teams = {"x": Part(90.0, 150.0), "y": Part(90.0, 150.0)}
    usual_teams = {"x": Part(120.0, 150.0), "y": Part(120.0, 150.0)}
    found = anomaly("daily_cache_metrics.hit_rate", 0.6, 0.8)
    effects = {
        "model": ratio_effects(actual, usual),
        "team": ratio_effects(teams, usual_teams),
    }
    return found, effects


def test_the_slice_that_changed_comes_first_and_what_happened_after_it() -> None:
    found, effects = hit_rate_drop()
    causes = likely_causes(found, effects, [DEPLOYED])
    assert [(cause.cause, cause.dimension, cause.slice) for cause in causes] == [
        ("slice", "model", "a"),
        ("deployment", None, "web"),
        ("other_slices", "model", None),
    ]
    assert causes[0].contribution == pytest.approx(1)
    assert causes[0].sentence == (
        "Model a: hit rate 20.0% instead of the usual 80.0%; that makes up 100% of the change."
    )


def test_a_change_that_all_share_has_no_slice_to_blame() -> None:
    usual = {name: Part(size) for name, size in {"a": 600.0, "b": 300.0, "c": 100.0}.items()}
    doubled = {name: Part(2 * part.numerator) for name, part in usual.items()}
    found = anomaly("daily_cache_metrics.total_queries", 2000, 1000)
    (cause,) = likely_causes(found, {"model": sum_effects(doubled, usual)}, [])
    assert cause.cause == "everywhere"


def test_hours_that_follow_each_other_are_one_cause() -> None:
    usual = {f"{hour:02d}": Part(10.0) for hour in range(24)}
    actual = {**usual, **{f"{hour:02d}": Part(60.0) for hour in (9, 10, 11)}}
    found = anomaly("daily_cache_metrics.total_queries", 390, 240)
    first, rest = likely_causes(found, {"hour": sum_effects(actual, usual)}, [])
    assert (first.slice, first.slice_value, first.slice_expected) == ("09-11", 180, 30)
    assert first.sentence.startswith("From 09:00 to 12:00 (UTC): 180 queries instead of")
    assert (rest.cause, rest.contribution) == ("other_slices", 0)


def test_a_mix_effect_is_told_by_its_weights() -> None:
    usual = {"fast": Part(10.0, 100.0), "slow": Part(300.0, 100.0)}
    actual = {"fast": Part(10.0, 100.0), "slow": Part(900.0, 300.0)}
    found = anomaly("daily_cache_metrics.average_response_time", 2.275, 1.55)
    first, *_ = likely_causes(found, {"model": ratio_effects(actual, usual)}, [])
    assert first.sentence.startswith(
        "Model fast: 25.0% of the queries instead of the usual 50.0%, with average response time"
    )
    assert first.rate_effect == 0


sizes = st.lists(st.integers(1, 1000), min_size=2, max_size=5)


@given(sizes, sizes, st.sampled_from(["model", "hour"]), st.integers(-50, 50))
def test_contributions_of_a_dimension_add_up(
    now: list[int], before: list[int], dimension: str, off: int
) -> None:
    actual = {f"{number:02d}": Part(float(size)) for number, size in enumerate(now)}
    usual = {f"{number:02d}": Part(float(size)) for number, size in enumerate(before)}
    value, expected = float(sum(now)), float(sum(before) + off)
    assume(value != expected)
    found = anomaly("daily_cache_metrics.total_queries", value, expected)
    causes = likely_causes(found, {dimension: sum_effects(actual, usual)}, [])
    if causes[0].cause == "everywhere":
        return
    total = math.fsum(cause.contribution or 0 for cause in causes)
    assert total == pytest.approx(1, abs=1e-9)
    assert math.fsum(cause.effect or 0 for cause in causes) == pytest.approx(value - expected)


def test_users_are_no_dimension_where_they_are_few() -> None:
    found = anomaly("daily_cost_metrics.total_cost", 9, 4)
    users = {f"u{number}": Part(1.0) for number in range(4)}
    parts = {"user": {**users, "(none)": Part(5.0)}, "model": {"a": Part(9.0), "b": Part(0.0)}}
    usual = {"user": users, "model": {"a": Part(4.0)}}
    assert set(effects_by_dimension(found, parts, usual, 5)) == {"model"}
    assert set(effects_by_dimension(found, parts, usual, 4)) == {"model", "user"}


def test_a_cause_has_the_columns_of_the_table() -> None:
    from dataclasses import fields

    from analytics_pipeline.insights.tables import ANOMALY_CAUSES

    assert {field.name for field in fields(Cause)} <= set(ANOMALY_CAUSES.column_names)
