"""A metric that changed against the same weekday of the weeks before."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from analytics_pipeline.alerting.baseline import WEEK, weekday_medians
from analytics_pipeline.alerting.declaration import (
    NotNegative,
    Outcome,
    Positive,
    not_evaluated,
    violated,
)
from analytics_pipeline.alerting.findings import Finding
from analytics_pipeline.alerting.metric_rule import MetricRule
from analytics_pipeline.alerting.reading import Panel, Readings
from analytics_pipeline.alerting.wording import change, weekday, worded


class WeekdayChangeRule(MetricRule):
    """Violated by a value that differs by the share ``change`` from the same weekday.

    It is compared with the median of the last ``weeks`` of them, of which ``min_weeks`` must be
    known, and must differ by ``min_difference`` too, in the unit of the metric.
    """

    kind: Literal["weekday_change"] = "weekday_change"
    change: Positive
    min_difference: NotNegative = 0.0
    weeks: Annotated[int, Field(ge=1, le=52)] = 4
    min_weeks: Annotated[int, Field(ge=1)] = 2

    @property
    def history(self) -> int:
        """How many days before a day are read."""
        return self.weeks * WEEK

    def evaluate(self, readings: Readings) -> Mapping[date, Outcome]:
        """The outcome for every day of the readings."""
        panel = self.panel(readings)
        return {day: self._of_day(readings, panel, day) for day in readings.days}

    def _of_day(self, readings: Readings, panel: Panel, day: date) -> Outcome:
        row = panel.at(day)
        judged = self.judged(panel, row)
        if not len(judged):
            return self.unjudged(readings, panel, day)
        if (not_over := self.not_over(readings, day)) is not None:
            return not_over
        history = panel.values[row - self.history : row, judged]
        expected = weekday_medians(history)[0]
        known = np.isfinite(history[0::WEEK]).sum(axis=0) >= min(self.min_weeks, self.weeks)
        values = panel.values[row, judged]
        whole = None if self.slices else float(values[0])
        if not known.any():
            return not_evaluated(
                f"too few of the {self.weeks} {weekday(day)}s before are known", value=whole
            )
        band = np.fmax(self.change * np.abs(expected), self.min_difference)
        lower, upper = expected - band, expected + band
        low = (values < lower) & known & (self.sides != "above")
        high = (values > upper) & known & (self.sides != "below")
        found = sorted(np.flatnonzero(low | high), key=lambda at: -abs(values[at] - expected[at]))
        limit = None if self.slices else float((lower if self.sides == "below" else upper)[0])
        if not found:
            return Outcome(True, self._passed(day, values, expected), whole, limit)
        findings = [
            Finding(
                self._message(
                    day, float(values[at]), float(expected[at]), panel.labels[judged[at]]
                ),
                panel.labels[judged[at]],
                float(values[at]),
                float(expected[at]),
                float(lower[at]) if self.sides != "above" else None,
                float(upper[at]) if self.sides != "below" else None,
            )
            for at in found
        ]
        shown = panel.history(row, int(judged[found[0]]), self.history)
        return violated(findings, value=whole, limit=limit, history=shown)

    def _message(self, day: date, value: float, expected: float, labels: Mapping[str, str]) -> str:
        return f"{self.told(labels, value)}, {self._against(day, value, expected)}."

    def _against(self, day: date, value: float, expected: float) -> str:
        before = f"the {weekday(day)}s before" if self.weeks > 1 else f"the {weekday(day)} before"
        told = change(value, expected)
        link = "on" if told.endswith("as high") else "than on"
        if expected == 0:
            return f"after none on {before}"
        return (
            f"{told}{' as' if link == 'on' else ''} {link} {before} ({worded(expected, self.unit)})"
        )

    def _passed(self, day: date, values: "np.ndarray", expected: "np.ndarray") -> str:  # type: ignore[type-arg]
        if self.slices:
            return f"{self.called} is about as on the {weekday(day)}s before in all slices."
        return self._message(day, float(values[0]), float(expected[0]), {})
