"""The column lineage of a mart as a drawing: its columns, and lines to those they are made from."""

from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape, quoteattr

from analytics_pipeline.metrics.lineage.lineage import ColumnLineage

ROW, CHARACTER, MARGIN = 18, 6.7, 12
GAP = 170
FONT = "font-family='ui-monospace, Menlo, monospace' font-size='11'"
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Told apart by the colour-blind (Okabe and Ito 2008)."""


def lineage_svg(mart: str, lineage: ColumnLineage) -> str:
    """An SVG picture: the columns of the upstream tables at the left, those of the mart right.

    The lines of a mart's column have one colour; a column that is made from no other has no line.
    """
    tables: dict[str, set[str]] = {}
    for sources in lineage.columns.values():
        for table, column in sources:
            tables.setdefault(table, set()).add(column)
    left = [row for table in sorted(tables) for row in ((table, ""), *_members(tables, table))]
    right = [(mart, ""), *((mart, column) for column in lineage.columns)]
    start = MARGIN + CHARACTER * max((len(_label(row)) for row in left), default=0)
    end = start + GAP
    width = end + CHARACTER * max(len(_label(row)) for row in right) + MARGIN
    height = ROW * max(len(left), len(right)) + 2 * MARGIN
    places = {row: MARGIN + ROW * number + ROW / 2 for number, row in enumerate(left)}
    drawn = [_text(row, start, places[row], "end") for row in left]
    for number, row in enumerate(right):
        place = MARGIN + ROW * number + ROW / 2
        drawn.append(_text(row, end, place, "start"))
        color = COLORS[number % len(COLORS)]
        drawn += [
            _line(start + 6, places[source], end - 6, place, color)
            for source in lineage.columns.get(row[1], ())
        ]
    label = quoteattr(f"Column lineage of {mart}")
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width:.0f}' height='{height:.0f}' "
        f"role='img' aria-label={label}><rect width='100%' height='100%' fill='white'/>"
        f"{''.join(drawn)}</svg>"
    )


def _members(tables: dict[str, set[str]], table: str) -> Iterable[tuple[str, str]]:
    return ((table, column) for column in sorted(tables[table]))


def _label(row: tuple[str, str]) -> str:
    return row[1] or row[0]


def _text(row: Sequence[str], x: float, y: float, anchor: str) -> str:
    table, column = row
    weight = "normal" if column else "bold"
    return (
        f"<text x='{x:.0f}' y='{y:.0f}' text-anchor='{anchor}' dominant-baseline='middle' "
        f"font-weight='{weight}' fill='#222' {FONT}>{escape(column or table)}</text>"
    )


def _line(x1: float, y1: float, x2: float, y2: float, color: str) -> str:
    middle = (x1 + x2) / 2
    return (
        f"<path d='M{x1:.0f} {y1:.0f}C{middle:.0f} {y1:.0f} {middle:.0f} {y2:.0f} "
        f"{x2:.0f} {y2:.0f}' fill='none' stroke='{color}' stroke-width='1.2'/>"
    )
