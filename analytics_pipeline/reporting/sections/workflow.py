"""The workflow insights of a day: queries, languages, slow queries, miss-rate periods."""

from dataclasses import replace
from datetime import date

from analytics_pipeline.insights.tables import (
    LANGUAGE_DISTRIBUTION,
    LENGTH_CLASSES,
    MISS_RATE_PERIODS,
    QUERY_LENGTH_CLASSES,
    SLOW_QUERIES,
    TOP_QUERIES,
)
from analytics_pipeline.lake.table import literal
from analytics_pipeline.reporting.document import Rows, Section
from analytics_pipeline.reporting.marts import CACHE
from analytics_pipeline.reporting.measure import Absence, Listing
from analytics_pipeline.reporting.sections.cost import too_few_users
from analytics_pipeline.reporting.sections.sources import Sources
from analytics_pipeline.reporting.texts import texts

SLOWEST = 20
LENGTH_ORDER = f"list_position([{', '.join(map(literal, LENGTH_CLASSES))}], length_class)"


def workflow_section(sources: Sources, day: date) -> Section:
    """The section on what people ask, and where they wait."""
    absences = texts().absences

    def none_of(column: str, none: str | None = None) -> Absence:
        """Nothing is known where the day has no such metric; otherwise there are none."""
        reason = sources.marts.metric(CACHE, column, day).reason
        return Absence(reason) if reason else Absence(none or absences.no_text, 0)

    settings = sources.settings.insights
    top = sources.stored_rows(
        "top_queries", TOP_QUERIES, day,
        ("rank", "query", "queries", "hit_rate", "average_response_time"), "rank",
        none_of("total_queries"), limit=10,
    )  # fmt: skip
    languages = sources.stored_rows(
        "languages", LANGUAGE_DISTRIBUTION, day, ("language", "queries", "share", "hit_rate"),
        "language", none_of("total_queries"), order="queries DESC, language NULLS LAST", limit=15,
        kept=200,
    )  # fmt: skip
    lengths = sources.stored_rows(
        "query_length_classes", QUERY_LENGTH_CLASSES, day,
        ("length_class", "queries", "share", "hit_rate", "average_response_time"), "length_class",
        none_of("total_queries"), order=LENGTH_ORDER,
    )  # fmt: skip
    not_slow = absences.not_slow.format(seconds=f"{settings.slow_query_seconds:g}")
    slow = sources.stored_rows(
        "slow_queries", SLOW_QUERIES, day,
        ("timestamp", "query", "model", "cache_hit", "response_time"), "event_id",
        none_of("average_response_time", not_slow), order="response_time DESC, event_id",
        limit=10, kept=SLOWEST,
    )  # fmt: skip
    missed = absences.no_miss_rate_period.format(
        minutes=settings.period_minutes,
        least=settings.period_min_queries,
        rate=f"{settings.miss_rate:.0%}",
    )
    repeated = sources.rows(
        "repeated_misses", "daily_repeated_misses", day,
        ("cause", "model", "misses", "questions", "misses_within_hour", "cost", "response_time"),
        "cause", Absence(absences.no_repeats), order="misses DESC, cause, model", limit=15,
        kept=200,
    )  # fmt: skip
    return Section(
        "workflow",
        (
            top, languages, lengths, _without_users(sources, day, slow),
            repeated, miss_rate_periods(sources, day, none_of("total_queries", missed)),
        ),
    )  # fmt: skip


def miss_rate_periods(sources: Sources, day: date, absence: Absence) -> Rows:
    """The stretches of a day in which the cache missed too often."""
    return sources.stored_rows(
        "miss_rate_periods", MISS_RATE_PERIODS, day,
        ("started_at", "ended_at", "queries", "misses", "miss_rate"), "started_at", absence,
    )  # fmt: skip


def _without_users(sources: Sources, day: date, rows: Rows) -> Rows:
    """The list without the names of users, where the day has too few to tell them apart."""
    if not rows.listing.rows or too_few_users(sources, day) is None:
        return rows
    listing = rows.listing
    columns = tuple(column for column in listing.columns if column.name != "user_id")
    kept = tuple({column.name: row[column.name] for column in columns} for row in listing.rows)
    return replace(rows, listing=Listing(columns, kept, listing.total))
