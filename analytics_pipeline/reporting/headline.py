"""The headline figures of a day: their change against a week before, and their last four weeks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from analytics_pipeline.reporting.conservation import QUARANTINE_SHARE
from analytics_pipeline.reporting.marts import CACHE, ENGAGEMENT, SYSTEM, DayMetrics, metric_of
from analytics_pipeline.reporting.measure import Metric, Number

TREND_DAYS = 28
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Headline:
    """Where a headline figure comes from, and whether more or less of it is better.

    ``table`` is a mart, or None for the share of quarantined lines.
    """

    name: str
    table: str | None
    better: Literal["higher", "lower"] | None


HEADLINES = (
    Headline("total_queries", CACHE, None),
    Headline("hit_rate", CACHE, "higher"),
    Headline("p95_response_time", CACHE, "lower"),
    Headline("active_users", ENGAGEMENT, None),
    Headline("error_rate", SYSTEM, "lower"),
    Headline(QUARANTINE_SHARE, None, "lower"),
)


@dataclass(frozen=True)
class Comparison:
    """What a figure was on another date, and the change since.

    ``change`` is value - previous, in the unit of the value, and ``relative_change`` is change /
    previous. Where one of them is null, ``reason`` says why.
    """

    date: date
    previous: Number | None
    change: Number | None
    relative_change: float | None
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class Kpi(Metric):
    """A headline figure, and how it compares with the same weekday of the week before."""

    better: Literal["higher", "lower"] | None
    comparison: Comparison


@dataclass(frozen=True)
class Trends:
    """The headline figures of the days up to the event date, ascending; null where no data is."""

    dates: tuple[date, ...]
    values: Mapping[str, tuple[Number | None, ...]]


def headline_metrics(metrics: DayMetrics, line_totals: Mapping[str, Metric]) -> dict[str, Metric]:
    """The headline figures of a day by name, from its metrics and its account of lines."""
    return {
        headline.name: metric_of(metrics, headline.table, headline.name)
        if headline.table
        else line_totals[headline.name]
        for headline in HEADLINES
    }


def kpis(
    figures: Mapping[date, Mapping[str, Metric]], day: date, not_over: str | None
) -> dict[str, Kpi]:
    """Each headline figure of a day against that of the week before.

    ``figures`` has the headline figures of both days. ``not_over`` says that the day was not over,
    and is then the reason why nothing is compared.
    """
    return {
        headline.name: _kpi(
            headline,
            figures[day][headline.name],
            figures[day - WEEK][headline.name],
            day - WEEK,
            not_over,
        )
        for headline in HEADLINES
    }


def _kpi(headline: Headline, now: Metric, before: Metric, day: date, not_over: str | None) -> Kpi:
    return Kpi(
        value=now.value,
        unit=now.unit,
        reason=now.reason,
        definition=now.definition,
        better=headline.better,
        comparison=_compared(now, before, day, not_over),
    )


def _compared(now: Metric, before: Metric, day: date, not_over: str | None) -> Comparison:
    if now.value is None or before.value is None:
        missing = now.reason or f"Nothing to compare with: {before.reason}"
        return Comparison(day, before.value, None, None, missing)
    if not_over:
        return Comparison(day, before.value, None, None, not_over)
    change = now.value - before.value
    if not before.value:
        return Comparison(
            day, before.value, change, None, "Nothing relates to a former value of 0."
        )
    return Comparison(day, before.value, change, change / before.value, None)


def trends(figures: Mapping[date, Mapping[str, Metric]], day: date) -> Trends:
    """The headline figures of the last TREND_DAYS days."""
    dates: Sequence[date] = [day - timedelta(days=back) for back in reversed(range(TREND_DAYS))]
    return Trends(
        tuple(dates),
        {
            headline.name: tuple(figures[each][headline.name].value for each in dates)
            for headline in HEADLINES
        },
    )
