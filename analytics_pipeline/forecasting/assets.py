"""The assets of the demand forecast."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import pandas as pd

from analytics_pipeline.daily_assets import (
    SINGLE_RUN,
    daily_spec,
    describe_partition,
    lake_of_process,
    requested_dates,
)
from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline.forecasting.chart import as_markdown, forecast_chart
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
from analytics_pipeline.settings import current_settings

GROUP = "forecasting"


@dg.multi_asset(
    name=HOURLY_QUERY_DEMAND.name,
    specs=[daily_spec(HOURLY_QUERY_DEMAND, group=GROUP, deps=[VALIDATED_EVENTS.name])],
    backfill_policy=SINGLE_RUN,
)
def query_demand(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
    """Count the cache queries of each hour of the requested dates."""
    lake = lake_of_process()
    days = requested_dates(context)
    with lake.engine() as connection, lake.locked(HOURLY_QUERY_DEMAND, days):
        events = lake.scan(VALIDATED_EVENTS, days)
        query = hourly_query_demand(events, days, datetime.now(UTC))
        rows = lake.replace_days(connection, HOURLY_QUERY_DEMAND, days, query)
    for day in days:
        describe_partition(context, HOURLY_QUERY_DEMAND, day, rows[day])
    yield dg.MaterializeResult(asset_key=HOURLY_QUERY_DEMAND.name)


@dg.multi_asset(
    name=DEMAND_FORECAST.name,
    specs=[
        daily_spec(
            table,
            group=GROUP,
            deps=[HOURLY_QUERY_DEMAND.name],
            kinds=("prophet", "pandas", "parquet"),
        )
        for table in (DEMAND_FORECAST, FORECAST_MODELS)
    ],
    backfill_policy=SINGLE_RUN,
)
def demand_forecasts(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
    """Forecast the day after each requested date, and store the model that did it."""
    settings = current_settings().forecast
    lake = lake_of_process()
    days = requested_dates(context)
    window = history_window(days, settings.history_days)
    forecasts: list[pd.DataFrame] = []
    models: list[pd.DataFrame] = []
    with (
        lake.engine() as connection,
        lake.locked(DEMAND_FORECAST, days),
        lake.locked(FORECAST_MODELS, days),
    ):
        demand = demand_series(connection, lake.scan(HOURLY_QUERY_DEMAND, window), window)
        for day in days:
            result = forecast_day(demand, day, settings)
            forecasts.append(forecast_rows(result))
            models.append(model_rows(result, settings.interval_width))
            metadata = _figures(result) | {
                "model file": dg.MetadataValue.path(str(store_model(lake, result)))
            }
            if day == days[-1] and result.chosen:
                chart = as_markdown(
                    forecast_chart(result, settings.interval_width), "demand and its forecast"
                )
                metadata["chart"] = dg.MetadataValue.md(chart)
            describe_partition(context, DEMAND_FORECAST, day, len(forecasts[-1]), **metadata)
            describe_partition(context, FORECAST_MODELS, day, len(models[-1]))
        for table, frames in ((DEMAND_FORECAST, forecasts), (FORECAST_MODELS, models)):
            connection.register("computed", checked(table, pd.concat(frames)))
            lake.replace_days(connection, table, days, "FROM computed")
            connection.unregister("computed")
    for table in (DEMAND_FORECAST, FORECAST_MODELS):
        yield dg.MaterializeResult(asset_key=table.name)


def _figures(result: DayForecast) -> dict[str, Any]:
    """What Dagster shows of a forecast: the chosen model and its scores, or why there is none."""
    if result.chosen is None:
        return {"reason": result.reason}
    scores = next(trial.scores for trial in result.trials if trial.model.name == result.chosen)
    measured = {
        "MASE": scores.mase if scores else None,
        "interval coverage": scores.coverage if scores else None,
    }
    return {"chosen model": result.chosen} | {
        name: dg.MetadataValue.float(figure)
        for name, figure in measured.items()
        if figure is not None
    }
