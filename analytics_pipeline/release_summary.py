"""What a release of quarantined lines did, for people."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from analytics_pipeline.ingestion.releases import Release


def print_release(done: Release, console: Console, *, dry_run: bool) -> None:
    """Print what became of the lines, or would."""
    if done.outcomes:
        console.print(table_of([asdict(count) for count in done.outcomes]))
    for line in done.refused:
        console.print(f"Refused: {line.path} line {line.line_number}: {line.message}", markup=False)
    for why, lines in done.left_out:
        console.print(f"Left out: {lines:,} ({why})", markup=False)
    judged = sum(count.lines for count in done.outcomes)
    would = "would be released" if dry_run else "released"
    console.print(f"{done.released:,} of {judged:,} lines {would}.")


def print_update(
    dates: Iterable[date],
    updated: Sequence[tuple[date, date]],
    failures: Iterable[str],
    console: Console,
) -> None:
    """Print which of the dates were updated, and which are still to be."""
    for failure in failures:
        console.print(f"Failed: {failure}", markup=False)
    if updated:
        spans = ", ".join(str(a) if a == b else f"{a} to {b}" for a, b in updated)
        console.print(f"Updated: {spans}")
    waiting = [str(day) for day in dates if not any(a <= day <= b for a, b in updated)]
    if waiting:
        console.print(f"Awaiting an update: {', '.join(waiting)}")


def table_of(records: Sequence[Mapping[str, Any]]) -> RichTable:
    """A table of records that have the same keys."""
    table = RichTable(box=None, pad_edge=False)
    for name, value in records[0].items():
        table.add_column(name, justify="right" if isinstance(value, int) else "left")
    for record in records:
        table.add_row(
            *(
                f"{value:,}" if type(value) is int else escape(str(value))
                for value in record.values()
            )
        )
    return table
