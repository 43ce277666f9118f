"""Who used the product, how, and whether they come back."""

from datetime import date

from analytics_pipeline.insights.tables import SESSIONS
from analytics_pipeline.lake.table import Column, literal
from analytics_pipeline.reporting.charts.sessions import sessions_chart
from analytics_pipeline.reporting.document import Block, Figures, Rows, Section
from analytics_pipeline.reporting.marts import ENGAGEMENT
from analytics_pipeline.reporting.measure import Absence, Listing, metric
from analytics_pipeline.reporting.sections.sources import Sources
from analytics_pipeline.reporting.texts import texts

SLICES = "daily_engagement_metrics_by_slice"
SLICED_BY = ("team", "language", "framework")
SHOWN, KEPT = 10, 200

SESSION_FIGURES = {
    "sessions": ("count(*)", "sessions"),
    "users": ("nullif(count(DISTINCT user_id), 0)", "users"),
    "average_duration": ("avg(duration ORDER BY duration)", "s"),
    "median_duration": ("median(duration)", "s"),
    "p90_duration": ("quantile_cont(duration, 0.9)", "s"),
    "longest_duration": ("max(duration)", "s"),
    "average_events": ("sum(events) / count(*)", "events"),
    "average_queries": ("sum(queries) / count(*)", "queries"),
}
"""SQL over the sessions of a day, and the unit."""

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

DURATIONS = "session_durations"
DURATION_COLUMNS = (
    Column("duration_class", "VARCHAR", "Class of the duration."),
    Column("sessions", "BIGINT", "Number of sessions.", unit="sessions"),
)


def engagement_section(sources: Sources, day: date) -> Section:
    """The section on engagement."""
    absences = texts().absences
    durations = session_durations(sources, day)
    chart = sessions_chart(durations.listing)
    funnels = sources.rows(
        "funnels", "daily_funnels", day,
        ("funnel", "step_number", "step", "users", "conversion_from_first",
         "conversion_from_previous"),
        "funnel", Absence(absences.no_funnels), limit=30, kept=KEPT,
    )  # fmt: skip
    features = sources.rows(
        "features", "daily_feature_usage", day,
        ("page", "element", "action", "interactions", "users", "share_of_active_users"), "element",
        Absence(absences.no_features), order="interactions DESC, page, element, action",
        limit=SHOWN, kept=KEPT,
    )  # fmt: skip
    retention = sources.rows(
        "retention", "weekly_cohort_retention", day,
        ("cohort_week", "weeks_since", "cohort_users", "retained_users", "retention_rate"),
        "cohort_week", Absence(absences.no_cohorts),
    )  # fmt: skip
    blocks: tuple[Block, ...] = (
        sources.figures(ENGAGEMENT, day),
        *(engagement_slices(sources, day, dimension) for dimension in SLICED_BY),
        session_figures(sources, day),
        *([chart] if chart else []),
        durations,
        funnels,
        features,
        retention,
    )
    return Section("engagement", blocks)


def engagement_slices(sources: Sources, day: date, dimension: str) -> Rows:
    """Who used the product by the values of a dimension, most users first."""
    return sources.rows(
        f"engagement_by_{dimension}", SLICES, day,
        ("value", "active_users", "queries", "stores", "interactions"), "value",
        Absence(texts().absences.no_slices),
        order="active_users DESC NULLS LAST, queries DESC, value",
        group=("dimension", dimension), limit=SHOWN, kept=KEPT,
    )  # fmt: skip


def session_figures(sources: Sources, day: date) -> Figures:
    """How many sessions a day has, and how long they are."""
    stored, said = sources.stored, texts()
    found = stored.by_day(
        f"SELECT event_date, {', '.join(sql for sql, _ in SESSION_FIGURES.values())} "
        f"FROM {stored.scan(SESSIONS)} GROUP BY event_date"
    )
    values = found[day][0] if day in found else (None,) * len(SESSION_FIGURES)
    no_data = stored.reason(SESSIONS, day, said.absences.no_sessions)
    metrics = {}
    for (name, (_, unit)), value in zip(SESSION_FIGURES.items(), values, strict=True):
        unnamed = name == "users" and day in found
        reason = said.absences.no_users if unnamed else no_data
        id = f"{SESSIONS.name}.{name}"
        metrics[name] = metric(value, unit, reason, said.descriptions[f"sessions.{name}"], id)
    return Figures("sessions", metrics)


def session_durations(sources: Sources, day: date) -> Rows:
    """How many sessions a day has of each class of duration."""
    stored = sources.stored
    counts = dict(
        stored.by_day(
            f"SELECT event_date, {_duration_class()} AS duration_class, count(*) "
            f"FROM {stored.scan(SESSIONS)} GROUP BY ALL"
        ).get(day, [])
    )
    rows = tuple(
        {"duration_class": name, "sessions": counts.get(name, 0)} for name in DURATION_CLASSES
    )
    no_data = stored.reason(SESSIONS, day, texts().absences.no_sessions)
    listing = (
        Listing(DURATION_COLUMNS, rows, len(rows))
        if counts
        else Listing(DURATION_COLUMNS, (), None, no_data)
    )
    shown = tuple(column.name for column in DURATION_COLUMNS)
    return Rows(DURATIONS, listing, shown, shown[0], DURATIONS, folded=bool(counts))


def _duration_class() -> str:
    classes = [
        f"WHEN duration >= {start} THEN {literal(name)}"
        for name, start in reversed(DURATION_CLASSES.items())
        if name != "0_s"
    ]
    return f"CASE WHEN duration = 0 THEN '0_s' {' '.join(classes)} END"
