"""Hours in a row whose demand lies outside of what was forecast the day before."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from analytics_pipeline.alerting.declaration import (
    Direction,
    NotNegative,
    Outcome,
    Positive,
    Rule,
    not_evaluated,
    violated,
)
from analytics_pipeline.alerting.findings import Finding
from analytics_pipeline.alerting.reading import Flags, Readings
from analytics_pipeline.alerting.wording import hour_range, number, weekday
from analytics_pipeline.forecasting.tables import DEMAND_FORECAST, HOURLY_QUERY_DEMAND
from analytics_pipeline.insights.seasonal_baseline import Floats

if TYPE_CHECKING:
    import pandas as pd

HOURS = 24
WEEK = 7
SHOWN_WEEKS = 8


@dataclass(frozen=True)
class Hours:
    """The hours of a day: demand, its forecast, and the least and most of the weeks before.

    NaN where a number is not known.
    """

    queries: Floats
    forecast: Floats
    lower: Floats
    upper: Floats
    least: Floats
    most: Floats


class ForecastRule(Rule):
    """Violated by ``hours`` in a row outside of the interval that was forecast the day before.

    The interval is widened by ``interval_factor``: upwards as a difference, downwards as a ratio,
    since no demand is below zero. An hour counts where its demand also differs
    by the share ``min_change`` and by ``min_queries`` from the forecast, and by that share from the
    same hour in each of the last ``weeks``: so neither a forecast that was misled by an
    incident nor a season that it does not know makes an alert.
    """

    kind: Literal["forecast"] = "forecast"
    hours: Annotated[int, Field(ge=1, le=HOURS)] = 3
    interval_factor: Positive = 2.0
    min_change: NotNegative = 0.5
    min_queries: NotNegative = 20
    weeks: Annotated[int, Field(ge=0, le=52)] = 4
    direction: Direction = "both"

    @property
    def about(self) -> str:
        """The asset that the rule is about."""
        return self.asset or HOURLY_QUERY_DEMAND.name

    @property
    def reads(self) -> tuple[str, ...]:
        """The tables of the demand and of its forecast."""
        return (HOURLY_QUERY_DEMAND.name, DEMAND_FORECAST.name)

    @property
    def days_before(self) -> Collection[int]:
        """How many days before a judged day the other days lie that are read."""
        return (1, *range(WEEK, self.weeks * WEEK + 1, WEEK))

    @property
    def unit(self) -> str | None:
        """The unit of the value."""
        return "queries"

    def evaluate(self, readings: Readings) -> Mapping[date, Outcome]:
        """The outcome for every day of the readings."""
        demand, forecasts = self._demand(readings), self._forecasts(readings)
        return {
            day: self._of_day(readings, day, self._hours(day, demand, forecasts), demand)
            for day in readings.days
        }

    def _of_day(
        self, readings: Readings, day: date, hours: Hours, past: Mapping[date, Floats]
    ) -> Outcome:
        if not readings.is_built(HOURLY_QUERY_DEMAND, day):
            return not_evaluated(f"{HOURLY_QUERY_DEMAND.name} has not been built for {day}")
        if np.isnan(hours.forecast).all():
            return not_evaluated("the day before has no forecast of it")
        if np.isnan(hours.queries).all():
            return not_evaluated("the demand of no hour is known")
        with np.errstate(divide="ignore", invalid="ignore"):
            below = np.clip(hours.lower / hours.forecast, 0, 1)
        lower = hours.forecast * below**self.interval_factor
        upper = hours.forecast + self.interval_factor * (hours.upper - hours.forecast)
        size = np.fmax(self.min_change * hours.forecast, self.min_queries)
        least, most = hours.least * (1 - self.min_change), hours.most * (1 + self.min_change)
        low = hours.queries < np.fmin(np.fmin(lower, hours.forecast - size), least)
        high = hours.queries > np.fmax(np.fmax(upper, hours.forecast + size), most)
        findings = []
        for sides, unusual in ((("below", "both"), low), (("above", "both"), high)):
            if self.direction in sides:
                findings += [
                    self._finding(day, hours, run, sides[0]) for run in _runs(unusual, self.hours)
                ]
        known = np.isfinite(hours.queries) & np.isfinite(hours.forecast)
        value = float(hours.queries[known].sum())
        if findings:
            findings.sort(key=lambda each: -abs((each.value or 0) - (each.expected or 0)))
            return violated(findings, value=value, history=_totals(day, hours, past))
        told = number(value), number(float(hours.forecast[known].sum()))
        return Outcome(True, f"Queries are {told[0]} where {told[1]} were forecast.", value)

    def _finding(self, day: date, hours: Hours, run: range, side: str) -> Finding:
        at = list(run)
        found, expected, lower, upper = (
            float(numbers[at].sum())
            for numbers in (hours.queries, hours.forecast, hours.lower, hours.upper)
        )
        message = (
            f"Queries from {hour_range(run[0], run[-1])} are {number(found)}, {side} the forecast "
            f"of {number(round(expected))} ({number(round(lower))}–{number(round(upper))})"
        )
        past = hours.least if side == "below" else hours.most
        if np.isfinite(past[at]).all():
            word = "fewer" if side == "below" else "more"
            message += f" and {word} than on any of the last {self.weeks} {weekday(day)}s"
        return Finding(f"{message}.", {"direction": side}, found, expected, lower, upper)

    def _hours(
        self, day: date, demand: Mapping[date, Floats], forecasts: Mapping[date, Floats]
    ) -> Hours:
        nothing = np.full(HOURS, np.nan)
        before = [
            demand[day - timedelta(days=WEEK * back)]
            for back in range(1, self.weeks + 1)
            if day - timedelta(days=WEEK * back) in demand
        ]
        past = np.array(before) if before else np.full((1, HOURS), np.nan)
        forecast, lower, upper = forecasts.get(day, np.full((3, HOURS), np.nan))
        return Hours(
            demand.get(day, nothing),
            forecast,
            lower,
            upper,
            least=np.fmin.reduce(past),
            most=np.fmax.reduce(past),
        )

    def _demand(self, readings: Readings) -> dict[date, Floats]:
        days = {
            day - timedelta(days=WEEK * back)
            for day in readings.days
            for back in range(self.weeks + 1)
        }
        rows = readings.frame(
            f"""
            SELECT event_date, hour(hour) AS hour, queries::DOUBLE AS queries
            FROM {readings.lake.scan(HOURLY_QUERY_DEMAND, days)}
            """
        )
        return {day: numbers[0] for day, numbers in _by_day(rows, ["queries"]).items()}

    def _forecasts(self, readings: Readings) -> dict[date, Floats]:
        before = [day - timedelta(days=1) for day in readings.days]
        rows = readings.frame(
            f"""
            SELECT hour::DATE AS event_date, hour(hour) AS hour, forecast, lower, upper
            FROM {readings.lake.scan(DEMAND_FORECAST, before)}
            """
        )
        return _by_day(rows, ["forecast", "lower", "upper"])


def _totals(day: date, hours: Hours, demand: Mapping[date, Floats]) -> dict[date, float]:
    """The demand of the same weekdays before and of the day, for the chart."""
    before = sorted(each for each in demand if each < day and (day - each).days % WEEK == 0)
    shown = {each: float(np.nansum(demand[each])) for each in before[-SHOWN_WEEKS:]}
    return {**shown, day: float(np.nansum(hours.queries))}


def _by_day(rows: "pd.DataFrame", columns: Sequence[str]) -> dict[date, Floats]:
    """For each day an array with a row for each column and 24 hours."""
    found: dict[date, Floats] = {}
    days = rows["event_date"].to_numpy().astype("datetime64[D]").tolist()
    hours = rows["hour"].to_numpy(dtype=int)
    numbers = [rows[column].to_numpy(dtype=float, na_value=np.nan) for column in columns]
    for at, (day, hour) in enumerate(zip(days, hours, strict=True)):
        of_day = found.setdefault(day, np.full((len(columns), HOURS), np.nan))
        of_day[:, hour] = [column[at] for column in numbers]
    return found


def _runs(unusual: Flags, length: int) -> list[range]:
    """The stretches of at least ``length`` unusual hours in a row."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], unusual, [False]]).astype(int)))
    return [
        range(int(start), int(end))
        for start, end in zip(edges[::2], edges[1::2], strict=True)
        if end - start >= length
    ]
