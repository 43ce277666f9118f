"""What a table of the lake is: the declaration that its readers and writers share."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Column:
    """A column: name, DuckDB type, meaning, and what its values must satisfy.

    ``minimum`` and ``maximum`` are inclusive; ``accepted`` lists the only values; ``null_reason``
    is the sentence that says why a day has no value.
    """

    name: str
    type: str
    description: str
    nullable: bool = True
    unit: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    accepted: tuple[str, ...] = ()
    null_reason: str | None = None


@dataclass(frozen=True)
class Table:
    """A daily table of the lake, without its partition column ``event_date``.

    ``key`` names the columns that identify a row within a day; ``order_by`` the columns by which
    rows are written, so that equal content gives equal bytes. A row group is built in memory: so
    it should have fewer rows where they are long, and has about ``row_group_bytes`` at most.
    """

    name: str
    description: str
    columns: tuple[Column, ...]
    order_by: tuple[str, ...]
    key: tuple[str, ...] = ()
    row_group_rows: int = 122_880
    row_group_bytes: int = 128_000_000

    @property
    def column_names(self) -> list[str]:
        """Names of the columns, in order."""
        return [column.name for column in self.columns]

    @property
    def typed_columns(self) -> str:
        """The columns as an SQL list, each cast to its declared type."""
        return ", ".join(
            f"{quoted(column.name)}::{column.type} AS {quoted(column.name)}"
            for column in self.columns
        )


def quoted(name: str) -> str:
    """Quote an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def date_list(days: Iterable[date]) -> str:
    """The dates as an SQL list."""
    return ", ".join(f"DATE {literal(day.isoformat())}" for day in days)
