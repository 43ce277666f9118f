"""A report for people: one HTML file that needs nothing else."""

import base64
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analytics_pipeline.lake.table import Column
from analytics_pipeline.reporting import wording
from analytics_pipeline.reporting.document import (
    Alerts,
    Block,
    Cards,
    Chart,
    Definition,
    Figures,
    Report,
    Rows,
)
from analytics_pipeline.reporting.formats.sparkline import Sparkline, sparkline_of
from analytics_pipeline.reporting.measure import NUMERIC, SHARE, Metric, Number, unit_of
from analytics_pipeline.reporting.texts import BlockText, texts

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
TEMPLATE = "report.html.j2"
MAX_SENTENCE = 600
# Parts of a whole are shown as a bar beside the number.
PARTS = ("share", "cost_share", "share_of_errors")
NO_TEXT = BlockText()


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
        "change": wording.change,
        "clock": wording.clock,
        "label": wording.label,
        "long_date": wording.long_date,
        "number": wording.number,
        "readable": wording.readable,
        "said": lambda text: wording.readable(text, MAX_SENTENCE),
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
        "headed": _headed,
        "is_change": _is_change,
        "kind_of": lambda block: type(block).__name__,
        "missing": _missing,
        "period": _period,
        "picture": _picture,
        "shared_reason": _shared_reason,
        "sparkline": _sparkline,
        "text_of": lambda block: texts().blocks.get(block.id, NO_TEXT),
        "title_of": _title,
        "texts": texts(),
        "unit_beside": _unit_beside,
        "unit_of": unit_of,
        "view_of": _view,
    }
    return environment


def _title(block: Block) -> str:
    """The title of a block; one that no text knows, such as that of another mart, by its id."""
    known = texts().blocks.get(block.id)
    return (known.title or "") if known else wording.label(block.id)


def _headed(column: Column, text: BlockText) -> str:
    """The head of a column, with its unit where it counts nothing and its numbers have none."""
    name = text.columns.get(column.name) or wording.label(column.name)
    unit = unit_of(column)
    counted = column.type != "DOUBLE"
    return name if counted or not _unit_beside(column.name, unit) else f"{name} ({unit})"


def _unit_beside(name: str, unit: str | None) -> bool:
    """Whether the unit of a number must be told beside it."""
    if unit in (None, SHARE, "s"):
        return False
    return str(unit).split()[0] not in name.split("_")


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


def _is_change(name: str) -> bool:
    """Whether a column tells how another changed: so, or relative to what it was."""
    return name.endswith("_change") or name == "change" or name.startswith("change_")


def _changed(value: Number, column: Column) -> str:
    """A change with its sign; a relative one in percent, that of a share in points."""
    if not value:
        return wording.number(value, unit_of(column))
    if column.name.endswith("_change"):
        return wording.change(value, None, unit_of(column))
    return wording.change(value, float(value), None)


def _missing(rows: Rows, text: str) -> bool:
    """Whether a column lacks a value in a row that is shown."""
    return any(row[text] is None for row in rows.listing.rows[: rows.limit])


def _picture(chart: Chart) -> str:
    """The source of an image: within one, nothing of the SVG could run or load anything."""
    encoded = base64.b64encode(chart.svg.encode()).decode("ascii")
    return f"data:image/svg+xml;base64,{encoded}"


def _sparkline(card: Any) -> Sparkline | None:
    return sparkline_of(card.values)


def _period(report: Report) -> str:
    if report.first == report.last:
        return wording.long_date(report.first)
    return f"{wording.long_date(report.first)} – {wording.long_date(report.last)}"


def _view(report: Report) -> str:
    return texts().page.views[report.view].format(team=wording.readable(report.team or ""))
