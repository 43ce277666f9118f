"""The forecast of the day after, what was forecast for the day, and how forecasts did before."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from analytics_pipeline.forecasting.tables import (
    DEMAND_FORECAST,
    FORECAST_MODELS,
    HOURLY_QUERY_DEMAND,
)
from analytics_pipeline.lake.table import Column
from analytics_pipeline.reporting.charts.accuracy import accuracy_chart
from analytics_pipeline.reporting.document import Block, Figures, Paragraphs, Rows, Section
from analytics_pipeline.reporting.measure import Absence, Listing, Metric, Row, metric
from analytics_pipeline.reporting.sections.sources import Sources
from analytics_pipeline.reporting.stored import HISTORY_DAYS, window
from analytics_pipeline.reporting.texts import texts
from analytics_pipeline.reporting.wording import clock, label, short_date
from analytics_pipeline.rounding import SHARE, number, percentage

NEXT_DAY = timedelta(days=1)
HOURS = ("hour", "forecast", "lower", "upper")
MODELS = (
    "model", "chosen", "mae", "rmse", "mase", "coverage", "interval_width", "folds",
    "training_hours",
)  # fmt: skip

ACCURACY = "forecast_accuracy"
COMPARISONS: dict[str, tuple[str, str]] = {
    "compared_hours": ("count(*)", "hours"),
    "expected_queries": ("sum(forecast ORDER BY hour)", "queries"),
    "measured_queries": ("sum(queries)::BIGINT", "queries"),
    "mean_absolute_error": ("avg(abs(forecast - queries) ORDER BY hour)", "queries per hour"),
    "coverage": ("count(*) FILTER (WHERE queries BETWEEN lower AND upper) / count(*)", SHARE),
}
"""SQL over the hours of a day that have both a forecast and a known demand, and the unit."""


def forecast_section(sources: Sources, day: date) -> Section:
    """The section on the forecast."""
    hours = forecast_of(sources, day)
    next_day = Rows(
        "forecast_of_the_next_day", hours, HOURS, "hour", DEMAND_FORECAST.name,
        folded=bool(hours.rows),
    )  # fmt: skip
    former = forecast_of(sources, day - NEXT_DAY)
    of_the_day = Rows(
        "forecast_of_the_day", former, HOURS, "hour", DEMAND_FORECAST.name,
        folded=bool(former.rows),
    )  # fmt: skip
    unknown = any(row["reason"] for row in sources.stored.rows(FORECAST_MODELS, day))
    models = sources.stored_rows(
        "forecast_models", FORECAST_MODELS, day,
        (*MODELS, *(["reason"] if unknown else [])), "model",
        Absence(texts().absences.no_forecast),
    )  # fmt: skip
    accuracy = accuracy_of_days(sources, day)
    chart = accuracy_chart(accuracy.listing)
    sentences = forecast_sentences(sources, day)
    blocks: tuple[Block, ...] = (
        *([Paragraphs("forecast_in_words", sentences)] if sentences else []),
        forecast_figures(sources, day),
        next_day,
        models,
        accuracy_figures(sources, day),
        *([chart] if chart else []),
        accuracy,
        former_forecast(sources, day, former),
        of_the_day,
    )
    return Section("forecast", blocks)


def forecast_of(sources: Sources, made_on: date) -> Listing:
    """The hours of the forecast that was made at the end of a day, where there is one."""
    rows = _forecast(sources, made_on)
    known = tuple(row for row in rows if row["forecast"] is not None)
    if known:
        return Listing(DEMAND_FORECAST.columns, known, len(known))
    no_forecast = texts().absences.no_forecast
    said = next((str(row["reason"]) for row in rows if row["reason"]), no_forecast)
    return sources.stored.nothing(DEMAND_FORECAST, made_on, Absence(said))


def forecast_figures(sources: Sources, day: date) -> Figures:
    """The queries that are expected on the day after, and its busiest hour with its interval."""
    hours = forecast_of(sources, day)
    said = texts().descriptions
    peak = peak_of(hours) or {}
    expected = sum(row["forecast"] for row in hours.rows) if hours.rows else None
    reason = hours.reason or texts().absences.no_forecast
    values = {
        "expected_queries": expected,
        "peak_queries": peak.get("forecast"),
        "peak_lower": peak.get("lower"),
        "peak_upper": peak.get("upper"),
    }
    return Figures(
        "forecast",
        {
            name: metric(value, "queries", reason, said[f"forecast.{name}"], f"forecast.{name}")
            for name, value in values.items()
        },
    )


def peak_of(hours: Listing) -> Row | None:
    """The hour of a forecast with most queries, the earliest of equals."""
    return max(hours.rows, key=lambda row: row["forecast"], default=None)


def forecast_sentences(sources: Sources, day: date) -> tuple[str, ...]:
    """The forecast of the day after in words, and how past ones did; none without a forecast."""
    hours = forecast_of(sources, day)
    peak = peak_of(hours)
    if peak is None:
        return ()
    said = texts().sentences
    expected = forecast_figures(sources, day).metrics["expected_queries"].value or 0
    sentences = [
        said.forecast.format(
            model=label(str(peak["model"])),
            expected=number(round(expected)),
            day=short_date(day + NEXT_DAY),
            hour=clock(peak["hour"]),
            peak=number(round(peak["forecast"])),
        )
    ]
    if peak["lower"] is not None and peak["upper"] is not None:
        lower, upper = number(round(peak["lower"])), number(round(peak["upper"]))
        sentences.append(said.forecast_interval.format(lower=lower, upper=upper))
    coverage = accuracy_figures(sources, day).metrics["coverage"]
    width = next((row["interval_width"] for row in sources.stored.rows(FORECAST_MODELS, day)), None)
    if coverage.value is not None and width is not None:
        sentences.append(
            said.forecast_coverage.format(
                coverage=percentage(coverage.value), width=percentage(width), days=HISTORY_DAYS
            )
        )
    return tuple(sentences)


def former_forecast(sources: Sources, day: date, former: Listing) -> Figures:
    """What had been forecast for the day against what was measured."""
    (values,) = _comparisons(sources).get(day, [(None,) * len(COMPARISONS)])
    reason = former.reason or texts().absences.not_comparable
    return Figures("demand", _compared(values, reason, "demand"))


def accuracy_of_days(sources: Sources, day: date) -> Rows:
    """How the forecasts of the last four weeks did, a row a day that has both numbers."""
    said = texts()
    columns = (
        Column("date", "DATE", said.descriptions["accuracy.date"]),
        *(
            Column(name, "DOUBLE", said.descriptions[f"demand.{name}"], unit=unit)
            for name, (_, unit) in COMPARISONS.items()
        ),
    )
    found = _comparisons(sources)
    rows = tuple(
        {"date": each, **dict(zip(COMPARISONS, found[each][0], strict=True))}
        for each in window([day], HISTORY_DAYS)
        if each in found
    )
    reason = None if rows else said.absences.not_comparable
    shown = tuple(column.name for column in columns)
    listing = Listing(columns, rows, len(rows) or None, reason)
    return Rows(ACCURACY, listing, shown, "date", ACCURACY, folded=bool(rows))


def accuracy_figures(sources: Sources, day: date) -> Figures:
    """The error and the coverage of the forecasts over the last four weeks, by hour."""
    found = _comparisons(sources)
    days = [found[each][0] for each in window([day], HISTORY_DAYS) if each in found]
    position = {name: at for at, name in enumerate(COMPARISONS)}
    hours = sum(each[position["compared_hours"]] for each in days)

    def mean(name: str) -> float | None:
        """The mean over the hours, of values that are means over the hours of a day."""
        total = sum(each[position[name]] * each[position["compared_hours"]] for each in days)
        return total / hours if hours else None

    values = (
        hours or None,
        sum(each[position["expected_queries"]] for each in days) if days else None,
        sum(each[position["measured_queries"]] for each in days) if days else None,
        mean("mean_absolute_error"),
        mean("coverage"),
    )
    return Figures(
        "past_accuracy", _compared(values, texts().absences.not_comparable, "past_accuracy")
    )


def _compared(values: Sequence[Any], reason: str, group: str) -> dict[str, Metric]:
    said = texts().descriptions
    return {
        name: metric(value, unit, reason, said[f"{group}.{name}"], f"{group}.{name}")
        for (name, (_, unit)), value in zip(COMPARISONS.items(), values, strict=True)
    }


def _forecast(sources: Sources, made_on: date) -> list[Row]:
    """The hours of the forecast that was made at the end of a history day."""
    names = DEMAND_FORECAST.column_names
    found = sources.stored.by_day(
        f"SELECT event_date, {', '.join(names)} "
        f"FROM {sources.stored.scan(DEMAND_FORECAST, history=True)} ORDER BY event_date, hour"
    )
    return [dict(zip(names, row, strict=True)) for row in found.get(made_on, [])]


def _comparisons(sources: Sources) -> dict[date, list[tuple[Any, ...]]]:
    """The figures of each history day on which some hour has a forecast and a known demand."""
    stored = sources.stored
    figures = ", ".join(sql for sql, _ in COMPARISONS.values())
    return stored.by_day(
        f"SELECT event_date, {figures} FROM {stored.scan(HOURLY_QUERY_DEMAND, history=True)} "
        "JOIN (SELECT hour, forecast, lower, upper "
        f"FROM {stored.scan(DEMAND_FORECAST, history=True)}) "
        "USING (hour) WHERE queries IS NOT NULL AND forecast IS NOT NULL GROUP BY event_date"
    )
