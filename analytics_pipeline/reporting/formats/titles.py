"""What a report, its sections, its blocks and their columns are called, and their units."""

from analytics_pipeline import rounding
from analytics_pipeline.lake.table import Column
from analytics_pipeline.reporting import wording
from analytics_pipeline.reporting.document import Block, Report
from analytics_pipeline.reporting.measure import Row, unit_of
from analytics_pipeline.reporting.texts import BlockText, texts
from analytics_pipeline.rounding import SHARE

NO_TEXT = BlockText()
# Numbers that are in the unit of the metric which their row is about.
OF_THE_METRIC = (
    "value", "expected", "change", "slice_value", "slice_expected", "rate_effect", "mix_effect",
    "effect",
)  # fmt: skip


def title_of_report(report: Report) -> str:
    """The kind of a report and whom it is for."""
    return f"{texts().page.kinds[report.kind]}, {readers_of(report)}"


def readers_of(report: Report) -> str:
    """Whom a report is for."""
    return texts().page.views[report.view].format(team=wording.readable(report.team or ""))


def period_of(report: Report) -> str:
    """The dates that a report is about."""
    if report.first == report.last:
        return wording.long_date(report.first)
    return f"{wording.long_date(report.first)} – {wording.long_date(report.last)}"


def title_of_section(id: str) -> str:
    """The title of a section; one that no text knows by its id."""
    return texts().sections.get(id) or wording.label(id)


def text_of_block(block: Block) -> BlockText:
    """The texts of a block; empty ones where there are none."""
    return texts().blocks.get(block.id, NO_TEXT)


def title_of_block(block: Block) -> str:
    """The title of a block; one that no text knows, such as that of another mart, by its id."""
    known = texts().blocks.get(block.id)
    return (known.title or "") if known else wording.label(block.id)


def head_of_column(column: Column, text: BlockText) -> str:
    """The head of a column, with its unit where it counts nothing and its numbers tell none."""
    name = text.columns.get(column.name) or wording.label(column.name)
    unit = unit_of(column)
    counted = column.type != "DOUBLE"
    return name if counted or not unit_beside(column.name, unit) else f"{name} ({unit})"


def unit_beside(name: str, unit: str | None) -> bool:
    """Whether the unit of a number must be told beside it."""
    if not unit or unit == SHARE or unit in rounding.SECONDS:
        return False
    return unit.split()[0].lower() not in name.split("_")


def unit_in(column: Column, row: Row, report: Report) -> str | None:
    """The unit of a number of a row: its column's, that of the metric it is about, or its own."""
    metric = report.definitions.get(str(row.get("metric")))
    if metric and column.name in OF_THE_METRIC:
        return metric.unit
    return unit_of(column) or row.get("unit")
