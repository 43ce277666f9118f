"""A report as CSV: every number of it in one tidy table, a row each."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from io import StringIO
from math import isfinite
from typing import Any

from analytics_pipeline.lake.spreadsheet import harmless
from analytics_pipeline.lake.table import Column
from analytics_pipeline.reporting.document import (
    Alerts,
    Block,
    Cards,
    Chart,
    Figures,
    Paragraphs,
    Report,
    Rows,
)
from analytics_pipeline.reporting.formats.json import definition_id
from analytics_pipeline.reporting.formats.titles import unit_in
from analytics_pipeline.reporting.measure import Number
from analytics_pipeline.rounding import SHARE

REPORT_COLUMNS = (
    Column("section", "VARCHAR", "Part of the report.", nullable=False),
    Column("block", "VARCHAR", "List or group of figures in the section.", nullable=False),
    Column("name", "VARCHAR", "Name of the number.", nullable=False),
    Column("slice", "VARCHAR", "What the number is about, such as a model, a file or an hour; "
           "empty where it is the whole period."),
    Column("first", "DATE", "First event date that the number is about.", nullable=False),
    Column("last", "DATE", "Last event date that the number is about.", nullable=False),
    Column("value", "DOUBLE", "The number, unrounded; empty where there is none. 1 and 0 stand "
           "for true and false."),
    Column("unit", "VARCHAR", "Unit of the number; share for a part of 1."),
    Column("definition", "VARCHAR", "Definition in the catalog of metrics, TABLE.COLUMN."),
)  # fmt: skip
"""The columns of the table; the first six identify a row."""

NONE_STATED = "(none stated)"
NUMERIC = ("BIGINT", "INTEGER", "UBIGINT", "HUGEINT", "DOUBLE", "FLOAT", "BOOLEAN")


@dataclass(frozen=True)
class Measured:
    """One row of the table, without its section."""

    block: str
    name: str
    slice: str
    first: date
    last: date
    value: Number | None
    unit: str | None
    definition: str | None


def as_csv(report: Report) -> str:
    """Every number of the report as CSV (RFC 4180) with a header, by REPORT_COLUMNS.

    Text that a spreadsheet would take for a formula is preceded by an apostrophe.
    """
    text = StringIO()
    # With the line ends of the standard, the writer quotes a lone carriage return as well.
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(column.name for column in REPORT_COLUMNS)
    for section in report.sections:
        for block in section.blocks:
            for row in measured(block, report):
                writer.writerow(_cells(section.id, row))
    return text.getvalue()


def _cells(section: str, row: Measured) -> list[str]:
    before = [harmless(text) for text in (section, row.block, row.name, row.slice)]
    value = row.value
    number = "" if value is None or not isfinite(value) else repr(value)
    after = [harmless(text or "") for text in (row.unit, row.definition)]
    return [*before, row.first.isoformat(), row.last.isoformat(), number, *after]


def measured(block: Block, report: Report) -> Iterator[Measured]:
    """The numbers of a block, in its order."""
    match block:
        case Cards():
            yield from _of_cards(block, report)
        case Figures():
            for name, metric in block.metrics.items():
                yield Measured(
                    block.id, name, "", report.first, report.last,
                    metric.value, metric.unit, metric.id,
                )  # fmt: skip
        case Rows():
            yield from _of_rows(block, report)
        case Alerts():
            yield from _of_alerts(block)
        case Chart() | Paragraphs():
            pass


def _of_cards(block: Cards, report: Report) -> Iterator[Measured]:
    for card in block.cards:
        metric, compared = card.metric, card.comparison
        of_period: dict[str, tuple[Number | None, str | None]] = {
            card.name: (metric.value, metric.unit),
            f"{card.name}_change": (compared.change, metric.unit),
            f"{card.name}_relative_change": (compared.relative_change, SHARE),
        }
        for name, (value, unit) in of_period.items():
            definition = metric.id if name == card.name else None
            yield Measured(block.id, name, "", report.first, report.last, value, unit, definition)
        yield Measured(
            block.id, f"{card.name}_previous", "", compared.first, compared.last,
            compared.previous, metric.unit, metric.id,
        )  # fmt: skip
        for day, value in zip(card.days, card.values, strict=True):
            yield Measured(
                block.id, f"{card.name}_by_day", "", day, day, value, metric.unit, metric.id
            )


def _of_rows(block: Rows, report: Report) -> Iterator[Measured]:
    numeric = [
        column
        for column in block.listing.columns
        if column.type in NUMERIC and column.name != block.key
    ]
    parts: set[str] = set()
    for row in block.listing.rows:
        part = name = _name_of(row[block.key])
        while part in parts:
            part = f"{name} ({len(parts) + 1})"
        parts.add(part)
        for column in numeric:
            value = row.get(column.name)
            yield Measured(
                block.id, column.name, part, report.first, report.last,
                int(value) if isinstance(value, bool) else value,
                unit_in(column, row, report), definition_id(block, column, report),
            )  # fmt: skip


def _name_of(value: Any) -> str:
    if value is None:
        return NONE_STATED
    if isinstance(value, datetime):
        return value.isoformat() + "Z"
    return value.isoformat() if isinstance(value, date) else str(value)


def _of_alerts(block: Alerts) -> Iterator[Measured]:
    for day, evaluations in block.evaluations.items():
        for rule in evaluations:
            passed = None if rule.passed is None else int(rule.passed)
            yield Measured(block.id, "passed", rule.name, day, day, passed, None, None)
            yield Measured(
                block.id, "value", rule.name, day, day, rule.value, rule.unit, rule.metric
            )
            yield Measured(block.id, "limit", rule.name, day, day, rule.limit, rule.unit, None)
            for number, finding in enumerate(rule.findings, start=1):
                labels = ", ".join(f"{key}={text}" for key, text in finding.labels.items())
                part = f"{rule.name} {number}" + (f": {labels}" if labels else "")
                for name in ("value", "expected", "lower", "upper"):
                    value = getattr(finding, name)
                    if value is not None:
                        definition = rule.metric if name == "value" else None
                        yield Measured(
                            block.id, f"finding_{name}", part, day, day,
                            value, rule.unit, definition,
                        )  # fmt: skip
