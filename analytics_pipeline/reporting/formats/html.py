"""A report for people: one HTML file that needs nothing else."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analytics_pipeline import rounding
from analytics_pipeline.alerting.findings import Evaluation
from analytics_pipeline.lake.table import Column
from analytics_pipeline.reporting import wording
from analytics_pipeline.reporting.definitions import metrics_named
from analytics_pipeline.reporting.document import (
    Alerts,
    Block,
    Cards,
    Chart,
    Definition,
    Figures,
    InputVersion,
    Report,
    Rows,
)
from analytics_pipeline.reporting.formats.sparkline import Sparkline, sparkline_of
from analytics_pipeline.reporting.formats.titles import (
    head_of_column,
    period_of,
    text_of_block,
    title_of_block,
    title_of_report,
    title_of_section,
    unit_beside,
    unit_in,
)
from analytics_pipeline.reporting.measure import NUMERIC, Metric, Number, unit_of
from analytics_pipeline.reporting.texts import texts
from analytics_pipeline.rounding import SHARE

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
TEMPLATE = "report.html.j2"
SHOWN_FILES = 100
# Parts of a whole are shown as a bar beside the number.
PARTS = ("share", "cost_share", "share_of_errors")


Evaluations = Mapping[date, Sequence[Evaluation]]


def as_html(report: Report) -> str:
    """The report as a page with its charts and styles inside; equal reports give equal text."""
    return (
        _environment()
        .get_template(TEMPLATE)
        .render(report=report, definitions=shown_definitions(report))
    )


def shown_definitions(report: Report) -> list[Definition]:
    """The definitions of the numbers that the page shows, in the order of their ids."""
    wanted = {
        id
        for section in report.sections
        for block in section.blocks
        for id in _shown_ids(block)
    }  # fmt: skip
    return [each for id, each in report.definitions.items() if id in wanted]


def _shown_ids(block: Block) -> Iterator[str | None]:
    match block:
        case Cards(cards=cards):
            yield from (card.metric.id for card in cards)
        case Figures(metrics=metrics):
            yield from (metric.id for metric in metrics.values())
        case Rows(table=str(table)):
            yield from (f"{table}.{column.name}" for column in columns_of(block))
            yield from metrics_named(block)
        case Alerts(evaluations=evaluations):
            yield from (each.metric for found in evaluations.values() for each in found)


def columns_of(rows: Rows) -> list[Column]:
    """The columns of a list that are shown, in the order in which they are."""
    by_name = {column.name: column for column in rows.listing.columns}
    return [by_name[name] for name in rows.shown if name in by_name]


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "change": rounding.change,
        "clock": wording.clock,
        "label": wording.label,
        "long_date": wording.long_date,
        "number": rounding.number,
        "readable": wording.readable,
        "said": lambda text: wording.readable(text, wording.MAX_SENTENCE),
        "short_date": wording.short_date,
        "spoken": wording.spoken,
        "weekday": wording.weekday,
    }
    environment.globals |= {
        "NUMERIC": NUMERIC,
        "PARTS": PARTS,
        "absent_by_reason": _absent_by_reason,
        "changed": _changed,
        "columns_of": columns_of,
        "files_behind": _files_behind,
        "head_of_column": head_of_column,
        "is_change": _is_change,
        "kind_of": lambda block: type(block).__name__,
        "missing": _missing,
        "parted": _parted,
        "period_of": period_of,
        "picture": _picture,
        "shared_reason": _shared_reason,
        "sparkline": _sparkline,
        "text_of_block": text_of_block,
        "texts": texts(),
        "title_of_block": title_of_block,
        "title_of_report": title_of_report,
        "title_of_section": title_of_section,
        "unit_beside": unit_beside,
        "unit_in": unit_in,
    }
    return environment


def _shared_reason(metrics: Mapping[str, Metric]) -> str | None:
    """Why none of the numbers has a value, where that is one reason for all."""
    reasons = {metric.reason for metric in metrics.values()}
    return reasons.pop() if len(reasons) == 1 else None


def _absent_by_reason(metrics: Mapping[str, Metric]) -> dict[str, list[str]]:
    """The names of the numbers without a value, by the reason why."""
    absent: dict[str, list[str]] = {}
    for name, metric in metrics.items():
        if metric.reason is not None:
            absent.setdefault(metric.reason, []).append(name)
    return absent


def _is_change(column: Column) -> bool:
    """Whether a column tells how another changed."""
    name = column.name
    return name in ("change", "effect") or name.endswith("_change") or name.startswith("change_")


def _changed(value: Number, column: Column, unit: str | None) -> str:
    """A change with its sign; one relative to what it was in percent, that of a share in points."""
    if not value:
        return rounding.number(value, unit)
    relative = unit_of(column) == SHARE and not column.name.endswith("_change")
    return rounding.change(value, float(value) if relative else None, None if relative else unit)


def _missing(rows: Rows, text: str) -> bool:
    """Whether a column lacks a value in a row that is shown."""
    return any(row[text] is None for row in rows.listing.rows[: rows.limit])


def _files_behind(report: Report) -> list[InputVersion]:
    """The landed files that a report was made from, at most SHOWN_FILES; of engineers alone."""
    if report.view != "engineer":
        return []
    return [each for each in report.inputs if each.kind == "file"][:SHOWN_FILES]


def _parted(evaluations: Evaluations) -> tuple[Evaluations, Evaluations]:
    """The violated rules by day, and the others; days without any of a part are not in it."""
    parts: list[Evaluations] = []
    for violated in (True, False):
        chosen = {
            day: [each for each in found if (each.passed is False) is violated]
            for day, found in evaluations.items()
        }
        parts.append({day: found for day, found in chosen.items() if found})
    return parts[0], parts[1]


def _picture(chart: Chart) -> str:
    """The source of an image: within one, nothing of the SVG could run or load anything."""
    encoded = base64.b64encode(chart.svg.encode()).decode("ascii")
    return f"data:image/svg+xml;base64,{encoded}"


def _sparkline(card: Any) -> Sparkline | None:
    return sparkline_of(card.values)
