"""A report for machines: JSON with everything in it, and CSV with every number in a tidy table."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from io import StringIO
from typing import Any

from analytics_pipeline.lake.table import Column, Table
from analytics_pipeline.reporting.document import (
    Alerts,
    Block,
    Cards,
    Chart,
    Figures,
    Paragraphs,
    Report,
    Rows,
    Section,
)
from analytics_pipeline.reporting.measure import SHARE, Listing, Number, Row, unit_of

FORMAT = "aicache-analytics report"
FORMAT_VERSION = 2
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
NONE_STATED = "(none stated)"

DAILY_REPORT = Table(
    "daily_report",
    "The report of a day, for people (HTML) and machines (JSON, CSV). The columns are those of the "
    "CSV, a tidy table of all its numbers.",
    (
        Column("section", "VARCHAR", "Part of the report.", nullable=False),
        Column("name", "VARCHAR", "Name of the number.", nullable=False),
        Column("slice", "VARCHAR", "What the number is about, such as a file, a language or an "
               "hour; empty where it is the whole day."),
        Column("value", "DOUBLE", "The number, unrounded; empty where there is no data."),
        Column("unit", "VARCHAR", "Unit of the number; share for a part of 1."),
    ),
    order_by=(),
    key=("section", "name", "slice"),
)  # fmt: skip


def as_json(report: Report) -> str:
    """The report as JSON: its fields as keys, numbers unrounded, times in UTC."""
    document = {"format": FORMAT, "version": FORMAT_VERSION, **_plain(report)}
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _plain(value: Any) -> Any:
    match value:
        case Listing():
            units = {column.name: unit_of(column) for column in value.columns}
            plain = {
                "rows": _plain(value.rows),
                "total": value.total,
                "reason": value.reason,
                "units": {name: unit for name, unit in units.items() if unit},
            }
        case Chart(id=id, description=description):
            plain = {"id": id, "description": description}
        case Section(id=id, blocks=blocks):
            plain = {"id": id, "blocks": {block.id: _plain(block) for block in blocks}}
        case _ if is_dataclass(value):
            plain = {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
        case Mapping():
            plain = {str(_plain(key)): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case datetime():
            return value.isoformat() + "Z"
        case _:
            return value.isoformat() if isinstance(value, date) else value
    return plain


CsvRow = tuple[str, str, str, Number | None, str | None]


def as_csv(report: Report) -> str:
    """Every number of the report as CSV with the columns of DAILY_REPORT."""
    return csv_text(csv_rows(report))


def csv_text(rows: Iterable[CsvRow]) -> str:
    """Rows as CSV (RFC 4180) with a header.

    Text that a spreadsheet would take for a formula is preceded by an apostrophe.
    """
    text = StringIO()
    # With the line ends of the standard, the writer quotes a lone carriage return as well.
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(DAILY_REPORT.column_names)
    for section, name, part, value, unit in rows:
        cells = [_harmless(cell) for cell in (section, name, part)]
        writer.writerow([*cells, "" if value is None else repr(value), _harmless(unit or "")])
    return text.getvalue()


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def csv_rows(report: Report) -> Iterator[CsvRow]:
    """The numbers of the report as rows of block, name, slice, value and unit."""
    for section in report.sections:
        for block in section.blocks:
            yield from _block_rows(block)


def _block_rows(block: Block) -> Iterator[CsvRow]:
    match block:
        case Cards(cards=cards):
            for card in cards:
                unit, compared = card.metric.unit, card.comparison
                yield block.id, card.name, "", card.metric.value, unit
                yield block.id, f"{card.name}_change", "", compared.change, unit
                yield block.id, f"{card.name}_relative_change", "", compared.relative_change, SHARE
                for day, value in zip(card.days, card.values, strict=True):
                    yield "trend", card.name, day.isoformat(), value, unit
        case Figures(metrics=metrics):
            for name, metric in metrics.items():
                yield block.id, name, "", metric.value, metric.unit
        case Rows():
            yield from _listing_rows(block)
        case Alerts(evaluations=evaluations):
            for day, alerts in evaluations.items():
                for alert in alerts:
                    part = alert.name if len(evaluations) == 1 else f"{day} {alert.name}"
                    passed = None if alert.passed is None else int(alert.passed)
                    yield block.id, "passed", part, passed, None
                    yield block.id, "value", part, alert.value, alert.unit
                    yield block.id, "limit", part, alert.limit, alert.unit
        case Chart() | Paragraphs():
            pass


def _listing_rows(block: Rows) -> Iterator[CsvRow]:
    numeric = [
        column
        for column in block.listing.columns
        if column.type in ("BIGINT", "INTEGER", "DOUBLE", "BOOLEAN") and column.name != block.key
    ]
    seen: dict[str, int] = {}
    for row in block.listing.rows:
        part = _slice(block, row)
        seen[part] = seen.get(part, 0) + 1
        if seen[part] > 1:
            part = f"{part} ({seen[part]})"
        for column in numeric:
            value = row[column.name]
            number = int(value) if isinstance(value, bool) else value
            yield block.id, column.name, part, number, unit_of(column) or row.get("unit")


def _slice(block: Rows, row: Row) -> str:
    value = row[block.key]
    if value is None:
        return NONE_STATED
    if isinstance(value, datetime):
        return value.isoformat() + "Z"
    return value.isoformat() if isinstance(value, date) else str(value)
