"""The rows of a forecast, as the tables hold them."""

from typing import Any

import pandas as pd

from analytics_pipeline.forecasting.day_forecast import DayForecast, Trial
from analytics_pipeline.forecasting.demand import days_with_demand


def forecast_rows(result: DayForecast) -> pd.DataFrame:
    """The 24 rows of demand_forecast, with event_date."""
    return (
        result.values.rename_axis("hour")
        .reset_index()
        .assign(event_date=pd.Timestamp(result.day), model=result.chosen, reason=result.reason)
    )


def model_rows(result: DayForecast, interval_width: float) -> pd.DataFrame:
    """The rows of forecast_models, one for each model, with event_date."""
    days = days_with_demand(result.history)
    learnt = {
        "event_date": pd.Timestamp(result.day),
        "interval_width": interval_width,
        "trained_from": days[0] if len(days) else None,
        "trained_to": days[-1] if len(days) else None,
        "training_hours": int(result.history.notna().sum()),
    }
    return pd.DataFrame(
        [learnt | _scores(trial, trial.model.name == result.chosen) for trial in result.trials]
    )


def _scores(trial: Trial, chosen: bool) -> dict[str, Any]:
    scores = trial.scores
    return {
        "model": trial.model.name,
        "chosen": chosen,
        "mae": scores.mae if scores else None,
        "rmse": scores.rmse if scores else None,
        "mase": scores.mase if scores else None,
        "coverage": scores.coverage if scores else None,
        "folds": scores.folds if scores else 0,
        "reason": trial.reason,
    }
