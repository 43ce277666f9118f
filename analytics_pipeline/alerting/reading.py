"""What the rules read from the lake: one query a table, for all days and their history."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from analytics_pipeline.insights.seasonal_baseline import Floats
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import Table, literal, quoted
from analytics_pipeline.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

Flags = NDArray[np.bool_]
NO_VALUE = "(none)"


@dataclass(frozen=True)
class MetricReads:
    """The columns that a rule reads of a mart, and the rows: those where each column of ``where``
    has one of its values.
    """

    table: str
    columns: frozenset[str]
    where: tuple[tuple[str, tuple[str, ...]], ...]
    history_days: int

    @property
    def condition(self) -> str | None:
        """The rows as an SQL condition; None for all."""
        parts = [
            f"{quoted(column)}::VARCHAR IN ({', '.join(map(literal, values))})"
            for column, values in self.where
        ]
        return " AND ".join(parts) or None


@dataclass(frozen=True)
class Panel:
    """The values of a metric: a row for every day from ``first`` on, a column for each slice.

    Values and evidence are NaN where the mart has none; ``built`` tells the days for which the
    mart was built. ``labels`` name the slices; a single empty one stands for the day as a whole.
    """

    first: date
    labels: Sequence[Mapping[str, str]]
    values: Floats
    evidence: Floats | None
    built: Flags

    def at(self, day: date) -> int:
        """The row of a day."""
        return (day - self.first).days

    def days_of(self, rows: Iterable[int]) -> list[date]:
        """The days of some rows."""
        return [self.first + timedelta(days=int(row)) for row in rows]

    def history(self, row: int, slice_: int, days: int) -> dict[date, float]:
        """The known values of a slice up to a row, by day."""
        rows = range(max(0, row - days), row + 1)
        return {
            day: float(self.values[at, slice_])
            for at, day in zip(rows, self.days_of(rows), strict=True)
            if not np.isnan(self.values[at, slice_])
        }


@dataclass
class Readings:
    """What is read for the evaluation of rules on ``days`` (ascending), each table once.

    ``now`` is an aware time in UTC; ``marts`` are the tables of metrics by name, ``metric_reads``
    what all rules together read of them.
    """

    lake: Lake
    connection: duckdb.DuckDBPyConnection
    days: tuple[date, ...]
    settings: Settings
    now: datetime
    marts: Mapping[str, Table]
    metric_reads: Sequence[MetricReads] = ()
    _windows: dict[int, list[date]] = field(default_factory=dict)
    _built: dict[tuple[str, date], bool] = field(default_factory=dict)
    _frames: dict[str, "pd.DataFrame"] = field(default_factory=dict)
    _marts: dict[str, "pd.DataFrame"] = field(default_factory=dict)
    _panels: dict[Any, Panel] = field(default_factory=dict)

    def is_over(self, day: date) -> bool:
        """Whether a day is over, so that sums of it are whole."""
        return day < self.now.date()

    def window(self, history_days: int) -> list[date]:
        """The days and those before each of them, ascending."""
        if history_days not in self._windows:
            self._windows[history_days] = sorted(
                {
                    day - timedelta(days=back)
                    for day in self.days
                    for back in range(history_days + 1)
                }
            )
        return self._windows[history_days]

    def frame(self, query: str) -> "pd.DataFrame":
        """The rows of a query; it is run once, whoever asks for it."""
        if query not in self._frames:
            self._frames[query] = self.connection.execute(query).df()
        return self._frames[query]

    def is_built(self, table: Table, day: date) -> bool:
        """Whether the lake has a partition of a table."""
        key = (table.name, day)
        if key not in self._built:
            self._built[key] = self.lake.partition_file(table, day).exists()
        return self._built[key]

    def built(self, table: Table, history_days: int) -> Flags:
        """Whether the table was built, for every day from the first of a window to the last."""
        window = self.window(history_days)
        flags = np.zeros((window[-1] - window[0]).days + 1, dtype=np.bool_)
        for day in window:
            flags[(day - window[0]).days] = self.is_built(table, day)
        return flags

    def panel(
        self,
        reads: MetricReads,
        *,
        value: str,
        relative_to: str | None,
        slices: Sequence[str],
        evidence: Sequence[str],
        zero_filled: bool,
    ) -> Panel:
        """The values of a column, or of its ratio to another, by day and slice.

        ``slices`` are the columns that name a slice; DIMENSION and VALUE of a long mart become one
        label. ``evidence`` are columns of which the least counts. ``zero_filled`` says that a
        slice without a row has a value of 0 on a built day.
        """
        key = (reads, value, relative_to, tuple(slices), tuple(evidence), zero_filled)
        if key not in self._panels:
            self._panels[key] = self._panel(
                reads, value, relative_to, slices, evidence, zero_filled=zero_filled
            )
        return self._panels[key]

    def _panel(
        self,
        reads: MetricReads,
        value: str,
        relative_to: str | None,
        slices: Sequence[str],
        evidence: Sequence[str],
        *,
        zero_filled: bool,
    ) -> Panel:
        rows = self._rows_of(reads)
        first = self.days[0] - timedelta(days=reads.history_days)
        built = self.built(self.marts[reads.table], reads.history_days)
        at = day_numbers(rows, first)
        labels, codes = slices_of(rows, slices)
        numbers = _number(rows, value)
        if relative_to:
            with np.errstate(divide="ignore", invalid="ignore"):
                numbers = numbers / _number(rows, relative_to)
            numbers[~np.isfinite(numbers)] = np.nan
        values = np.full((len(built), len(labels)), np.nan)
        values[at, codes] = numbers
        weights = None
        if evidence:
            weights = np.full((len(built), len(labels)), np.nan)
            weights[at, codes] = np.fmin.reduce([_number(rows, name) for name in evidence])
        if zero_filled:
            values[built] = np.nan_to_num(values[built])
        return Panel(first, labels, values, weights, built)

    def _rows_of(self, reads: MetricReads) -> "pd.DataFrame":
        rows = self._mart(reads.table)
        for column, values in reads.where:
            rows = rows[rows[column].isin(values)]
        return rows

    def _mart(self, name: str) -> "pd.DataFrame":
        """All that the rules read of a mart."""
        if name not in self._marts:
            of_table = [reads for reads in self.metric_reads if reads.table == name]
            columns = sorted(set().union(*(reads.columns for reads in of_table)))
            conditions = {reads.condition for reads in of_table}
            parts = ") OR (".join(sorted(map(str, conditions)))
            days = self.window(max(reads.history_days for reads in of_table))
            selected = ", ".join(map(quoted, ["event_date", *columns]))
            self._marts[name] = self.frame(
                f"SELECT {selected} FROM {self.lake.scan(self.marts[name], days)} "
                f"WHERE {'true' if None in conditions else f'({parts})'}"
            )
        return self._marts[name]


def _number(rows: "pd.DataFrame", column: str) -> Floats:
    return rows[column].to_numpy(dtype=np.float64, na_value=np.nan).copy()


def day_numbers(rows: "pd.DataFrame", first: date) -> NDArray[np.int64]:
    """How many days after the first each row's event_date lies."""
    days = rows["event_date"].to_numpy().astype("datetime64[D]") - np.datetime64(first, "D")
    return days.astype(np.int64)


def slices_of(
    rows: "pd.DataFrame", columns: Sequence[str]
) -> tuple[list[dict[str, str]], NDArray[np.int64]]:
    """The labels of the slices, and the position of each row among them."""
    import pandas as pd

    codes = np.zeros(len(rows), dtype=np.int64)
    names: list[Sequence[str]] = []
    for column in columns:
        of_column, unique = pd.factorize(rows[column], use_na_sentinel=False)
        names.append([NO_VALUE if pd.isna(name) else str(name) for name in unique])
        codes = codes * len(unique) + of_column
    kinds, codes = np.unique(codes, return_inverse=True)
    if not columns:
        return [{}], codes
    labels = []
    for kind in kinds.tolist():
        found: dict[str, str] = {}
        rest = kind
        for column, known in zip(reversed(columns), reversed(names), strict=True):
            rest, at = divmod(rest, len(known))
            found[column] = known[at]
        found = {column: found[column] for column in columns}
        if {"dimension", "value"} <= found.keys():
            found = {found["dimension"]: found["value"]}
        labels.append(found)
    return labels, codes
