"""The forecast of one day: every model tried, the better one kept."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import inf

import pandas as pd

from analytics_pipeline.forecasting.backtest import MIN_TRAINING_DAYS, Scores, backtest
from analytics_pipeline.forecasting.demand import days_with_demand, history_up_to, hours_after
from analytics_pipeline.forecasting.models import FittedModel, Model, ModelError
from analytics_pipeline.forecasting.prophet_model import ProphetModel
from analytics_pipeline.forecasting.seasonal_naive import SeasonalNaive
from analytics_pipeline.settings import ForecastSettings

MAX_SILENT_DAYS = 7


@dataclass(frozen=True)
class Trial:
    """A model with its scores in the backtest, or the reason why figures are missing."""

    model: Model
    scores: Scores | None
    reason: str | None


@dataclass(frozen=True)
class DayForecast:
    """What the demand up to the end of one day foretells of the next.

    ``history`` is what the models learnt from. ``values`` is a frame by hour of forecast, lower
    and upper (queries per hour). Where there is no forecast, ``chosen`` and ``fitted`` are None,
    the values are NaN, and ``reason`` says why.
    """

    day: date
    history: pd.Series
    trials: Sequence[Trial]
    chosen: str | None
    fitted: FittedModel | None
    values: pd.DataFrame
    reason: str | None


def models_of(settings: ForecastSettings) -> tuple[Model, ...]:
    """The models that compete, the simpler first: it wins where two are equally good."""
    return SeasonalNaive(settings.interval_width), ProphetModel(settings.interval_width)


def forecast_day(
    demand: pd.Series,
    day: date,
    settings: ForecastSettings,
    models: Sequence[Model] | None = None,
) -> DayForecast:
    """Forecast the 24 hours after a day from the demand up to its end.

    ``demand`` is a series as demand_series gives it, which covers the history. The model with the
    lowest mean absolute error in the backtest is chosen, and the first of ``models`` where there
    is no backtest. A model that cannot be fitted drops out.
    """
    candidates = models_of(settings) if models is None else models
    history = history_up_to(demand, day, settings.history_days)
    reason = _too_little(history, day, settings)
    if reason is not None:
        return _without(day, history, [Trial(model, None, reason) for model in candidates], reason)
    trials = {model.name: _try(model, history, settings.folds) for model in candidates}
    for trial in sorted(trials.values(), key=_error):
        name = trial.model.name
        try:
            fitted = trial.model.fit(history)
        except ModelError as error:
            trials[name] = replace(trial, reason=str(error))
            continue
        values = fitted.forecast(hours_after(day))
        return DayForecast(day, history, tuple(trials.values()), name, fitted, values, None)
    tried = tuple(trials.values())
    return _without(day, history, tried, " ".join(str(trial.reason) for trial in tried))


def _error(trial: Trial) -> float:
    return trial.scores.mae if trial.scores else inf


def _without(day: date, history: pd.Series, trials: Sequence[Trial], reason: str) -> DayForecast:
    values = pd.DataFrame(
        index=hours_after(day), columns=["forecast", "lower", "upper"], dtype=float
    )
    return DayForecast(day, history, trials, None, None, values, reason)


def _too_little(history: pd.Series, day: date, settings: ForecastSettings) -> str | None:
    days = days_with_demand(history)
    if len(days) < settings.min_history_days:
        return (
            f"The {settings.history_days} days up to {day} hold {len(days)} with cache queries; a "
            f"forecast needs {settings.min_history_days} (forecast.min_history_days)."
        )
    silent = (pd.Timestamp(day) - days[-1]).days
    if silent > MAX_SILENT_DAYS:
        return (
            f"The last cache queries are of {days[-1].date()}, {silent} days before {day}; a "
            f"forecast needs some within {MAX_SILENT_DAYS} days."
        )
    return None


def _try(model: Model, history: pd.Series, folds: int) -> Trial:
    try:
        scores = backtest(model, history, folds)
    except ModelError as error:
        return Trial(model, None, str(error))
    reason = None
    if scores is None:
        reason = (
            f"A backtest needs more than {MIN_TRAINING_DAYS} days with cache queries; the history "
            f"has {len(days_with_demand(history))}."
        )
    elif scores.mase is None:
        reason = (
            "MASE is undefined: within a training part, demand never differed from that of a week "
            "before, or no two hours a week apart are known."
        )
    return Trial(model, scores, reason)
