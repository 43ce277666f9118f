"""What a demand model is, so that the backtest and the forecast can treat all alike."""

from typing import Any, Protocol

import pandas as pd

from analytics_pipeline.errors import PipelineError


class ModelError(PipelineError):
    """A model could not be fitted to a history; the message says which and why."""


class FittedModel(Protocol):
    """A model that has learnt from a history."""

    def forecast(self, hours: pd.DatetimeIndex) -> pd.DataFrame:
        """Forecast the demand of some hours.

        Returns a frame by hour with the columns forecast, lower and upper (queries per hour, at
        least 0).
        """
        ...

    def state(self) -> dict[str, Any]:
        """What is stored of the model, as values that JSON can hold."""
        ...


class Model(Protocol):
    """A way to forecast hourly demand."""

    @property
    def name(self) -> str:
        """Name of the model in the tables."""
        ...

    def fit(self, history: pd.Series) -> FittedModel:
        """Learn from an hourly demand series with NaN where demand is not known.

        Raises ModelError where that fails.
        """
        ...

    def restore(self, state: dict[str, Any]) -> FittedModel:
        """Make the fitted model again from what was stored of it."""
        ...
