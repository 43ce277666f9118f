"""What the rules over a metric of a mart have in common: which values they look at."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, PrivateAttr, field_validator

from analytics_pipeline.alerting.declaration import (
    Direction,
    Names,
    NotNegative,
    Outcome,
    Rule,
    not_evaluated,
)
from analytics_pipeline.alerting.reading import MetricReads, Panel, Readings
from analytics_pipeline.alerting.wording import number, of_slice, quantity_of, told_unit, worded
from analytics_pipeline.errors import PipelineError
from analytics_pipeline.lake.table import Column, Table
from analytics_pipeline.metrics.catalog import DIMENSION, VALUE, MetricDefinition
from analytics_pipeline.metrics.errors import suggestion

SUMMED = ("USD", "min")
ADDED_UP = "BIGINT"


class FieldError(PipelineError):
    """A field of a rule contradicts the catalog; ``field`` names it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def _values(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {
        name: tuple(str(each) for each in (found if isinstance(found, list) else [found]))
        for name, found in value.items()
    }


class MetricRule(Rule):
    """A rule over a metric: of the day as a whole, or of each of its slices.

    ``metric`` names the mart and the column; ``relative_to`` another column of the row that the
    value is divided by. ``slices`` is a dimension of a mart by slice, or key columns; ``where``
    chooses rows by the values of other columns. ``evidence`` names columns of the row,
    such as total_queries, of each of which a row needs at least ``min_evidence`` to be judged.
    ``direction`` (below, above or both) says on which side a value is looked at; else it is the one
    that the metric calls bad. ``partial_day`` says whether a day is judged before it is over; else
    sums are not.
    """

    metric: str = Field(description="MART.COLUMN, as docs/metrics.md lists them.")
    relative_to: str | None = None
    slices: Names = ()
    where: Annotated[dict[str, tuple[str, ...]], BeforeValidator(_values)] = Field(
        default_factory=dict
    )
    evidence: Names = ()
    min_evidence: NotNegative = 0
    direction: Direction | None = None
    partial_day: bool | None = None

    _definition: MetricDefinition = PrivateAttr()
    _slice_columns: tuple[str, ...] = PrivateAttr(default=())
    _rows: tuple[tuple[str, tuple[str, ...]], ...] = PrivateAttr(default=())

    @field_validator("metric")
    @classmethod
    def _has_mart_and_column(cls, value: str) -> str:
        if value.count(".") != 1:
            raise ValueError("a metric is named MART.COLUMN, such as daily_cache_metrics.hit_rate")
        return value

    @property
    def mart(self) -> str:
        """The mart of the metric."""
        return self.metric.split(".")[0]

    @property
    def column(self) -> str:
        """The column of the metric."""
        return self.metric.split(".")[1]

    @property
    def about(self) -> str:
        """The asset that the rule is about: that of the mart where none is named."""
        return self.asset or self.mart

    @property
    def reads(self) -> tuple[str, ...]:
        """The mart of the metric."""
        return (self.mart,)

    @property
    def metric_id(self) -> str | None:
        """The definition of the value; a ratio of two columns has none."""
        return None if self.relative_to else self.metric

    @property
    def unit(self) -> str | None:
        """The unit of the value."""
        return "times" if self.relative_to else self._definition.unit

    @property
    def called(self) -> str:
        """What messages call the value."""
        return self.quantity or quantity_of(self.column)

    @property
    def is_sum(self) -> bool:
        """Whether the value grows until the day is over, and slices without a row have none."""
        if self.partial_day is not None:
            return not self.partial_day
        definition = self._definition
        return not self.relative_to and (definition.type == ADDED_UP or definition.unit in SUMMED)

    @property
    def is_share(self) -> bool:
        """Whether the value is a share of the evidence."""
        return self.unit == "share"

    @property
    def sides(self) -> Direction:
        """On which side a value is looked at: where the metric says what is good, on the other."""
        if self.direction:
            return self.direction
        good = None if self.relative_to else self._definition.good_direction
        match good:
            case "higher":
                return "below"
            case "lower":
                return "above"
            case _:
                return "both"

    def bind(self, catalog: Mapping[str, MetricDefinition], marts: Mapping[str, Table]) -> None:
        """Check the names of the rule against the catalog; raises FieldError for a wrong one."""
        if self.mart not in marts:
            raise FieldError(
                "metric", f"there is no mart '{self.mart}'; {suggestion(self.mart, marts)}"
            )
        definition = catalog.get(self.metric)
        if definition is None:
            known = [each.name for each in catalog.values() if each.model == self.mart]
            raise FieldError(
                "metric",
                f"'{self.column}' is no metric of {self.mart}; {suggestion(self.column, known)}",
            )
        columns = {column.name: column for column in marts[self.mart].columns}
        named = {
            "relative_to": [self.relative_to] if self.relative_to else [],
            "evidence": self.evidence,
            "where": self.where,
        }
        for field, names in named.items():
            for name in names:
                if name not in columns:
                    raise FieldError(
                        field, f"'{name}' is no column of {self.mart}; {suggestion(name, columns)}"
                    )
        self._definition = definition
        self._slice_columns, self._rows = self._find_slices(columns, marts[self.mart].key)

    def _find_slices(
        self, columns: Mapping[str, Column], key: tuple[str, ...]
    ) -> tuple[tuple[str, ...], tuple[tuple[str, tuple[str, ...]], ...]]:
        """The columns that name a slice, and the rows that the rule looks at."""
        rows = dict(self.where)
        slices = self.slices
        if {DIMENSION, VALUE} <= set(key):
            dimensions = columns[DIMENSION].accepted
            for name in slices:
                if name not in dimensions:
                    raise FieldError(
                        "slices",
                        f"'{name}' is no dimension of {self.mart}; {suggestion(name, dimensions)}",
                    )
            if slices:
                rows[DIMENSION] = slices
                slices = (DIMENSION, VALUE)
        for name in slices:
            if name not in columns:
                raise FieldError(
                    "slices", f"'{name}' is no column of {self.mart}; {suggestion(name, key)}"
                )
        single = {name for name, values in rows.items() if len(values) == 1}
        missing = [name for name in key if name not in slices and name not in single]
        if missing:
            raise FieldError(
                "slices",
                f"{self.mart} has several rows a day, told apart by {', '.join(key)}: name "
                f"{', '.join(missing)} in slices, or choose one value in where",
            )
        return slices, tuple(sorted(rows.items()))

    @property
    def metric_reads(self) -> MetricReads:
        """What the rule reads of its mart."""
        columns = {self.column, *self.evidence, *self._slice_columns}
        columns |= {name for name, _ in self._rows}
        if self.relative_to:
            columns.add(self.relative_to)
        return MetricReads(self.mart, frozenset(columns), self._rows, self.history)

    def panel(self, readings: Readings) -> Panel:
        """The values that the rule looks at."""
        return readings.panel(
            self.metric_reads,
            value=self.column,
            relative_to=self.relative_to,
            slices=self._slice_columns,
            evidence=self.evidence,
            zero_filled=bool(self._slice_columns) and self.is_sum,
        )

    def judged(self, panel: Panel, row: int) -> NDArray[np.intp]:
        """The slices of a day that have a value and enough evidence for it."""
        known = ~np.isnan(panel.values[row])
        if self.evidence and panel.evidence is not None:
            known &= np.nan_to_num(panel.evidence[row]) >= self.min_evidence
        return np.flatnonzero(known)

    def unjudged(self, readings: Readings, panel: Panel, day: date) -> Outcome:
        """Why no slice of a day can be judged."""
        row = panel.at(day)
        if not panel.built[row]:
            return not_evaluated(f"{self.mart} has not been built for {day.isoformat()}")
        if self.evidence and (~np.isnan(panel.values[row])).any():
            assert panel.evidence is not None
            most = float(np.nanmax(np.nan_to_num(panel.evidence[row])))
            return not_evaluated(
                f"the day has too little evidence, {number(most)} "
                f"{self.evidence[0].replace('_', ' ')} where {number(self.min_evidence)} are needed"
            )
        column = next(c for c in readings.marts[self.mart].columns if c.name == self.column)
        reason = column.null_reason or f"The day has no {self.called.lower()}."
        return not_evaluated(reason[:1].lower() + reason[1:].rstrip("."))

    def not_over(self, readings: Readings, day: date) -> Outcome | None:
        """That a sum of a day that is not over cannot be judged; None where it can."""
        if self.is_sum and not readings.is_over(day):
            return not_evaluated("the day is not over")
        return None

    def told(self, labels: Mapping[str, str], value: float) -> str:
        """The beginning of a message: Hit rate of model small is 31.2%."""
        return (
            f"{self.called}{of_slice(labels)} is {worded(value, told_unit(self.called, self.unit))}"
        )
