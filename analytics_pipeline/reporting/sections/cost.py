"""What queries cost and what caches saved, by model, team and user, and against list prices."""

from datetime import date

from analytics_pipeline.reporting.charts.cost import cost_chart
from analytics_pipeline.reporting.document import Block, Rows, Section
from analytics_pipeline.reporting.marts import COST, ENGAGEMENT
from analytics_pipeline.reporting.measure import Absence, Listing
from analytics_pipeline.reporting.sections.sources import Sources
from analytics_pipeline.reporting.stored import HISTORY_DAYS, window
from analytics_pipeline.reporting.texts import texts

SLICES = "daily_cost_metrics_by_slice"
RECONCILIATION = "daily_cost_reconciliation"
SLICED_BY = ("model", "team", "language", "framework", "user")
SLICE_COLUMNS = (
    "value", "queries", "total_cost", "cost_share", "cost_per_query", "response_cache_savings",
    "savings_rate",
)  # fmt: skip
SHOWN_SLICES, KEPT_SLICES = 10, 200


def cost_section(sources: Sources, day: date) -> Section:
    """The section on cost and savings."""
    chart = cost_chart({
        each: (
            sources.marts.value(COST, "total_cost", each),
            sources.marts.value(COST, "response_cache_savings", each),
        )
        for each in window([day], HISTORY_DAYS)
    })  # fmt: skip
    reconciliation = sources.rows(
        "cost_reconciliation", RECONCILIATION, day,
        ("model", "misses", "compared_misses", "reported_cost", "priced_cost", "difference",
         "relative_difference"),
        "model", Absence(texts().absences.no_reconciliation), order="misses DESC, model",
        limit=SHOWN_SLICES, kept=KEPT_SLICES,
    )  # fmt: skip
    repeated_prompts = sources.rows(
        "repeated_prompts", "daily_repeated_prompts", day,
        ("model", "repeated_prompts", "prompt_tokens", "unread_prompt_cost"), "model",
        Absence(texts().absences.no_repeats), order="repeated_prompts DESC, model",
        limit=SHOWN_SLICES, kept=KEPT_SLICES,
    )  # fmt: skip
    blocks: tuple[Block, ...] = (
        sources.figures(COST, day),
        *([chart] if chart else []),
        *(cost_slices(sources, day, dimension) for dimension in SLICED_BY),
        repeated_prompts,
        reconciliation,
    )
    return Section("cost", blocks)


def cost_slices(sources: Sources, day: date, dimension: str) -> Rows:
    """The costs by the values of a dimension, the highest first.

    Users are not told apart on a day with fewer of them than reporting.min_group_size.
    """
    rows = sources.rows(
        f"cost_by_{dimension}", SLICES, day, SLICE_COLUMNS, "value",
        Absence(texts().absences.no_slices),
        order="total_cost DESC NULLS LAST, queries DESC, value",
        group=("dimension", dimension), limit=SHOWN_SLICES, kept=KEPT_SLICES,
    )  # fmt: skip
    if dimension != "user" or not rows.listing.rows:
        return rows
    said = too_few_users(sources, day)
    if said is None:
        return rows
    hidden = Listing(rows.listing.columns, (), None, said)
    return Rows(rows.id, hidden, rows.shown, rows.key, rows.table)


def too_few_users(sources: Sources, day: date) -> str | None:
    """Why nothing is shown per user; None where the day has users enough."""
    least = sources.settings.reporting.min_group_size
    users = sources.marts.value(ENGAGEMENT, "active_users", day) or 0
    return None if users >= least else texts().absences.small_group.format(least=least)
