"""What a report is made of: single numbers and lists of rows, each able to say why it is empty."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from analytics_pipeline.lake.table import Column
from analytics_pipeline.rounding import SHARE

Number = int | float
Row = Mapping[str, Any]
"""A row of a table by column: text, numbers, booleans, dates, times in UTC, or None."""


@dataclass(frozen=True)
class Metric:
    """A number, or the reason why there is none.

    ``value`` is unrounded and ``unit`` its unit, "share" for a part of 1. Exactly one of ``value``
    and ``reason`` is given. ``id`` is TABLE.COLUMN of the catalog of metrics, where it is there.
    """

    value: Number | None
    unit: str | None
    reason: str | None = None
    definition: str | None = None
    id: str | None = None

    def __post_init__(self) -> None:
        if (self.value is None) == (self.reason is None):
            raise ValueError("A metric has either a value or a reason why it has none.")


def metric(
    value: Number | None,
    unit: str | None,
    no_data: str,
    definition: str | None = None,
    id: str | None = None,
) -> Metric:
    """A metric of a value that may be null or not finite; ``no_data`` says why it is null."""
    if value is None:
        return Metric(None, unit, no_data, definition, id)
    if not isfinite(value):
        return Metric(None, unit, "The value is not a finite number.", definition, id)
    return Metric(value, unit, None, definition, id)


@dataclass(frozen=True)
class Listing:
    """Rows of one kind, or the reason why there are none.

    ``columns`` say what the rows hold. ``total`` is the number of rows that there are, of which
    ``rows`` may be the first; null where that is not known.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    total: int | None
    reason: str | None = None


@dataclass(frozen=True)
class Absence:
    """Why there are no rows; ``total`` is 0 where it is known that there are none to list."""

    reason: str
    total: int | None = None


NUMERIC = ("BIGINT", "INTEGER", "DOUBLE")
# Units of columns whose rows have each their own.
OF_THE_ROW = ("as reported", "of the metric", "of the metric, per day")


def unit_of(column: Column) -> str | None:
    """The unit of a column's values: the declared one, or "share" for a number from 0 to 1.

    None where each row has a unit of its own.
    """
    if column.unit in OF_THE_ROW:
        return None
    if column.unit is None and (column.minimum, column.maximum) == (0, 1):
        return SHARE
    return column.unit
