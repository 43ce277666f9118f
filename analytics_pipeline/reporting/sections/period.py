"""The sections of a report on several days: the same figures as of a day, over all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from analytics_pipeline.alerting.findings import Evaluation
from analytics_pipeline.reporting.charts.cost import cost_chart
from analytics_pipeline.reporting.charts.trends import trends_chart
from analytics_pipeline.reporting.document import (
    Alerts,
    Block,
    Card,
    Cards,
    Figures,
    Paragraphs,
    Rows,
    Section,
)
from analytics_pipeline.reporting.marts import CACHE, COST, ENGAGEMENT, SYSTEM
from analytics_pipeline.reporting.measure import Listing
from analytics_pipeline.reporting.period import Period
from analytics_pipeline.reporting.period_marts import PeriodMarts, Slice
from analytics_pipeline.reporting.sections import cache, cost, engagement
from analytics_pipeline.reporting.sections.headlines import HEADLINES, Headline, compared
from analytics_pipeline.reporting.stored import HISTORY_DAYS, window
from analytics_pipeline.reporting.texts import texts
from analytics_pipeline.reporting.wording import label

ENTRIES, DELIVERY = "daily_cache_entry_metrics", "daily_delivery_metrics"
SLICES = {
    "cache": (cache.SLICES, cache.SLICED_BY, cache.SLICE_COLUMNS, "total_queries DESC"),
    "cost": (
        cost.SLICES, cost.SLICED_BY, cost.SLICE_COLUMNS, "total_cost DESC NULLS LAST, queries DESC"
    ),
    "engagement": (
        engagement.SLICES, engagement.SLICED_BY,
        ("active_users", "queries", "stores", "interactions"),
        "active_users DESC NULLS LAST, queries DESC",
    ),
}  # fmt: skip
"""By section: the mart of its slices, the dimensions, the columns, and the order."""
USER = "user"
SHOWN, KEPT = 10, 200


@dataclass(frozen=True)
class PeriodSources:
    """What the sections of a period are made from."""

    marts: PeriodMarts
    alerts: Mapping[date, Sequence[Evaluation]]
    min_group_size: int


def period_sections(sources: PeriodSources, period: Period) -> list[Section]:
    """Everything that the marts say of a period: what asks for action first."""
    return [
        Section("headlines", _headlines(sources, period)),
        Section("alerts", (violated_block(sources.alerts, period),)),
        Section(
            "cache",
            (
                figures(sources, CACHE, period),
                *_slices(sources, "cache", period),
                figures(sources, ENTRIES, period),
            ),
        ),
        Section(
            "cost",
            (
                figures(sources, COST, period),
                *_cost_chart(sources, period),
                *_slices(sources, "cost", period),
            ),
        ),
        Section(
            "engagement",
            (figures(sources, ENGAGEMENT, period), *_slices(sources, "engagement", period)),
        ),
        Section("system", (figures(sources, SYSTEM, period),)),
        Section("delivery", (figures(sources, DELIVERY, period),)),
    ]


def figures(sources: PeriodSources, mart: str, period: Period, of: Slice | None = None) -> Figures:
    """Every number of a mart over the period."""
    return Figures(mart, sources.marts.metrics(mart, period, of))


def cards_of(
    sources: PeriodSources,
    period: Period,
    headlines: Sequence[Headline],
    of: Slice | None = None,
) -> Cards:
    """Headline figures of the period against the period before, with the values of its days.

    The days are those of the period, and at least the last four weeks.
    """
    days = sorted({*window([period.last], HISTORY_DAYS), *period.days})
    unfinished = None if of else not_all_built(sources, period)
    marts = sources.marts
    cards = []
    for each in headlines:
        if each.mart is None:
            continue
        now = marts.metric(each.mart, each.column, period, of)
        before = marts.metric(each.mart, each.column, period.before, of)
        change = compared(now, before, period.before.first, period.before.last, unfinished)
        values = tuple(marts.values(each.mart, each.column, days, of))
        cards.append(Card(each.name, now, each.better, change, tuple(days), values))
    return Cards("headlines", tuple(cards))


def not_all_built(sources: PeriodSources, period: Period) -> str | None:
    """That some days of the period have no metrics yet; None where all have."""
    built = len(sources.marts.built(CACHE, period))
    if built == len(period.days):
        return None
    return texts().sentences.days_missing.format(built=built, days=len(period.days))


def violated_block(alerts: Mapping[date, Sequence[Evaluation]], period: Period) -> Block:
    """The violated rules of each day of the period that has some."""
    violated = {
        day: found
        for day in period.days
        if (found := [each for each in alerts.get(day, ()) if each.passed is False])
    }
    if violated:
        return Alerts("alerts", violated)
    said = texts()
    evaluated = any(alerts.get(day) for day in period.days)
    none = said.sentences.none_violated if evaluated else said.absences.no_alerts
    return Paragraphs("alerts", (none,))


def _headlines(sources: PeriodSources, period: Period) -> tuple[Block, ...]:
    cards = cards_of(sources, period, headlines_of(period))
    said = texts().sentences.typical_day.format(names=", ".join(typical_of(sources, cards)))
    return (cards, *days_chart(cards), Paragraphs("typical_day", (said,)))


def headlines_of(period: Period) -> list[Headline]:
    """The headline figures of a period: of users, those who were active on any of its days."""
    active = {"weekly": "weekly_active_users", "monthly": "monthly_active_users"}.get(period.kind)
    return [
        replace(each, name=active, column=active)
        if active and each.column == "active_users" else each
        for each in HEADLINES
    ]  # fmt: skip


def typical_of(sources: PeriodSources, cards: Cards) -> list[str]:
    """The headline figures that are those of a typical day, in words."""
    return [
        label(card.name) for card in cards.cards if sources.marts.is_typical_day(card.metric.id)
    ]


def days_chart(cards: Cards) -> tuple[Block, ...]:
    """The chart of the figures by day; none where no day has a value.

    It has no limits: they are those of days, which the figure of a period is not held against.
    """
    chart = trends_chart(cards, ())
    return (replace(chart, id="period_chart"),) if chart else ()


def _cost_chart(sources: PeriodSources, period: Period) -> tuple[Block, ...]:
    days = sorted({*window([period.last], HISTORY_DAYS), *period.days})
    costs = sources.marts.values(COST, "total_cost", days)
    savings = sources.marts.values(COST, "response_cache_savings", days)
    pairs = zip(costs, savings, strict=True)
    chart = cost_chart(dict(zip(days, pairs, strict=True)))
    return (chart,) if chart else ()


def _slices(sources: PeriodSources, section: str, period: Period) -> list[Rows]:
    mart, dimensions, columns, order = SLICES[section]
    return [
        _slice_rows(sources, f"{section}_by_{each}", mart, each, period, columns, order)
        for each in dimensions
    ]


def _slice_rows(
    sources: PeriodSources,
    id: str,
    mart: str,
    dimension: str,
    period: Period,
    columns: Sequence[str],
    order: str,
) -> Rows:
    said = texts().absences
    hidden = _too_few_users(sources, period) if dimension == USER else None
    listing = (
        Listing((), (), None, hidden)
        if hidden
        else sources.marts.slices(mart, dimension, period, columns, order, KEPT)
    )
    if listing is None:
        listing = Listing((), (), None, said.no_mart_rows.format(table=mart))
    elif not listing.rows and listing.reason is None:
        listing = replace(listing, reason=said.no_slices_in_period, total=None)
    shown = tuple(column.name for column in listing.columns)
    return Rows(id, listing, shown, "value", mart, SHOWN)


def _too_few_users(sources: PeriodSources, period: Period) -> str | None:
    """Why nothing is shown per user; None where a day of the period has users enough."""
    users = sources.marts.values(ENGAGEMENT, "active_users", period.days)
    least = sources.min_group_size
    if max((count for count in users if count is not None), default=0) >= least:
        return None
    return texts().absences.small_group.format(least=least)
