"""The content of a day's report, read from the tables of the lake."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

from analytics_pipeline.alerting.findings import Evaluation
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import Table
from analytics_pipeline.reporting.conservation import (
    Conservation,
    read_conservation,
    read_line_totals,
)
from analytics_pipeline.reporting.demand import Demand, Forecast, read_demand, read_forecasts
from analytics_pipeline.reporting.headline import (
    TREND_DAYS,
    Kpi,
    Trends,
    headline_metrics,
    kpis,
    trends,
)
from analytics_pipeline.reporting.marts import (
    CACHE,
    METRIC_VALUES,
    DayMetrics,
    metric_of,
    metric_values_mart,
    read_metrics,
)
from analytics_pipeline.reporting.measure import Absence, Listing
from analytics_pipeline.reporting.status import Status, status_of
from analytics_pipeline.reporting.stored import Stored, window
from analytics_pipeline.reporting.workflow import Insights, read_insights
from analytics_pipeline.settings import Settings

NO_MEASUREMENTS = Absence("The day has no system_metric events.")


@dataclass(frozen=True)
class ReportContent:
    """Everything that the report of one event date says, unrounded.

    ``metrics`` are the numbers of the marts with one row a day, by mart and column;
    ``metric_values`` the rows of daily_metric_values.
    """

    event_date: date
    status: Status
    kpis: Mapping[str, Kpi]
    trends: Trends
    alerts: tuple[Evaluation, ...]
    metrics: DayMetrics
    metric_values: Listing
    demand: Demand
    insights: Insights
    forecast: Forecast
    conservation: Conservation


def read_contents(
    lake: Lake,
    connection: duckdb.DuckDBPyConnection,
    marts: Mapping[str, Table],
    alerts: Mapping[date, Sequence[Evaluation]],
    settings: Settings,
) -> dict[date, ReportContent]:
    """Read the content of the reports of several days, by one query a table.

    ``marts`` are the tables of the metrics by name; ``alerts`` the evaluated rules of each day
    that a report is wanted for. Tables that were not built for a day are said to be missing.
    """
    days = sorted(alerts)
    stored = Stored(lake, connection, days)
    history = window(days, TREND_DAYS)
    metrics = read_metrics(stored, marts, history)
    line_totals = read_line_totals(stored, history)
    figures = {day: headline_metrics(metrics[day], line_totals[day]) for day in history}
    queries = {day: metric_of(metrics[day], CACHE, "total_queries") for day in days}
    values = _metric_values(stored, marts)
    demand = read_demand(stored, queries)
    insights = read_insights(stored, metrics, settings.insights)
    forecasts = read_forecasts(stored)
    conservation = read_conservation(stored, line_totals)
    return {
        day: ReportContent(
            event_date=day,
            status=status_of(alerts[day], conservation[day], demand[day].not_over),
            kpis=kpis(figures, day, demand[day].not_over),
            trends=trends(figures, day),
            alerts=tuple(alerts[day]),
            metrics=metrics[day],
            metric_values=values[day],
            demand=demand[day],
            insights=insights[day],
            forecast=forecasts[day],
            conservation=conservation[day],
        )
        for day in days
    }


def _metric_values(stored: Stored, marts: Mapping[str, Table]) -> dict[date, Listing]:
    table = metric_values_mart(marts)
    if table is None:
        reason = f"There is no mart {METRIC_VALUES} with metric_name and unit."
        return dict.fromkeys(stored.days, Listing((), (), None, reason))
    return stored.listings(table, lambda _: NO_MEASUREMENTS)
