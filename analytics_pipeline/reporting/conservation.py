"""The account of a day's lines: what became of each, and why lines were refused."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from analytics_pipeline.ingestion.quality_tables import QUARANTINE_REASONS, SCHEMA_CHANGES
from analytics_pipeline.ingestion.tables import (
    COUNTS,
    FILE_LINE_COUNTS,
    OUTCOMES,
    QUARANTINED_LINES,
    REASONS,
)
from analytics_pipeline.lake.table import Column
from analytics_pipeline.reporting.measure import SHARE, Absence, Listing, Metric, metric
from analytics_pipeline.reporting.stored import Stored

QUARANTINE_SHARE = "quarantine_share"

NO_CHANGES = "The fields of the sources are those of the days before."
NO_LINES = "No line of any file stands under this date."
DEFINITIONS = {
    column.name: column.description for column in FILE_LINE_COUNTS.columns if column.name in COUNTS
}
QUARANTINE_REASON_COLUMNS = (
    Column("reason", "VARCHAR", "Machine-readable reason."),
    Column("lines", "BIGINT", "Number of quarantined lines.", unit="lines"),
    Column("meaning", "VARCHAR", "What the reason says."),
    Column("is_new", "BOOLEAN", "Whether it is new to a source of the day."),
)


@dataclass(frozen=True)
class Conservation:
    """The lines of a day by file, their sums, the reasons of quarantine, and what does not add up.

    ``totals`` has the lines and each of OUTCOMES. ``problems`` is empty where the outcomes add up
    to the lines for every file, and the quarantine holds as many lines as are counted quarantined.
    ``schema_changes`` are the fields in which the sources differ from the days before.
    """

    files: Listing
    totals: Mapping[str, Metric]
    quarantine_share: Metric
    quarantine_reasons: Listing
    problems: tuple[str, ...]
    schema_changes: Listing


def read_line_totals(stored: Stored, days: Iterable[date]) -> dict[date, dict[str, Metric]]:
    """The sums of the account for each of the days, and the share of quarantined lines."""
    wanted = list(days)
    sums = ", ".join(f"sum({name})::BIGINT" for name in COUNTS)
    found = stored.by_day(
        f"SELECT event_date, {sums} FROM {stored.scan(FILE_LINE_COUNTS, wanted)} "
        "GROUP BY event_date"
    )
    totals: dict[date, dict[str, Metric]] = {}
    for day in wanted:
        counts = dict(zip(COUNTS, found[day][0], strict=True)) if day in found else {}
        no_data = stored.reason(FILE_LINE_COUNTS, day, NO_LINES)
        totals[day] = {
            name: metric(counts.get(name), "lines", no_data, DEFINITIONS[name]) for name in COUNTS
        }
        share = counts["quarantined"] / counts["lines"] if counts.get("lines") else None
        totals[day][QUARANTINE_SHARE] = metric(share, SHARE, no_data, "quarantined / lines.")
    return totals


def read_conservation(
    stored: Stored, totals: Mapping[date, Mapping[str, Metric]]
) -> dict[date, Conservation]:
    """The account of each of the reports' days; ``totals`` as read_line_totals gives them."""
    files = stored.listings(FILE_LINE_COUNTS, lambda _: Absence(NO_LINES, 0))
    reasons = stored.by_day(
        f"SELECT event_date, reason, count(*) AS lines FROM {stored.scan(QUARANTINED_LINES)} "
        "GROUP BY event_date, reason ORDER BY event_date, lines DESC, reason"
    )
    new = stored.by_day(
        f"SELECT event_date, reason FROM {stored.scan(QUARANTINE_REASONS)} WHERE is_new"
    )
    changes = stored.listings(SCHEMA_CHANGES, lambda _: Absence(NO_CHANGES, 0))
    conservation: dict[date, Conservation] = {}
    for day in stored.days:
        of_day = totals[day]
        counted = [(*row, row[:1] in new.get(day, [])) for row in reasons.get(day, [])]
        quarantine = _quarantine_reasons(stored, day, counted, of_day["quarantined"])
        conservation[day] = Conservation(
            files[day],
            {name: of_day[name] for name in COUNTS},
            of_day[QUARANTINE_SHARE],
            quarantine,
            (
                *_unbalanced(files[day]),
                *_miscounted(quarantine, of_day["quarantined"], stored.has(QUARANTINED_LINES, day)),
            ),
            changes[day],
        )
    return conservation


def _quarantine_reasons(
    stored: Stored, day: date, counted: list[tuple[Any, ...]], quarantined: Metric
) -> Listing:
    rows = tuple(
        {"reason": reason, "lines": lines, "meaning": REASONS.get(reason), "is_new": is_new}
        for reason, lines, is_new in counted
    )
    if rows:
        return Listing(QUARANTINE_REASON_COLUMNS, rows, len(rows))
    none = Absence(quarantined.reason or "No line was quarantined.", 0)
    return replace(stored.nothing(QUARANTINED_LINES, day, none), columns=QUARANTINE_REASON_COLUMNS)


def _unbalanced(files: Listing) -> list[str]:
    problems = []
    for row in files.rows:
        accounted = sum(row[name] for name in OUTCOMES)
        if accounted != row["lines"]:
            problems.append(
                f"{row['path']} has {row['lines']} lines, of which {accounted} are accounted for."
            )
    return problems


def _miscounted(reasons: Listing, quarantined: Metric, quarantine_built: bool) -> list[str]:
    if not quarantine_built or quarantined.value is None:
        return []
    held = sum(row["lines"] for row in reasons.rows)
    if held == quarantined.value:
        return []
    return [
        f"The account has {quarantined.value} quarantined lines, but the quarantine holds {held}."
    ]
