"""The backtest and its scores, against values computed by hand."""

import numpy as np
import pandas as pd
import pytest

from analytics_pipeline.forecasting import scores
from analytics_pipeline.forecasting.backtest import backtest, folds_of
from analytics_pipeline.forecasting.seasonal_naive import SeasonalNaive
from analytics_pipeline_tests.forecasting.series import WEEK, hourly, office, weekly

MODEL = SeasonalNaive(interval_width=0.8)


def test_errors_by_hand() -> None:
    actual, forecast = pd.Series([3.0, 5.0, 2.0, 8.0]), pd.Series([4.0, 5.0, 5.0, 4.0])
    assert scores.mean_absolute_error(actual, forecast) == 2.0
    assert scores.root_mean_squared_error(actual, forecast) == pytest.approx(np.sqrt(6.5))
    assert scores.coverage(actual, pd.Series([3, 6, 0, 9]), pd.Series([3, 9, 1, 9])) == 0.25


def test_the_scale_is_the_error_of_the_seasonal_naive_forecast() -> None:
    training = pd.Series([10.0, 20.0, 13.0, 19.0, np.nan, 25.0])
    # Season of 2: |13 - 10|, |19 - 20|, a gap, |25 - 19|.
    assert scores.seasonal_naive_scale(training, 2) == pytest.approx(10 / 3)
    assert scores.seasonal_naive_scale(training.iloc[:2], 2) is None
    assert scores.seasonal_naive_scale(pd.Series([1.0, 2.0, 1.0, 2.0]), 2) is None


def test_steady_growth_gives_the_naive_model_a_mase_of_one() -> None:
    # Every hour has 10 more than a week before, so each error and the scale are 10.
    series = hourly(100 + 10 * (np.arange(28 * 24) // WEEK))
    result = backtest(MODEL, series, 3)
    assert result is not None
    assert (result.folds, result.mae, result.rmse, result.mase) == (3, 10, 10, 1)
    # The square root grows ever more slowly, so that the differences learnt are wide enough.
    assert result.coverage == 1


def test_scores_equal_a_computation_fold_by_fold() -> None:
    series = office(21)
    result = backtest(MODEL, series, 3)
    errors, scaled, within = [], [], []
    for back in (3, 2, 1):
        end = len(series) - 24 * back
        training, actual = series.iloc[:end].to_numpy(), series.iloc[end : end + 24].to_numpy()
        error = np.abs(actual - training[-WEEK : -WEEK + 24])
        roots = np.sqrt(training)
        differences = np.sort(np.abs(roots[WEEK:] - roots[:-WEEK]))
        spread = differences[int(np.ceil((len(differences) + 1) * 0.8)) - 1]
        expected = np.sqrt(training[-WEEK : -WEEK + 24])
        low, high = np.maximum(expected - spread, 0) ** 2, (expected + spread) ** 2
        errors.append(error)
        scaled.append(error / np.abs(training[WEEK:] - training[:-WEEK]).mean())
        within.append((actual >= low) & (actual <= high))
    assert result is not None
    assert result.mae == pytest.approx(np.mean(errors))
    assert result.rmse == pytest.approx(np.sqrt(np.mean(np.square(errors))))
    assert result.mase == pytest.approx(np.mean(scaled))
    assert result.coverage == pytest.approx(np.mean(within))
    assert 0 < result.coverage < 1


def test_origins_are_a_day_apart_and_nothing_of_the_future_is_learnt() -> None:
    series = office(20)
    folds = list(folds_of(series, 3))
    assert [test.index[0] for _, test in folds] == [series.index[24 * day] for day in (17, 18, 19)]
    for training, test in folds:
        assert training.index[0] == series.index[0]
        assert training.index[-1] == test.index[0] - pd.Timedelta(hours=1)
        assert len(test) == 24


def test_days_without_demand_are_not_tested() -> None:
    series = office(20)
    series.iloc[24 * 18 : 24 * 19] = np.nan
    starts = [test.index[0] for _, test in folds_of(series, 3)]
    assert starts == [series.index[24 * day] for day in (16, 17, 19)]


def test_a_training_part_holds_at_least_a_week() -> None:
    assert len(list(folds_of(office(9), 3))) == 2
    assert backtest(MODEL, office(7), 3) is None


def test_mase_is_undefined_where_the_weekly_forecast_is_perfect() -> None:
    result = backtest(MODEL, weekly(21), 3)
    assert result is not None
    assert (result.mae, result.mase) == (0, None)
