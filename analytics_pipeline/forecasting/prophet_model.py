"""The prophet model: a piecewise linear trend with daily and weekly seasons.

Method: Taylor and Letham 2018, Forecasting at Scale, The American Statistician 72(1).
"""

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analytics_pipeline.forecasting.models import ModelError

if TYPE_CHECKING:
    from prophet import Prophet

DAILY_TERMS = 4
WEEKLY_TERMS = 3
CHANGEPOINTS = 10
INTERVAL_SAMPLES = 500
SEED = 20_180_101


@dataclass(frozen=True)
class FittedProphet:
    """A fitted prophet model of the logarithm of demand."""

    prophet: "Prophet"

    def forecast(self, hours: pd.DatetimeIndex) -> pd.DataFrame:
        """Forecast the demand of some hours: frame by hour of forecast, lower and upper."""
        # Prophet samples its interval from numpy's global generator.
        state = np.random.get_state()
        np.random.seed(SEED)
        try:
            predicted = self.prophet.predict(pd.DataFrame({"ds": hours}))
        finally:
            np.random.set_state(state)
        scaled = predicted[["yhat", "yhat_lower", "yhat_upper"]].to_numpy()
        demand = np.expm1(np.clip(scaled, 0, None))
        return pd.DataFrame(demand, columns=["forecast", "lower", "upper"], index=hours)

    def state(self) -> dict[str, Any]:
        """The model in prophet's own serialization."""
        from prophet.serialize import model_to_dict

        return dict(model_to_dict(self.prophet))


@dataclass(frozen=True)
class ProphetModel:
    """Prophet on log(1 + demand), where seasons multiply and demand stays above 0.

    The forecast is the median of demand, which suits the mean absolute error. The interval is
    prophet's own, sampled from a fixed seed. A year's season is left out: the history is weeks.
    """

    interval_width: float
    name: str = "prophet"

    def fit(self, history: pd.Series) -> FittedProphet:
        """Learn from an hourly demand series; raises ModelError where prophet cannot."""
        prophet = _quiet_prophet()(
            n_changepoints=CHANGEPOINTS,
            daily_seasonality=DAILY_TERMS,
            weekly_seasonality=WEEKLY_TERMS,
            yearly_seasonality=False,
            interval_width=self.interval_width,
            uncertainty_samples=INTERVAL_SAMPLES,
        )
        known = history.dropna()
        try:
            prophet.fit(pd.DataFrame({"ds": known.index, "y": np.log1p(known.to_numpy())}))
        except (RuntimeError, ValueError) as error:
            raise ModelError(
                f"prophet could not be fitted to {len(known)} hours of demand: {error}"
            ) from error
        return FittedProphet(prophet)

    def restore(self, state: dict[str, Any]) -> FittedProphet:
        """Make the fitted model again from its state."""
        _quiet_prophet()
        from prophet.serialize import model_from_dict

        return FittedProphet(model_from_dict(dict(state)))


def _quiet_prophet() -> type["Prophet"]:
    # Where the log of cmdstanpy has a handler, loading it leaves the level alone.
    log = logging.getLogger("cmdstanpy")
    log.setLevel(logging.WARNING)
    if not log.handlers:
        log.addHandler(logging.NullHandler())
    # Prophet tells of its own second attempt by Newton's method where L-BFGS gives up.
    logging.getLogger("prophet.models").setLevel(logging.ERROR)
    # Prophet reports the absence of plotly, which draws nothing here, as an error.
    logging.getLogger("prophet.plot").setLevel(logging.CRITICAL)
    from prophet import Prophet

    return Prophet
