"""The stored models: one JSON file for each event date, beside the tables of the lake."""

import json
from dataclasses import asdict
from datetime import date
from importlib.metadata import version
from pathlib import Path

from analytics_pipeline.forecasting.day_forecast import DayForecast, models_of
from analytics_pipeline.forecasting.models import FittedModel
from analytics_pipeline.lake.lake import Lake, publish_text
from analytics_pipeline.settings import ForecastSettings

LIBRARIES = ("numpy", "pandas", "prophet")


def model_file(lake: Lake, day: date) -> Path:
    """Path of the model that the forecast of an event date was made with."""
    return lake.root / "models" / "demand" / f"event_date={day.isoformat()}" / "model.json"


def store_model(lake: Lake, result: DayForecast) -> Path:
    """Store the model of a forecast with its metadata, atomically; returns the file.

    Where there is no forecast, model and state are null and the reason says why.
    """
    known = result.history.dropna()
    stored = {
        "event_date": result.day.isoformat(),
        "model": result.chosen,
        "reason": result.reason,
        "unit": "cache queries per hour",
        "history": {
            "first_hour": known.index[0].isoformat() if len(known) else None,
            "last_hour": known.index[-1].isoformat() if len(known) else None,
            "hours": len(known),
        },
        "backtest": {
            trial.model.name: {
                "scores": asdict(trial.scores) if trial.scores else None,
                "reason": trial.reason,
            }
            for trial in result.trials
        },
        "libraries": {name: version(name) for name in LIBRARIES},
        "state": result.fitted.state() if result.fitted else None,
    }
    file = model_file(lake, result.day)
    publish_text(file, json.dumps(stored, allow_nan=False) + "\n")
    return file


def stored_model(lake: Lake, day: date, settings: ForecastSettings) -> FittedModel | None:
    """Read the model of an event date, ready to forecast; None where none could be fitted.

    Raises FileNotFoundError where no forecast was computed for the day.
    """
    stored = json.loads(model_file(lake, day).read_text(encoding="utf-8"))
    if stored["model"] is None:
        return None
    models = {model.name: model for model in models_of(settings)}
    return models[stored["model"]].restore(stored["state"])
