"""The account of a day's lines: what became of each, and why lines were refused."""

from datetime import date

from analytics_pipeline.ingestion.quality_tables import QUARANTINE_REASONS
from analytics_pipeline.ingestion.tables import (
    COUNTS,
    FILE_LINE_COUNTS,
    OUTCOMES,
    QUARANTINED_LINES,
    REASONS,
)
from analytics_pipeline.lake.table import Column
from analytics_pipeline.reporting.document import Figures, Rows
from analytics_pipeline.reporting.measure import Absence, Listing, Metric, metric
from analytics_pipeline.reporting.sections.sources import Sources
from analytics_pipeline.reporting.texts import texts
from analytics_pipeline.rounding import SHARE

QUARANTINE_SHARE = "quarantine_share"
SHOWN_FILES, KEPT_FILES = 50, 2000

DESCRIPTIONS = {
    column.name: column.description for column in FILE_LINE_COUNTS.columns if column.name in COUNTS
}
REASON_COLUMNS = (
    Column("reason", "VARCHAR", "Machine-readable reason."),
    Column("lines", "BIGINT", "Number of quarantined lines.", unit="lines"),
    Column("meaning", "VARCHAR", "What the reason says."),
    Column("is_new", "BOOLEAN", "Whether it is new to a source of the day."),
)


def line_totals(sources: Sources, day: date) -> dict[str, Metric]:
    """The lines of a day and what became of them; of the history days too."""
    counts = _sums(sources, day)
    no_data = _no_lines(sources, day)
    return {
        name: metric(
            counts.get(name),
            "lines",
            no_data,
            DESCRIPTIONS[name],
            f"{FILE_LINE_COUNTS.name}.{name}",
        )
        for name in COUNTS
    }


def quarantine_share(sources: Sources, day: date) -> Metric:
    """The share of a day's lines that were quarantined; of the history days too."""
    counts = _sums(sources, day)
    share = counts["quarantined"] / counts["lines"] if counts.get("lines") else None
    return metric(
        share,
        SHARE,
        _no_lines(sources, day),
        texts().descriptions[QUARANTINE_SHARE],
        f"{FILE_LINE_COUNTS.name}.{QUARANTINE_SHARE}",
    )


def account_of_lines(sources: Sources, day: date) -> tuple[Figures, Rows, Rows]:
    """The sums of the account, the account by file, and the reasons of quarantine."""
    totals = line_totals(sources, day)
    totals[QUARANTINE_SHARE] = quarantine_share(sources, day)
    files = sources.stored_rows(
        "files", FILE_LINE_COUNTS, day, ("path", *COUNTS), "path",
        Absence(texts().absences.no_lines, 0), limit=SHOWN_FILES, kept=KEPT_FILES,
    )  # fmt: skip
    reasons = Rows(
        "quarantine_reasons", _reasons(sources, day), tuple(each.name for each in REASON_COLUMNS),
        "reason", QUARANTINE_REASONS.name,
    )  # fmt: skip
    return Figures("conservation", totals), files, reasons


def problems_of(sources: Sources, day: date) -> tuple[str, ...]:
    """What does not add up, in sentences.

    None where the outcomes add up to the lines for every file, and the quarantine holds as many
    lines as are counted quarantined.
    """
    said = texts().sentences
    accounted = " + ".join(OUTCOMES)
    unbalanced = sources.stored.by_day(
        f"SELECT event_date, path, lines, {accounted} "
        f"FROM {sources.stored.scan(FILE_LINE_COUNTS)} WHERE lines != {accounted} ORDER BY path"
    )
    problems = [
        said.file_unbalanced.format(path=path, lines=lines, accounted=found)
        for path, lines, found in unbalanced.get(day, [])
    ]
    counted = line_totals(sources, day)["quarantined"].value
    held = sum(lines for _, lines in _counted_reasons(sources).get(day, []))
    if sources.stored.has(QUARANTINED_LINES, day) and counted is not None and counted != held:
        problems.append(said.quarantine_miscounted.format(counted=counted, held=held))
    return tuple(problems)


def _sums(sources: Sources, day: date) -> dict[str, int]:
    sums = ", ".join(f"sum({name})::BIGINT" for name in COUNTS)
    found = sources.stored.by_day(
        f"SELECT event_date, {sums} FROM {sources.stored.scan(FILE_LINE_COUNTS, history=True)} "
        "GROUP BY event_date"
    )
    return dict(zip(COUNTS, found[day][0], strict=True)) if day in found else {}


def _counted_reasons(sources: Sources) -> dict[date, list[tuple[str, int]]]:
    stored = sources.stored
    return stored.by_day(
        f"SELECT event_date, reason, count(*) AS lines FROM {stored.scan(QUARANTINED_LINES)} "
        "GROUP BY event_date, reason ORDER BY event_date, lines DESC, reason"
    )


def _no_lines(sources: Sources, day: date) -> str:
    return sources.stored.reason(FILE_LINE_COUNTS, day, texts().absences.no_lines)


def _reasons(sources: Sources, day: date) -> Listing:
    stored = sources.stored
    new = stored.by_day(
        f"SELECT event_date, reason FROM {stored.scan(QUARANTINE_REASONS)} WHERE is_new"
    ).get(day, [])
    rows = tuple(
        {
            "reason": reason,
            "lines": lines,
            "meaning": REASONS.get(reason),
            "is_new": (reason,) in new,
        }
        for reason, lines in _counted_reasons(sources).get(day, [])
    )
    if rows:
        return Listing(REASON_COLUMNS, rows, len(rows))
    quarantined = line_totals(sources, day)["quarantined"]
    none = Absence(quarantined.reason or texts().absences.nothing_quarantined, 0)
    empty = stored.nothing(QUARANTINED_LINES, day, none)
    return Listing(REASON_COLUMNS, (), empty.total, empty.reason)
