"""Whether the data can be relied on: its account, its lateness, its freshness, what is unusual."""

from collections.abc import Sequence
from datetime import date

from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline.expectations.suite import Tolerances, declared
from analytics_pipeline.ingestion.quality_tables import SCHEMA_CHANGES
from analytics_pipeline.ingestion.tables import RAW_EVENTS
from analytics_pipeline.lake.table import Column
from analytics_pipeline.reporting.document import Figures, Rows, Section
from analytics_pipeline.reporting.measure import Absence, Listing, metric
from analytics_pipeline.reporting.sections.conservation import account_of_lines
from analytics_pipeline.reporting.sections.sources import Sources
from analytics_pipeline.reporting.texts import texts
from analytics_pipeline.rounding import SHARE

FRESHNESS, EXPECTATIONS, ARRIVAL = "freshness", "expectations", "arrival"
SHOWN, KEPT = 20, 200


def quality_section(sources: Sources, day: date) -> Section:
    """The section on the quality of the data."""
    changes = sources.stored_rows(
        "schema_changes", SCHEMA_CHANGES, day,
        ("source", "event_type", "field", "change", "before", "after"), "field",
        Absence(texts().absences.no_schema_changes, 0), limit=SHOWN, kept=KEPT,
    )  # fmt: skip
    return Section(
        "quality",
        (
            *account_of_lines(sources, day), late_data(sources, day), arrival(sources, day),
            freshness(sources, day), expectations(sources, day), changes,
        ),
    )  # fmt: skip


def late_data(sources: Sources, day: date) -> Figures:
    """How many lines came in files that were taken on a later day, and how much later."""
    said = texts()
    found = sources.stored.by_day(
        f"SELECT event_date, {_LATE} FROM {sources.stored.scan(RAW_EVENTS)} GROUP BY event_date"
    )
    values = found[day][0] if day in found else (None,) * len(LATE)
    no_data = sources.stored.reason(RAW_EVENTS, day, said.absences.no_lines)
    return Figures(
        "late_data",
        {
            name: metric(value, unit, no_data, said.descriptions[f"late_data.{name}"],
                         f"late_data.{name}")
            for (name, (_, unit)), value in zip(LATE.items(), values, strict=True)
        },
    )  # fmt: skip


DAYS_LATE = "date_diff('day', event_date, taken_at)"
LATE = {
    "next_day_lines": (f"count(*) FILTER ({DAYS_LATE} = 1)", "lines"),
    "late_lines": (f"count(*) FILTER ({DAYS_LATE} > 1)", "lines"),
    "late_share": (f"count(*) FILTER ({DAYS_LATE} > 1) / count(*)", SHARE),
    "median_days_late": (f"median(greatest({DAYS_LATE}, 0))", "days"),
    "most_days_late": (f"max({DAYS_LATE})", "days"),
}
_LATE = ", ".join(sql for sql, _ in LATE.values())


def arrival(sources: Sources, day: date) -> Rows:
    """On which dates the lines of a day arrived."""
    said = texts()
    columns = (
        Column("arrived_on", "DATE", said.descriptions["arrival.arrived_on"]),
        Column("files", "BIGINT", said.descriptions["arrival.files"], unit="files"),
        Column("lines", "BIGINT", said.descriptions["arrival.lines"], unit="lines"),
    )
    found = sources.stored.by_day(
        "SELECT event_date, taken_at::DATE AS arrived_on, count(DISTINCT path), count(*) "
        f"FROM {sources.stored.scan(RAW_EVENTS)} GROUP BY ALL ORDER BY event_date, arrived_on"
    )
    absence = Absence(sources.stored.reason(RAW_EVENTS, day, said.absences.no_lines))
    return _rows(ARRIVAL, columns, found.get(day, []), absence, folded=True)


def freshness(sources: Sources, day: date) -> Rows:
    """When the newest event of each type happened."""
    said = texts()
    columns = (
        Column("event_type", "VARCHAR", said.descriptions["freshness.event_type"]),
        Column("events", "BIGINT", said.descriptions["freshness.events"], unit="events"),
        Column("newest", "TIMESTAMP", said.descriptions["freshness.newest"]),
        Column("quiet", "DOUBLE", said.descriptions["freshness.quiet"], unit="s", minimum=0),
    )
    found = sources.stored.by_day(
        "SELECT event_date, event_type, count(*) AS events, max(timestamp) AS newest, "
        "epoch(event_date::TIMESTAMP + INTERVAL 1 DAY - max(timestamp)) "
        f"FROM {sources.stored.scan(VALIDATED_EVENTS)} GROUP BY event_date, event_type "
        "ORDER BY event_date, events DESC, event_type"
    )
    no_data = sources.stored.reason(VALIDATED_EVENTS, day, said.absences.no_events)
    return _rows(FRESHNESS, columns, found.get(day, []), Absence(no_data))


def expectations(sources: Sources, day: date) -> Rows:
    """Which expectations of the day as a whole were met."""
    said = texts()
    columns = (
        Column("expectation", "VARCHAR", said.descriptions["expectations.expectation"]),
        Column("met", "BOOLEAN", said.descriptions["expectations.met"]),
        Column("description", "VARCHAR", said.descriptions["expectations.description"]),
    )
    failed = sources.failed_expectations.get(day)
    rows = [
        (each.name, each.name not in failed, each.description)
        for each in declared(sources.settings.thresholds, Tolerances())
        if failed is not None
    ]
    return _rows(EXPECTATIONS, columns, rows, Absence(said.absences.not_expected_yet))


def _rows(
    id: str,
    columns: Sequence[Column],
    found: Sequence[tuple[object, ...]],
    absence: Absence,
    *,
    folded: bool = False,
) -> Rows:
    names = tuple(column.name for column in columns)
    rows = tuple(dict(zip(names, row, strict=True)) for row in found)
    listing = (
        Listing(tuple(columns), rows, len(rows))
        if rows
        else Listing(tuple(columns), (), absence.total, absence.reason)
    )
    return Rows(id, listing, names, names[0], id, folded=folded and bool(rows))
