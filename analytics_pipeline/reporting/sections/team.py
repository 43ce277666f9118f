"""The sections of a team's report: its own slice of the marts, and of no other team."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from analytics_pipeline.alerting.findings import Evaluation
from analytics_pipeline.reporting.document import Block, Figures, Paragraphs, Section
from analytics_pipeline.reporting.measure import Metric
from analytics_pipeline.reporting.period import Period
from analytics_pipeline.reporting.period_marts import Slice
from analytics_pipeline.reporting.sections import cache, cost, engagement
from analytics_pipeline.reporting.sections.headlines import Headline
from analytics_pipeline.reporting.sections.period import (
    PeriodSources,
    cards_of,
    days_chart,
    figures,
    violated_block,
)
from analytics_pipeline.reporting.texts import texts

TEAM = "team"
PER_USER = "_per_user"
HEADLINES = (
    Headline("total_queries", cache.SLICES, "total_queries", None),
    Headline("hit_rate", cache.SLICES, "hit_rate", "higher"),
    Headline("p95_response_time", cache.SLICES, "p95_response_time", "lower"),
    Headline("query_error_rate", cache.SLICES, "error_rate", "lower"),
    Headline("active_users", engagement.SLICES, "active_users", None),
    Headline("total_cost", cost.SLICES, "total_cost", "lower"),
    Headline("response_cache_savings", cost.SLICES, "response_cache_savings", "higher"),
)


def team_sections(sources: PeriodSources, period: Period, team: str) -> list[Section]:
    """What the marts say of a team in a period."""
    of = Slice(TEAM, team)
    small = _too_few_users(sources, period, of)
    cards = cards_of(sources, period, HEADLINES, of)
    headlines: list[Block] = [cards, *days_chart(cards)]
    if small:
        headlines.append(Paragraphs("small_team", (small,)))
    own = alerts_of_team(sources.alerts, team)
    return [
        Section("headlines", tuple(headlines)),
        Section("alerts", (violated_block(own, period),)),
        Section("cache", (_shown(figures(sources, cache.SLICES, period, of), small),)),
        Section("cost", (_shown(figures(sources, cost.SLICES, period, of), small),)),
        Section("engagement", (_shown(figures(sources, engagement.SLICES, period, of), small),)),
    ]


def alerts_of_team(
    alerts: Mapping[date, Sequence[Evaluation]], team: str
) -> dict[date, list[Evaluation]]:
    """The evaluations with what was found of a team alone; of the others it is not told."""
    return {day: [_of_team(each, team) for each in found if each.passed is not None]
            for day, found in alerts.items()}  # fmt: skip


def _of_team(evaluation: Evaluation, team: str) -> Evaluation:
    found = tuple(each for each in evaluation.findings if each.labels.get(TEAM) == team)
    message = found[0].message if found else ""
    return replace(
        evaluation, passed=not found, findings=found, message=message, value=None, limit=None,
        history={},
    )  # fmt: skip


def _too_few_users(sources: PeriodSources, period: Period, of: Slice) -> str | None:
    users = sources.marts.values(engagement.SLICES, "active_users", period.days, of)
    least = sources.min_group_size
    if max((count for count in users if count is not None), default=0) >= least:
        return None
    return texts().absences.small_team.format(least=least)


def _shown(block: Figures, small: str | None) -> Figures:
    """The figures, without those per user where the team has too few of them."""
    if small is None:
        return block
    return Figures(block.id, {
        name: Metric(None, each.unit, small, each.definition, each.id)
        if name.endswith(PER_USER) else each
        for name, each in block.metrics.items()
    })  # fmt: skip
