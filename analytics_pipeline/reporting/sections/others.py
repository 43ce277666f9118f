"""Marts that no other section shows, such as those that were added beside the project's own."""

from collections.abc import Iterable
from datetime import date

from analytics_pipeline.reporting.document import Block, Figures, Rows, Section
from analytics_pipeline.reporting.measure import Absence
from analytics_pipeline.reporting.sections.sources import Sources
from analytics_pipeline.reporting.texts import texts

SHOWN, KEPT = 10, 200


def others_section(sources: Sources, day: date, sections: Iterable[Section]) -> Section | None:
    """The marts that none of the sections show; None where they show all."""
    shown = {
        name
        for section in sections
        for block in section.blocks
        for name in ((block.id,) if isinstance(block, Figures) else
                     (block.table,) if isinstance(block, Rows) else ())
    }  # fmt: skip
    blocks: list[Block] = []
    for name, table in sources.marts.tables.items():
        if name in shown:
            continue
        if table.key:
            blocks.append(
                sources.rows(
                    name,
                    name,
                    day,
                    tuple(column.name for column in table.columns[:8]),
                    table.key[0],
                    Absence(texts().absences.no_rows),
                    limit=SHOWN,
                    kept=KEPT,
                )
            )
        else:
            blocks.append(sources.figures(name, day))
    return Section("others", tuple(blocks)) if blocks else None
