"""A report for machines: JSON with everything in it, and CSV with every number in a tidy table."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from io import StringIO
from typing import Any

from analytics_pipeline.lake.table import Column, Table
from analytics_pipeline.reporting.content import ReportContent
from analytics_pipeline.reporting.measure import SHARE, Listing, Metric, Number, Row, unit_of

FORMAT = "aicache-analytics daily report"
FORMAT_VERSION = 1
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


def as_json(content: ReportContent) -> str:
    """The content as JSON: the fields of ReportContent as keys, numbers unrounded, times in UTC."""
    document = {"format": FORMAT, "version": FORMAT_VERSION, **_plain(content)}
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Listing):
        units = {column.name: unit_of(column) for column in value.columns}
        return {
            "rows": _plain(value.rows),
            "total": value.total,
            "reason": value.reason,
            "units": {name: unit for name, unit in units.items() if unit},
        }
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(_plain(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat() + "Z"
    return value.isoformat() if isinstance(value, date) else value


CsvRow = tuple[str, str, str, Number | None, str | None]


def as_csv(content: ReportContent) -> str:
    """Every number of the content as CSV with the columns of DAILY_REPORT."""
    return csv_text(csv_rows(content))


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


def csv_rows(content: ReportContent) -> Iterator[CsvRow]:
    """The numbers of the content as rows of section, name, slice, value and unit."""
    for name, kpi in content.kpis.items():
        yield "kpis", name, "", kpi.value, kpi.unit
        yield "kpis", f"{name}_change", "", kpi.comparison.change, kpi.unit
        yield "kpis", f"{name}_relative_change", "", kpi.comparison.relative_change, SHARE
    for name, values in content.trends.values.items():
        for day, value in zip(content.trends.dates, values, strict=True):
            yield "trends", name, day.isoformat(), value, content.kpis[name].unit
    for alert in content.alerts:
        passed = None if alert.passed is None else int(alert.passed)
        yield "alerts", "passed", alert.name, passed, None
        yield "alerts", "value", alert.name, alert.value, None
        yield "alerts", "limit", alert.name, alert.limit, None
    for mart, metrics in content.metrics.items():
        yield from _metrics(mart, metrics)
    yield from _measurements(content.metric_values)
    yield from _metrics("demand", content.demand.figures)
    yield from _metrics("sessions", content.insights.sessions.figures)
    yield "forecast", "expected_queries", "", content.forecast.expected.value, "queries"
    yield from _metrics("conservation", content.conservation.totals)
    share = content.conservation.quarantine_share
    yield "conservation", "quarantine_share", "", share.value, share.unit
    for section, listing, key in _listings(content):
        yield from _rows(section, listing, key)


def _metrics(section: str, metrics: Mapping[str, Metric]) -> Iterator[CsvRow]:
    for name, metric in metrics.items():
        yield section, name, "", metric.value, metric.unit


def _listings(content: ReportContent) -> Iterator[tuple[str, Listing, str]]:
    """Every list of the content with the name of its section and the column that is its key."""
    insights = content.insights
    yield "top_queries", insights.top_queries, "rank"
    yield "languages", insights.languages, "language"
    yield "query_length_classes", insights.query_length_classes, "length_class"
    yield "session_durations", insights.sessions.durations, "duration_class"
    yield "slow_queries", insights.slow_queries, "event_id"
    yield "miss_rate_periods", insights.miss_rate_periods, "started_at"
    yield "hourly_demand", content.demand.hours, "hour"
    yield "forecast_of_the_day", content.demand.forecast, "hour"
    yield "forecast_of_the_next_day", content.forecast.hours, "hour"
    yield "forecast_models", content.forecast.models, "model"
    yield "files", content.conservation.files, "path"
    yield "quarantine_reasons", content.conservation.quarantine_reasons, "reason"
    yield "schema_changes", content.conservation.schema_changes, "field"


def _rows(section: str, listing: Listing, key: str) -> Iterator[CsvRow]:
    numeric = [
        column
        for column in listing.columns
        if column.type in ("BIGINT", "DOUBLE", "BOOLEAN") and column.name != key
    ]
    for row in listing.rows:
        for column in numeric:
            value = row[column.name]
            number = int(value) if isinstance(value, bool) else value
            yield section, column.name, _slice(section, row, key), number, unit_of(column)


def _slice(section: str, row: Row, key: str) -> str:
    value = row[key]
    if section == "top_queries":
        return f"{value}. {row['query']}"
    if value is None:
        return NONE_STATED
    return value.isoformat() + "Z" if isinstance(value, datetime) else str(value)


def _measurements(listing: Listing) -> Iterator[CsvRow]:
    """The metrics by name, each in the unit of its own row."""
    for row in listing.rows:
        for column in listing.columns:
            if column.type in ("BIGINT", "DOUBLE"):
                unit = column.unit or row.get("unit")
                yield "metric_values", column.name, row["metric_name"], row[column.name], unit
