"""The assets of the demand forecast."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg

from analytics_pipeline.daily_assets import (
    SINGLE_RUN,
    as_markdown,
    daily_spec,
    describe_partition,
    lake_of_process,
    requested_dates,
)
from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline.forecasting.tables import (
    DEMAND_FORECAST,
    FORECAST_MODELS,
    HOURLY_QUERY_DEMAND,
)
from analytics_pipeline.settings import current_settings

if TYPE_CHECKING:
    from analytics_pipeline.forecasting.day_forecast import DayForecast

GROUP = "forecasting"


@dg.multi_asset(
    name=HOURLY_QUERY_DEMAND.name,
    specs=[daily_spec(HOURLY_QUERY_DEMAND, group=GROUP, deps=[VALIDATED_EVENTS.name])],
    backfill_policy=SINGLE_RUN,
)
def query_demand(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
    """Count the cache queries of each hour of the requested dates."""
    from analytics_pipeline.forecasting.building import build_demand

    days = requested_dates(context)
    rows = build_demand(lake_of_process(), days)
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
    from analytics_pipeline.forecasting.building import build_forecasts
    from analytics_pipeline.forecasting.chart import forecast_chart

    settings = current_settings().forecast
    days = requested_dates(context)
    for day, built in build_forecasts(lake_of_process(), days, settings).items():
        metadata = _figures(built.result) | {
            "model file": dg.MetadataValue.path(str(built.model_file))
        }
        if day == days[-1] and built.result.chosen:
            chart = forecast_chart(built.result, settings.interval_width)
            metadata["chart"] = dg.MetadataValue.md(as_markdown(chart, "demand and its forecast"))
        describe_partition(context, DEMAND_FORECAST, day, built.forecast_rows, **metadata)
        describe_partition(context, FORECAST_MODELS, day, built.model_rows)
    for table in (DEMAND_FORECAST, FORECAST_MODELS):
        yield dg.MaterializeResult(asset_key=table.name)


def _figures(result: "DayForecast") -> dict[str, Any]:
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
