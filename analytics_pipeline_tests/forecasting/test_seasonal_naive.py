"""The seasonal naive model on series whose forecast is known."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics_pipeline.forecasting.demand import hours_after
from analytics_pipeline.forecasting.models import ModelError
from analytics_pipeline.forecasting.seasonal_naive import SeasonalNaive
from analytics_pipeline_tests.forecasting.series import WEEK, hourly, last_day, office, weekly

MODEL = SeasonalNaive(interval_width=0.8)


def next_day(history: pd.Series) -> pd.DataFrame:
    return MODEL.fit(history).forecast(hours_after(last_day(history)))


def test_a_series_that_repeats_every_week_is_forecast_exactly() -> None:
    forecast = next_day(weekly(15))
    # The day after 15 days is the second of the week.
    expected = np.arange(25, 49)
    for column in ("forecast", "lower", "upper"):
        np.testing.assert_allclose(forecast[column], expected)


def test_the_latest_known_week_stands_for_a_gap() -> None:
    history = office(22)
    history.iloc[-WEEK : -WEEK + 30] = np.nan
    forecast = next_day(history)["forecast"].to_numpy()
    np.testing.assert_array_equal(forecast, history.iloc[-2 * WEEK : -2 * WEEK + 24])


def test_the_same_hour_of_the_day_stands_for_a_day_of_the_week_never_seen() -> None:
    history = office(4)
    forecast = next_day(history)["forecast"].to_numpy()
    np.testing.assert_array_equal(forecast, history.iloc[-24:])


def test_the_interval_is_the_conformal_quantile_of_weekly_differences() -> None:
    first = np.full(WEEK, 100.0)
    second = np.square(10 + np.arange(WEEK) / 100)  # its root is off by 0.00, 0.01, ... 1.67
    forecast = next_day(hourly(np.concatenate([first, second]))).iloc[0]
    # Of 168 differences, 80 % of 169 is 135.2: the 136th smallest, which is 1.35.
    assert forecast["forecast"] == pytest.approx(100)
    assert forecast["lower"] == pytest.approx((10 - 1.35) ** 2)
    assert forecast["upper"] == pytest.approx((10 + 1.35) ** 2)


def test_the_interval_holds_its_share_of_a_day_to_come() -> None:
    within = []
    for seed in range(40):
        series = office(43, seed=seed)
        forecast = next_day(series.iloc[:-24])
        actual = series.iloc[-24:]
        within.append(((actual >= forecast["lower"]) & (actual <= forecast["upper"])).mean())
    assert 0.75 < np.mean(within) < 0.85


@settings(max_examples=50, deadline=None)
@given(
    values=st.lists(st.one_of(st.none(), st.integers(0, 10**6)), min_size=8 * 24, max_size=8 * 24)
)
def test_a_forecast_lies_in_its_interval_and_is_never_negative(values: list[int | None]) -> None:
    history = hourly(np.array(values, dtype=float))
    try:
        forecast = next_day(history).dropna()
    except ModelError:
        return
    assert (forecast["lower"] >= 0).all()
    assert (forecast["lower"] <= forecast["forecast"] * (1 + 1e-12)).all()
    assert (forecast["upper"] >= forecast["forecast"] * (1 - 1e-12)).all()


def test_a_history_without_two_comparable_days_is_refused() -> None:
    with pytest.raises(ModelError, match="known on two days"):
        MODEL.fit(office(1))


def test_the_stored_state_gives_the_same_forecast() -> None:
    history = office(3)
    fitted = MODEL.fit(history)
    restored = MODEL.restore(json.loads(json.dumps(fitted.state(), allow_nan=False)))
    hours = hours_after(last_day(history))
    pd.testing.assert_frame_equal(restored.forecast(hours), fitted.forecast(hours))
