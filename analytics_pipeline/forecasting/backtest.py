"""The rolling-origin backtest: what a model would have forecast for days that are known now.

Method: Tashman 2000, Out-of-sample tests of forecasting accuracy, International Journal of
Forecasting 16(4).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from analytics_pipeline.forecasting import scores
from analytics_pipeline.forecasting.demand import days_with_demand
from analytics_pipeline.forecasting.models import Model
from analytics_pipeline.forecasting.seasonal_naive import SEASON_HOURS

MIN_TRAINING_DAYS = 7


@dataclass(frozen=True)
class Scores:
    """The errors of a model over all hours of all folds.

    ``mae`` and ``rmse`` in queries per hour; ``mase`` without unit, None where it is undefined;
    ``coverage`` is the measured share of hours within their interval.
    """

    folds: int
    mae: float
    rmse: float
    mase: float | None
    coverage: float


def folds_of(history: pd.Series, count: int) -> Iterator[tuple[pd.Series, pd.Series]]:
    """Split a history at each of the last origins, a day apart: (training part, day after it).

    Days without demand are passed over as test days. A training part has at least 7 days with
    demand, so that it holds a whole week; there are fewer folds, or none, where the history does
    not allow more.
    """
    days = days_with_demand(history)
    for day in days[max(MIN_TRAINING_DAYS, len(days) - count) :]:
        training = history.loc[: day - pd.Timedelta(hours=1)]
        test = history.loc[day : day + pd.Timedelta(hours=23)].dropna()
        yield training, test


def backtest(model: Model, history: pd.Series, count: int) -> Scores | None:
    """Score a model on the last ``count`` days of a history; None where that allows no fold.

    Raises ModelError where the model cannot be fitted to a training part.
    """
    tested: list[pd.DataFrame] = []
    for training, test in folds_of(history, count):
        fold = model.fit(training).forecast(pd.DatetimeIndex(test.index))
        fold["actual"] = test
        fold["scale"] = scores.seasonal_naive_scale(training, SEASON_HOURS)
        tested.append(fold)
    if not tested:
        return None
    hours = pd.concat(tested)
    actual, forecast = hours["actual"], hours["forecast"]
    scaled = (actual - forecast).abs() / hours["scale"].astype(float)
    return Scores(
        folds=len(tested),
        mae=scores.mean_absolute_error(actual, forecast),
        rmse=scores.root_mean_squared_error(actual, forecast),
        mase=None if scaled.isna().any() else float(scaled.mean()),
        coverage=scores.coverage(actual, hours["lower"], hours["upper"]),
    )
