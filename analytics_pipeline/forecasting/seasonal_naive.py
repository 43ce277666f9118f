"""The seasonal naive model: an hour will be as the same hour of the week was last time.

Method: Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 3rd edition, section
5.2. It is the yardstick that a better model has to beat.
"""

from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
import pandas as pd

from analytics_pipeline.forecasting.models import ModelError

SEASON_HOURS = 168
HOURS_A_DAY = 24


@dataclass(frozen=True)
class FittedSeasonalNaive:
    """The latest known demand of each hour of the week, and how far such values were off.

    ``weekly`` (from Monday 00:00) and ``daily`` hold the latest demand of each hour, NaN where
    there is none; ``spread`` is half the width of the interval, on the square-root scale.
    """

    weekly: pd.Series
    daily: pd.Series
    spread: float

    def forecast(self, hours: pd.DatetimeIndex) -> pd.DataFrame:
        """Forecast the demand of some hours: frame by hour of forecast, lower and upper."""
        same_hour_of_week = self.weekly.loc[_hour_of_week(hours)].to_numpy()
        same_hour_of_day = self.daily.loc[hours.hour].to_numpy()
        expected = np.where(np.isnan(same_hour_of_week), same_hour_of_day, same_hour_of_week)
        root = np.sqrt(expected)
        return pd.DataFrame(
            {
                "forecast": expected,
                "lower": np.square(np.clip(root - self.spread, 0, None)),
                "upper": np.square(root + self.spread),
            },
            index=hours,
        )

    def state(self) -> dict[str, Any]:
        """The model as values that JSON can hold."""
        return {
            "weekly": [None if np.isnan(value) else value for value in self.weekly],
            "daily": [None if np.isnan(value) else value for value in self.daily],
            "spread": self.spread,
        }


@dataclass(frozen=True)
class SeasonalNaive:
    """The model with a season of a week.

    Where the history holds no demand of the same hour of the week, the latest of the same hour of
    the day stands in. The interval is ``interval_width`` wide by split conformal prediction (Lei
    et al. 2018, Distribution-free predictive inference for regression): the forecast plus and
    minus that quantile of the absolute differences between demand and the demand a week before.
    Differences are taken between square roots, which makes the variance of counts about the same
    at every level (Bartlett 1936).
    """

    interval_width: float
    name: str = "seasonal_naive"

    def fit(self, history: pd.Series) -> FittedSeasonalNaive:
        """Learn from an hourly demand series; raises ModelError where it has no differences."""
        hours = pd.DatetimeIndex(history.index)
        root = np.sqrt(history)
        differences = root.diff(SEASON_HOURS).dropna()
        if differences.empty:
            differences = root.diff(HOURS_A_DAY).dropna()
        if differences.empty:
            raise ModelError(
                "seasonal_naive needs an hour whose demand is known on two days, a day or a week "
                "apart."
            )
        return FittedSeasonalNaive(
            weekly=history.groupby(_hour_of_week(hours)).last().reindex(range(SEASON_HOURS)),
            daily=history.groupby(hours.hour).last().reindex(range(HOURS_A_DAY)),
            spread=_conformal_quantile(differences.abs().to_numpy(), self.interval_width),
        )

    def restore(self, state: dict[str, Any]) -> FittedSeasonalNaive:
        """Make the fitted model again from its state."""
        return FittedSeasonalNaive(
            weekly=pd.Series(state["weekly"], dtype=float),
            daily=pd.Series(state["daily"], dtype=float),
            spread=state["spread"],
        )


def _hour_of_week(hours: pd.DatetimeIndex) -> pd.Index:
    return hours.day_of_week * HOURS_A_DAY + hours.hour


def _conformal_quantile(residuals: np.ndarray, width: float) -> float:
    """The smallest residual that at least ``width`` of future ones stay within, if exchangeable."""
    place = min(ceil((len(residuals) + 1) * width), len(residuals))
    return float(np.sort(residuals)[place - 1])
