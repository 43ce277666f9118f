"""Values of some days as a line of the size of a word."""

from collections.abc import Sequence
from dataclasses import dataclass

from analytics_pipeline.reporting.measure import Number

WIDTH, HEIGHT, MARGIN = 140, 28, 3


@dataclass(frozen=True)
class Sparkline:
    """The strokes of a line through the days that have a value, and its end on the last day.

    Each stroke is a list of points as SVG has it; a day without a value parts two of them, and
    one between two such days is a stroke of one point. ``end`` is None where the last day has no
    value. ``missing`` counts the days without one.
    """

    strokes: tuple[str, ...]
    end: tuple[float, float] | None
    least: Number
    most: Number
    missing: int


def sparkline_of(values: Sequence[Number | None]) -> Sparkline | None:
    """The line of the values from the lowest to the highest; None where no day has one."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    least, most = min(known), max(known)
    points = [
        None if value is None else _point(position, value, len(values), least, most)
        for position, value in enumerate(values)
    ]
    strokes: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point is not None:
            strokes[-1].append(point)
        elif strokes[-1]:
            strokes.append([])
    return Sparkline(
        tuple(" ".join(f"{x:g},{y:g}" for x, y in stroke) for stroke in strokes if stroke),
        points[-1],
        least,
        most,
        len(values) - len(known),
    )


def _point(
    position: int, value: Number, days: int, least: Number, most: Number
) -> tuple[float, float]:
    width, height = WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN
    across = position / (days - 1) if days > 1 else 1
    up = (value - least) / (most - least) if most > least else 0.5
    return round(MARGIN + width * across, 1), round(MARGIN + height * (1 - up), 1)
