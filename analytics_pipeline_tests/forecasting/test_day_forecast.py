"""The forecast of a day: which model is kept, and when there is none."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analytics_pipeline.forecasting.backtest import backtest
from analytics_pipeline.forecasting.day_forecast import DayForecast, forecast_day, models_of
from analytics_pipeline.forecasting.models import FittedModel, ModelError
from analytics_pipeline.forecasting.rows import forecast_rows, model_rows
from analytics_pipeline.forecasting.tables import DEMAND_FORECAST, FORECAST_MODELS
from analytics_pipeline.lake.contracts import checked
from analytics_pipeline.settings import ForecastSettings
from analytics_pipeline_tests.forecasting.series import last_day, office, weekly

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:prophet")
SETTINGS = ForecastSettings()
NAB = Path(__file__).parents[3] / "shared" / "data" / "nab"


@dataclass(frozen=True)
class Unfit:
    """A model that no history suits."""

    name: str = "prophet"

    def fit(self, history: pd.Series) -> FittedModel:
        raise ModelError(f"{self.name} cannot learn this.")

    def restore(self, state: dict[str, Any]) -> FittedModel:
        raise NotImplementedError


def tables(result: DayForecast) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of both tables, which keep their contracts, the models by name."""
    forecast = checked(DEMAND_FORECAST, forecast_rows(result))
    models = checked(FORECAST_MODELS, model_rows(result, SETTINGS.interval_width))
    tomorrow = pd.Timestamp(result.day) + pd.Timedelta(days=1)
    assert list(forecast["hour"]) == list(pd.date_range(tomorrow, periods=24, freq="h"))
    assert sorted(models["model"]) == ["prophet", "seasonal_naive"]
    return forecast, models.set_index("model")


def assert_no_forecast(result: DayForecast, reason: str) -> None:
    forecast, models = tables(result)
    assert forecast[["model", "forecast", "lower", "upper"]].isna().all(axis=None)
    assert (forecast["reason"] == reason).all()
    assert models[["mae", "rmse", "mase", "coverage"]].isna().all(axis=None)
    assert (models["reason"] == reason).all()
    assert not models["chosen"].any()
    assert (models["folds"] == 0).all()


def test_thirteen_days_are_too_few_and_fourteen_suffice() -> None:
    series = office(14)
    short = forecast_day(series.iloc[: 13 * 24], last_day(series) - timedelta(days=1), SETTINGS)
    assert_no_forecast(
        short,
        "The 56 days up to 2026-01-17 hold 13 with cache queries; a forecast needs 14 "
        "(forecast.min_history_days).",
    )
    forecast, models = tables(forecast_day(series, last_day(series), SETTINGS))
    assert forecast[["model", "forecast", "lower", "upper"]].notna().all(axis=None)
    assert (models["folds"] == 3).all()
    assert (models["training_hours"] == 14 * 24).all()


def test_days_without_demand_are_no_history() -> None:
    series = office(20)
    series.iloc[24 * 5 : 24 * 12] = np.nan
    result = forecast_day(series, last_day(series), SETTINGS)
    assert result.reason is not None and "hold 13 with cache queries" in result.reason


def test_an_empty_lake_has_no_history() -> None:
    series = office(3) * np.nan
    reason = (
        "The 56 days up to 2026-01-07 hold 0 with cache queries; a forecast needs 14 "
        "(forecast.min_history_days)."
    )
    assert_no_forecast(forecast_day(series, last_day(series), SETTINGS), reason)


def test_a_history_that_ended_long_ago_tells_nothing_of_tomorrow() -> None:
    series = office(30)
    series.iloc[-8 * 24 :] = np.nan
    assert_no_forecast(
        forecast_day(series, last_day(series), SETTINGS),
        "The last cache queries are of 2026-01-26, 8 days before 2026-02-03; a forecast needs "
        "some within 7 days.",
    )
    series.iloc[-8 * 24] = 5.0
    assert forecast_day(series, last_day(series), SETTINGS).chosen is not None


def test_the_naive_model_is_kept_where_it_is_perfect() -> None:
    series = weekly(28)
    forecast, models = tables(forecast_day(series, last_day(series), SETTINGS))
    np.testing.assert_allclose(forecast["forecast"], np.arange(1, 25))
    assert (forecast["model"] == "seasonal_naive").all()
    assert models.loc["seasonal_naive", "mae"] == 0
    assert models.loc["prophet", "mae"] > 0
    assert models["reason"].str.startswith("MASE is undefined").all()


def test_prophet_is_kept_where_noise_makes_last_week_a_poor_guess() -> None:
    series = office(56)
    result = forecast_day(series, last_day(series), SETTINGS)
    _, models = tables(result)
    assert result.chosen == "prophet"
    assert list(models["chosen"]) == [name == "prophet" for name in models.index]
    assert models.loc["prophet", "mae"] < models.loc["seasonal_naive", "mae"]
    assert models.loc["prophet", "mase"] < 1
    assert models["coverage"].between(0.6, 0.95).all()


def test_only_the_configured_history_is_learnt() -> None:
    series = office(40)
    settings = ForecastSettings(history_days=21)
    short = forecast_day(series.iloc[-21 * 24 :], last_day(series), settings)
    whole = forecast_day(series, last_day(series), settings)
    pd.testing.assert_frame_equal(whole.values, short.values, check_exact=True)
    assert (model_rows(whole, 0.8)["trained_from"] == pd.Timestamp("2026-01-24")).all()


def test_a_model_that_cannot_be_fitted_drops_out() -> None:
    series = office(21)
    naive = models_of(SETTINGS)[0]
    result = forecast_day(series, last_day(series), SETTINGS, [Unfit(), naive])
    forecast, models = tables(result)
    assert (forecast["model"] == "seasonal_naive").all()
    assert models.loc["prophet", "reason"] == "prophet cannot learn this."
    assert pd.isna(models.loc["seasonal_naive", "reason"])


def test_without_any_model_that_can_be_fitted_there_is_no_forecast() -> None:
    series = office(21)
    result = forecast_day(series, last_day(series), SETTINGS, [Unfit(), Unfit("seasonal_naive")])
    forecast, _ = tables(result)
    assert forecast["forecast"].isna().all()
    assert (
        forecast["reason"] == "prophet cannot learn this. seasonal_naive cannot learn this."
    ).all()


def test_without_a_backtest_the_naive_model_is_kept() -> None:
    series = office(5)
    result = forecast_day(series, last_day(series), ForecastSettings(min_history_days=3))
    forecast, models = tables(result)
    assert (forecast["model"] == "seasonal_naive").all()
    assert models["mae"].isna().all()
    assert (
        models["reason"]
        == "A backtest needs more than 7 days with cache queries; the history has 5."
    ).all()


@pytest.mark.skipif(not NAB.is_dir(), reason="the NAB data are not in ../shared/data/nab")
@pytest.mark.parametrize(
    "name",
    [
        "realAWSCloudwatch/ec2_network_in_257a54.csv",
        "realAWSCloudwatch/ec2_disk_write_bytes_c0d644.csv",
        "realKnownCause/ec2_request_latency_system_failure.csv",
        "realKnownCause/cpu_utilization_asg_misconfiguration.csv",
    ],
)
def test_real_series_get_a_forecast_whose_coverage_is_measured(name: str) -> None:
    points = pd.read_csv(NAB / name, parse_dates=["timestamp"]).set_index("timestamp")["value"]
    series = points.resample("h").mean()
    day: date = last_day(series)
    result = forecast_day(series, day, SETTINGS)
    forecast, models = tables(result)
    assert forecast[["forecast", "lower", "upper"]].notna().all(axis=None)
    assert models["mae"].idxmin() == result.chosen
    assert models["mase"].notna().all()
    for model in models_of(SETTINGS):
        measured = backtest(model, result.history, SETTINGS.folds)
        assert measured is not None
        assert models.loc[model.name, "coverage"] == measured.coverage
