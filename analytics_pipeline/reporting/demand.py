"""The hourly demand of a day, what was forecast for it, and the forecast of the day after."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from analytics_pipeline.forecasting.tables import (
    DEMAND_FORECAST,
    FORECAST_MODELS,
    HOURLY_QUERY_DEMAND,
)
from analytics_pipeline.reporting.measure import SHARE, Absence, Listing, Metric, Row, metric
from analytics_pipeline.reporting.stored import Stored

NEXT_DAY = timedelta(days=1)

UNKNOWN = (
    "The demand of no hour is known: the day has no cache_query events, or none of its hours was "
    "over."
)
NO_FORECAST = "No forecast was made."
NOT_COMPARABLE = "No hour of the day has both a forecast and a known demand."

FIGURES: dict[str, tuple[str, str, str]] = {
    "compared_hours": (
        "count(*)", "hours", "Hours with both a forecast and a known demand."
    ),
    "expected_queries": (
        "sum(forecast ORDER BY hour)", "queries", "Sum of the forecast of these hours."
    ),
    "measured_queries": ("sum(queries)::BIGINT", "queries", "Cache queries in these hours."),
    "mean_absolute_error": (
        "avg(abs(forecast - queries) ORDER BY hour)", "queries per hour",
        "Mean distance of the forecast from the measured demand.",
    ),
    "coverage": (
        "count(*) FILTER (WHERE queries BETWEEN lower AND upper) / count(*)", SHARE,
        "Share of these hours that lay within their prediction interval.",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Forecast:
    """The forecast of the 24 hours after a day, and how the models did on the days before.

    ``model`` made the forecast; ``hours`` are rows of demand_forecast and ``models`` those of
    forecast_models, with the errors of the backtest. ``expected`` is the sum of the hours.
    """

    forecast_date: date
    model: str | None
    reason: str | None
    expected: Metric
    hours: Listing
    models: Listing


@dataclass(frozen=True)
class Demand:
    """The queries of each hour of a day, beside what had been forecast the day before.

    ``forecast`` are the rows of demand_forecast for the hours of the day. ``figures`` compares
    both: expected and measured queries, mean absolute error, and the share of the hours that lay
    within their interval. ``not_over`` says that hours are missing because the day was not over.
    """

    hours: Listing
    forecast: Listing
    figures: Mapping[str, Metric]
    not_over: str | None


def read_demand(stored: Stored, total_queries: Mapping[date, Metric]) -> dict[date, Demand]:
    """The hourly demand of each of the reports' days beside its former forecast.

    ``total_queries`` is the number of queries of each day.
    """
    hours = stored.listings(HOURLY_QUERY_DEMAND, lambda _: Absence(UNKNOWN))
    former = stored.rows(DEMAND_FORECAST, days=[day - NEXT_DAY for day in stored.days])
    compared = _compared(stored)
    demands: dict[date, Demand] = {}
    for day in stored.days:
        forecast = _forecast_hours(stored, day - NEXT_DAY, former.get(day - NEXT_DAY, []))
        values = compared.get(day, (None,) * len(FIGURES))
        demands[day] = Demand(
            _known_hours(hours[day]),
            forecast,
            {
                name: metric(value, unit, forecast.reason or NOT_COMPARABLE, definition)
                for (name, (_, unit, definition)), value in zip(
                    FIGURES.items(), values, strict=True
                )
            },
            _not_over(hours[day], total_queries[day]),
        )
    return demands


def read_forecasts(stored: Stored) -> dict[date, Forecast]:
    """The forecast that was made of the day after each of the reports' days."""
    found = stored.rows(DEMAND_FORECAST)
    models = stored.listings(FORECAST_MODELS, lambda _: Absence(NO_FORECAST))
    sums = stored.by_day(
        "SELECT event_date, sum(forecast ORDER BY hour) "
        f"FROM {stored.scan(DEMAND_FORECAST)} GROUP BY event_date"
    )
    forecasts: dict[date, Forecast] = {}
    for day in stored.days:
        hours = _forecast_hours(stored, day, found.get(day, []))
        expected = sums[day][0][0] if hours.rows else None
        forecasts[day] = Forecast(
            day + NEXT_DAY,
            str(hours.rows[0]["model"]) if hours.rows else None,
            hours.reason,
            metric(expected, "queries", hours.reason or NO_FORECAST, "Sum of the 24 hours."),
            hours,
            models[day],
        )
    return forecasts


def _forecast_hours(stored: Stored, made_on: date, rows: list[Row]) -> Listing:
    known = tuple(row for row in rows if row["forecast"] is not None)
    if known:
        return Listing(DEMAND_FORECAST.columns, known, len(known))
    said = next((str(row["reason"]) for row in rows if row["reason"]), NO_FORECAST)
    return stored.nothing(DEMAND_FORECAST, made_on, Absence(said))


def _compared(stored: Stored) -> dict[date, tuple[Any, ...]]:
    """The figures of each day on which some hour has both a forecast and a known demand."""
    figures = ", ".join(sql for sql, _, _ in FIGURES.values())
    made_on = [day - NEXT_DAY for day in stored.days]
    rows = stored.by_day(
        f"SELECT event_date, {figures} FROM {stored.scan(HOURLY_QUERY_DEMAND)} "
        f"JOIN (SELECT hour, forecast, lower, upper FROM {stored.scan(DEMAND_FORECAST, made_on)}) "
        "USING (hour) WHERE queries IS NOT NULL AND forecast IS NOT NULL GROUP BY event_date"
    )
    return {day: found[0] for day, found in rows.items()}


def _known_hours(hours: Listing) -> Listing:
    if all(row["queries"] is None for row in hours.rows):
        return Listing(hours.columns, (), None, hours.reason or UNKNOWN)
    return hours


def _not_over(hours: Listing, total_queries: Metric) -> str | None:
    known = sum(row["queries"] is not None for row in hours.rows)
    if total_queries.value is None or known == len(hours.rows):
        return None
    return (
        f"The day was not over when it was computed: {known} of its {len(hours.rows)} hours are "
        "known in full."
    )
