"""Which days are anomalies: far from their weekday, by the spread of eight weeks."""

import math
import random
from datetime import date, timedelta

import pytest

from analytics_pipeline.insights.anomalies import Observed, anomalies
from analytics_pipeline.insights.headlines import HEADLINES

DAY = date(2026, 3, 2)
BY_METRIC = {headline.metric: headline for headline in HEADLINES}
QUERIES = BY_METRIC["daily_cache_metrics.total_queries"]
HIT_RATE = BY_METRIC["daily_cache_metrics.hit_rate"]
COST = BY_METRIC["daily_cost_metrics.total_cost"]


def weekly(seed: int = 1, days: int = 56) -> dict[date, float]:
    """Values with a weekly season and noise of 3%, up to the day before DAY."""
    rng = random.Random(seed)
    found = {}
    for back in range(days, 0, -1):
        day = DAY - timedelta(days=back)
        usual = 1000.0 if day.weekday() < 5 else 200.0
        found[day] = usual * (1 + 0.03 * rng.gauss(0, 1))
    return found


def found(values: dict[date, float], headline=COST, evidence=None):  # type: ignore[no-untyped-def]
    return anomalies({headline: Observed(values, evidence or {})}, [DAY], 5.0, 0.1)


def test_a_usual_day_is_none() -> None:
    assert found({**weekly(), DAY: 1020.0}) == []


def test_a_usual_sunday_is_none_and_a_monday_like_it_is_one() -> None:
    (anomaly,) = found({**weekly(), DAY: 205.0})
    same = [value for day, value in weekly().items() if day.weekday() == DAY.weekday()]
    middle = sorted(same)
    assert anomaly.expected == pytest.approx((middle[3] + middle[4]) / 2)
    assert anomaly.change == pytest.approx(205.0 - anomaly.expected)
    assert anomaly.robust_z is not None and anomaly.robust_z < -5
    assert [day.weekday() for day in anomaly.references] == [0] * 8


def test_incidents_among_the_weeks_before_hardly_move_what_is_usual() -> None:
    values = weekly()
    for back in (7, 14):
        values[DAY - timedelta(days=back)] = 9000.0
    (anomaly,) = found({**values, DAY: 2000.0})
    assert anomaly.expected < 1100


def test_little_history_has_no_anomalies() -> None:
    assert found({**weekly(days=20), DAY: 5000.0}) == []


def test_a_day_without_a_value_has_none() -> None:
    assert found(weekly()) == []


def test_a_change_below_a_tenth_is_none_however_steady_the_days() -> None:
    steady = dict.fromkeys(weekly(), 1000.0)
    assert found({**steady, DAY: 1099.0}) == []
    (anomaly,) = found({**steady, DAY: 1101.0})
    assert anomaly.robust_z is None


def test_a_share_of_few_cases_may_differ_by_chance() -> None:
    shares = dict.fromkeys(weekly(), 0.8)
    few = dict.fromkeys([*shares, DAY], 20.0)
    many = dict.fromkeys([*shares, DAY], 20000.0)
    assert found({**shares, DAY: 0.5}, HIT_RATE, few) == []
    (anomaly,) = found({**shares, DAY: 0.5}, HIT_RATE, many)
    assert anomaly.robust_z is not None
    assert anomaly.robust_z == pytest.approx(-0.3 / math.sqrt(0.8 * 0.2 / 20_000), rel=0.01)


def test_a_count_may_differ_as_counts_do() -> None:
    assert found({**dict.fromkeys(weekly(), 16.0), DAY: 30.0}, QUERIES) == []
    assert found({**dict.fromkeys(weekly(), 1600.0), DAY: 3000.0}, QUERIES)
