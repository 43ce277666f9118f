"""The headline figures of a day: their change against a week before, and their last four weeks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from analytics_pipeline.reporting.charts.trends import trends_chart
from analytics_pipeline.reporting.document import Card, Cards, Comparison, Direction, Section
from analytics_pipeline.reporting.marts import CACHE, COST, ENGAGEMENT, SYSTEM
from analytics_pipeline.reporting.measure import Absence, Metric
from analytics_pipeline.reporting.sections.conservation import QUARANTINE_SHARE, quarantine_share
from analytics_pipeline.reporting.sections.day_over import not_over
from analytics_pipeline.reporting.sections.sources import Sources
from analytics_pipeline.reporting.stored import HISTORY_DAYS
from analytics_pipeline.reporting.texts import texts

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Headline:
    """A headline figure by its column of a mart, and whether more or less of it is better.

    ``mart`` is None for the share of quarantined lines.
    """

    name: str
    mart: str | None
    column: str
    better: Direction | None


HEADLINES = (
    Headline("total_queries", CACHE, "total_queries", None),
    Headline("hit_rate", CACHE, "hit_rate", "higher"),
    Headline("p95_response_time", CACHE, "p95_response_time", "lower"),
    Headline("query_error_rate", CACHE, "error_rate", "lower"),
    Headline("active_users", ENGAGEMENT, "active_users", None),
    Headline("total_cost", COST, "total_cost", "lower"),
    Headline("response_cache_savings", COST, "response_cache_savings", "higher"),
    Headline("log_error_rate", SYSTEM, "error_rate", "lower"),
    Headline(QUARANTINE_SHARE, None, QUARANTINE_SHARE, "lower"),
)


def headlines_section(sources: Sources, day: date) -> Section:
    """The headline figures, their chart, and which of them have a trend."""
    cards = headline_cards(sources, day)
    chart = trends_chart(cards, sources.alerts[day])
    trends = sources.rows(
        "trends", "daily_trends", day,
        ("metric", "window_days", "days_with_value", "change", "direction", "p_value"), "metric",
        Absence(texts().absences.no_headlines), group=("window_days", HISTORY_DAYS), folded=True,
    )  # fmt: skip
    weekdays = sources.rows(
        "weekday_comparison", "daily_weekday_comparison", day,
        ("metric", "change_to_week_before", "weeks_with_value", "change_to_four_weeks",
         "days_compared", "change_of_week"),
        "metric", Absence(texts().absences.no_headlines), folded=True,
    )  # fmt: skip
    return Section("headlines", (cards, *([chart] if chart else []), trends, weekdays))


def headline_cards(sources: Sources, day: date) -> Cards:
    """Each headline figure of a day against that of the week before, with its last four weeks."""
    unfinished = not_over(sources, day)
    days = tuple(day - timedelta(days=back) for back in reversed(range(HISTORY_DAYS)))
    return Cards(
        "headlines",
        tuple(_card(sources, headline, day, days, unfinished) for headline in HEADLINES),
    )


def _card(
    sources: Sources, headline: Headline, day: date, days: Sequence[date], unfinished: str | None
) -> Card:
    now = _metric(sources, headline, day)
    before = _metric(sources, headline, day - WEEK)
    return Card(
        headline.name,
        now,
        headline.better,
        compared(now, before, day - WEEK, day - WEEK, unfinished),
        tuple(days),
        tuple(_metric(sources, headline, each).value for each in days),
    )


def _metric(sources: Sources, headline: Headline, day: date) -> Metric:
    if headline.mart is None:
        return quarantine_share(sources, day)
    return sources.marts.metric(headline.mart, headline.column, day)


def compared(
    now: Metric, before: Metric, first: date, last: date, unfinished: str | None
) -> Comparison:
    """What a figure was in the period from ``first`` to ``last``, and its change since.

    ``unfinished`` says that the period of ``now`` was not over: then nothing is compared.
    """
    if now.value is None or before.value is None:
        said = now.reason or texts().absences.nothing_before.format(reason=before.reason)
        return Comparison(first, last, before.value, None, None, said)
    if unfinished:
        return Comparison(first, last, before.value, None, None, unfinished)
    change = now.value - before.value
    if not before.value:
        said = texts().absences.former_zero
        return Comparison(first, last, before.value, change, None, said)
    return Comparison(first, last, before.value, change, change / before.value, None)
