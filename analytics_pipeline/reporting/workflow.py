"""The workflow insights of a day: queries, languages, sessions, slow queries, miss-rate periods."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from analytics_pipeline.insights.tables import (
    LANGUAGE_DISTRIBUTION,
    LENGTH_CLASSES,
    MISS_RATE_PERIODS,
    QUERY_LENGTH_CLASSES,
    SESSIONS,
    SLOW_QUERIES,
    TOP_QUERIES,
)
from analytics_pipeline.lake.table import Column, literal
from analytics_pipeline.reporting.marts import CACHE, DayMetrics, metric_of
from analytics_pipeline.reporting.measure import Absence, Listing, Metric, metric
from analytics_pipeline.reporting.stored import Stored
from analytics_pipeline.settings import InsightSettings

SLOWEST = 20

NO_TEXT = "The day has no cache_query event with a query text."
NO_USERS = "No session of the day is that of a known user."
NO_SESSIONS = "The day has no event that names a user or a session."

SESSION_FIGURES: dict[str, tuple[str, str | None, str]] = {
    "sessions": ("count(*)", "sessions", "Number of sessions."),
    "users": ("nullif(count(DISTINCT user_id), 0)", "users", "Users with a session."),
    "average_duration": ("avg(duration ORDER BY duration)", "s", "Mean duration of a session."),
    "median_duration": ("median(duration)", "s", "Median duration of a session."),
    "p90_duration": (
        "quantile_cont(duration, 0.9)", "s", "90th percentile of the durations of sessions."
    ),
    "longest_duration": ("max(duration)", "s", "Duration of the longest session."),
    "average_events": ("sum(events) / count(*)", "events", "Mean number of events in a session."),
    "average_queries": (
        "sum(queries) / count(*)", "queries", "Mean number of cache queries in a session."
    ),
}  # fmt: skip

DURATION_CLASSES = {
    "0_s": 0.0,
    "under_1_min": 0.0,
    "1_to_5_min": 60.0,
    "5_to_15_min": 300.0,
    "15_to_30_min": 900.0,
    "30_to_60_min": 1800.0,
    "60_min_or_more": 3600.0,
}
"""Classes of the duration of sessions, each with its lower end in seconds."""

DURATION_COLUMNS = (
    Column("duration_class", "VARCHAR", "Class of the duration."),
    Column("sessions", "BIGINT", "Number of sessions.", unit="sessions"),
)


@dataclass(frozen=True)
class Sessions:
    """The sessions of a day: figures by name, and how many there are of each class of duration."""

    figures: Mapping[str, Metric]
    durations: Listing


@dataclass(frozen=True)
class Insights:
    """The workflow insights of a day. ``slow_queries`` has the slowest ones, the slowest first."""

    top_queries: Listing
    languages: Listing
    query_length_classes: Listing
    sessions: Sessions
    slow_queries: Listing
    miss_rate_periods: Listing


def read_insights(
    stored: Stored, metrics: Mapping[date, DayMetrics], settings: InsightSettings
) -> dict[date, Insights]:
    """The workflow insights of each of the reports' days; ``metrics`` are those of the marts."""
    slow = f"No query took longer than {settings.slow_query_seconds:g} s."
    missed = (
        f"No {settings.period_minutes} minutes with at least {settings.period_min_queries} "
        f"queries had a miss rate above {settings.miss_rate:.0%}."
    )

    def none_of(column: str, none: str | None = None) -> Callable[[date], Absence]:
        """Nothing is known where the day has no such metric; otherwise there are none."""

        def absence(day: date) -> Absence:
            reason = metric_of(metrics[day], CACHE, column).reason
            return Absence(reason) if reason else Absence(none or NO_TEXT, 0)

        return absence

    top = stored.listings(TOP_QUERIES, none_of("total_queries"))
    languages = stored.listings(
        LANGUAGE_DISTRIBUTION, none_of("total_queries"), order="queries DESC, language NULLS LAST"
    )
    lengths = stored.listings(
        QUERY_LENGTH_CLASSES,
        none_of("total_queries"),
        order=f"list_position([{', '.join(map(literal, LENGTH_CLASSES))}], length_class)",
    )
    sessions = read_sessions(stored)
    slowest = stored.listings(
        SLOW_QUERIES,
        none_of("average_response_time", slow),
        order="response_time DESC, event_id",
        limit=SLOWEST,
    )
    periods = stored.listings(MISS_RATE_PERIODS, none_of("total_queries", missed))
    return {
        day: Insights(
            top[day], languages[day], lengths[day], sessions[day], slowest[day], periods[day]
        )
        for day in stored.days
    }


def read_sessions(stored: Stored) -> dict[date, Sessions]:
    """The figures of the sessions of each of the reports' days."""
    figures = ", ".join(sql for sql, _, _ in SESSION_FIGURES.values())
    found = stored.by_day(
        f"SELECT event_date, {figures} FROM {stored.scan(SESSIONS)} GROUP BY event_date"
    )
    counted = stored.by_day(
        f"SELECT event_date, {_duration_class()} AS duration_class, count(*) "
        f"FROM {stored.scan(SESSIONS)} GROUP BY ALL"
    )
    sessions: dict[date, Sessions] = {}
    for day in stored.days:
        no_data = stored.reason(SESSIONS, day, NO_SESSIONS)
        values = found[day][0] if day in found else (None,) * len(SESSION_FIGURES)
        metrics = {
            name: metric(value, unit, NO_USERS if name == "users" and day in found else no_data,
                         definition)
            for (name, (_, unit, definition)), value in zip(
                SESSION_FIGURES.items(), values, strict=True
            )
        }  # fmt: skip
        counts = dict(counted.get(day, []))
        rows = [
            {"duration_class": name, "sessions": counts.get(name, 0)} for name in DURATION_CLASSES
        ]
        durations = (
            Listing(DURATION_COLUMNS, tuple(rows), len(rows))
            if counts
            else Listing(DURATION_COLUMNS, (), None, no_data)
        )
        sessions[day] = Sessions(metrics, durations)
    return sessions


def _duration_class() -> str:
    classes = [
        f"WHEN duration >= {start} THEN {literal(name)}"
        for name, start in reversed(DURATION_CLASSES.items())
        if name != "0_s"
    ]
    return f"CASE WHEN duration = 0 THEN '0_s' {' '.join(classes)} END"
