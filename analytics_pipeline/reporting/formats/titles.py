"""What a report, its sections, its blocks and their columns are called."""

from analytics_pipeline.lake.table import Column
from analytics_pipeline.reporting import wording
from analytics_pipeline.reporting.document import Block, Report
from analytics_pipeline.reporting.measure import SHARE, unit_of
from analytics_pipeline.reporting.texts import BlockText, texts

NO_TEXT = BlockText()


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
    """The head of a column, with its unit where that is told by neither name nor numbers."""
    name = text.columns.get(column.name) or wording.label(column.name)
    unit = unit_of(column)
    return name if not unit or not unit_beside(column.name, unit) else f"{name} ({unit})"


def unit_beside(name: str, unit: str | None) -> bool:
    """Whether the unit of a number must be told beside it."""
    if unit in (None, SHARE, "s"):
        return False
    return not set(str(unit).split()) & set(name.split("_"))
