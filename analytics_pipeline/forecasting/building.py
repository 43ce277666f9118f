"""Building the forecasting tables of some days from the lake."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd

from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline.forecasting.day_forecast import DayForecast, forecast_day
from analytics_pipeline.forecasting.demand import (
    demand_series,
    history_window,
    hourly_query_demand,
)
from analytics_pipeline.forecasting.model_store import store_model
from analytics_pipeline.forecasting.rows import forecast_rows, model_rows
from analytics_pipeline.forecasting.tables import (
    DEMAND_FORECAST,
    FORECAST_MODELS,
    HOURLY_QUERY_DEMAND,
)
from analytics_pipeline.lake.contracts import checked
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.settings import ForecastSettings


@dataclass(frozen=True)
class BuiltForecast:
    """The forecast that was built from a day's history, and what was stored of it."""

    result: DayForecast
    forecast_rows: int
    model_rows: int
    model_file: Path


def build_demand(lake: Lake, days: Sequence[date]) -> dict[date, int]:
    """Replace hourly_query_demand of the days; returns the number of rows of each."""
    with lake.engine() as connection, lake.locked(HOURLY_QUERY_DEMAND, days):
        events = lake.scan(VALIDATED_EVENTS, days)
        query = hourly_query_demand(events, days, datetime.now(UTC))
        return lake.replace_days(connection, HOURLY_QUERY_DEMAND, days, query)


def build_forecasts(
    lake: Lake, days: Sequence[date], settings: ForecastSettings
) -> dict[date, BuiltForecast]:
    """Replace demand_forecast, forecast_models and the stored model of the days, ascending."""
    window = history_window(days, settings.history_days)
    built: dict[date, BuiltForecast] = {}
    frames: dict[str, list[pd.DataFrame]] = {DEMAND_FORECAST.name: [], FORECAST_MODELS.name: []}
    with (
        lake.engine() as connection,
        lake.locked(DEMAND_FORECAST, days),
        lake.locked(FORECAST_MODELS, days),
    ):
        demand = demand_series(connection, lake.scan(HOURLY_QUERY_DEMAND, window), window)
        for day in sorted(days):
            result = forecast_day(demand, day, settings)
            hours, models = forecast_rows(result), model_rows(result, settings.interval_width)
            frames[DEMAND_FORECAST.name].append(hours)
            frames[FORECAST_MODELS.name].append(models)
            built[day] = BuiltForecast(result, len(hours), len(models), store_model(lake, result))
        for table in (DEMAND_FORECAST, FORECAST_MODELS):
            connection.register("computed", checked(table, pd.concat(frames[table.name])))
            lake.replace_days(connection, table, days, "FROM computed")
            connection.unregister("computed")
    return built
