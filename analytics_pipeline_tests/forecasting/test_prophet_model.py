"""The prophet model: real fits, what they promise, and what they leave alone."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from analytics_pipeline.forecasting.demand import hours_after
from analytics_pipeline.forecasting.models import ModelError
from analytics_pipeline.forecasting.prophet_model import FittedProphet, ProphetModel
from analytics_pipeline_tests.forecasting.series import last_day, office

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:prophet")
MODEL = ProphetModel(interval_width=0.8)
HISTORY = office(28, growth=1.5)
HOURS = hours_after(last_day(HISTORY))


@pytest.fixture(scope="module")
def fitted() -> FittedProphet:
    return MODEL.fit(HISTORY)


def test_equal_histories_give_equal_forecasts_whatever_was_drawn_before() -> None:
    forecasts = []
    for seed in (1, 2):
        np.random.seed(seed)
        forecasts.append(MODEL.fit(HISTORY).forecast(HOURS))
    pd.testing.assert_frame_equal(forecasts[0], forecasts[1], check_exact=True)


def test_the_forecast_follows_the_seasons_within_its_interval(fitted: FittedProphet) -> None:
    forecast = fitted.forecast(HOURS)
    assert (forecast["lower"] >= 0).all()
    assert (forecast["lower"] < forecast["forecast"]).all()
    assert (forecast["forecast"] < forecast["upper"]).all()
    # Monday's working hours are busy, its nights are not.
    assert forecast["forecast"].iloc[14] > 4 * forecast["forecast"].iloc[2]


def test_the_stored_state_gives_the_same_forecast(fitted: FittedProphet) -> None:
    restored = MODEL.restore(json.loads(json.dumps(fitted.state(), allow_nan=False)))
    pd.testing.assert_frame_equal(
        restored.forecast(HOURS), fitted.forecast(HOURS), check_exact=True
    )


def test_random_numbers_of_others_are_not_disturbed(fitted: FittedProphet) -> None:
    np.random.seed(1)
    expected = np.random.random(3)
    np.random.seed(1)
    fitted.forecast(HOURS)
    np.testing.assert_array_equal(np.random.random(3), expected)


def test_gaps_in_the_history_are_allowed() -> None:
    history = HISTORY.copy()
    history.iloc[5 * 24 : 8 * 24] = np.nan
    assert MODEL.fit(history).forecast(HOURS).notna().all(axis=None)


def test_a_history_of_one_hour_is_refused() -> None:
    with pytest.raises(ModelError, match="prophet could not be fitted to 1 hours"):
        MODEL.fit(HISTORY.iloc[:1])


def test_fitting_prints_nothing() -> None:
    program = (
        "from analytics_pipeline.forecasting.prophet_model import ProphetModel\n"
        "from analytics_pipeline_tests.forecasting.series import office\n"
        "ProphetModel(0.8).fit(office(14))\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert (finished.stdout, finished.stderr) == ("", "")
