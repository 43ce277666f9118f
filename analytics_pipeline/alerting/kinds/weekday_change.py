"""A metric that changed against the same weekday of the weeks before."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

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
from analytics_pipeline.alerting.wording import compared, weekday, worded
from analytics_pipeline.insights.seasonal_baseline import WEEK, weekday_medians


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
        values = panel.values[row, judged]
        whole = None if self.slices else float(values[0])
        history = panel.values[row - self.history : row, judged]
        expected = weekday_medians(history)[0]
        known = np.isfinite(history[0::WEEK]).sum(axis=0) >= min(self.min_weeks, self.weeks)
        if not known.any():
            return not_evaluated(
                f"too few of the {self.weeks} {weekday(day)}s before are known", value=whole
            )
        band = np.fmax(self.change * np.abs(expected), self.min_difference)
        lower = expected - band if self.sides != "above" else np.full_like(band, -np.inf)
        upper = expected + band if self.sides != "below" else np.full_like(band, np.inf)
        unusual = np.flatnonzero(known & ((values < lower) | (values > upper))).tolist()
        limit = None
        if not self.slices:
            limit = float(lower[0] if np.isinf(upper[0]) else upper[0])
        if not unusual:
            message = f"{self.called} is as on the {weekday(day)}s before in all slices."
            if whole is not None:
                message = self._message(day, whole, float(expected[0]), {})
            return Outcome(True, message, whole, limit)
        unusual.sort(key=lambda at: -abs(values[at] - expected[at]))
        findings = []
        for at in unusual:
            value, before = float(values[at]), float(expected[at])
            labels = panel.labels[judged[at]]
            findings.append(
                Finding(
                    self._message(day, value, before, labels),
                    labels,
                    value,
                    before,
                    float(lower[at]) if np.isfinite(lower[at]) else None,
                    float(upper[at]) if np.isfinite(upper[at]) else None,
                )
            )
        shown = panel.history(row, int(judged[unusual[0]]), self.history)
        return violated(findings, value=whole, limit=limit, history=shown)

    def _message(self, day: date, value: float, expected: float, labels: Mapping[str, str]) -> str:
        before = f"{weekday(day)}s" if self.weeks > 1 else weekday(day)
        against = compared(value, expected, f"on the {before} before")
        return f"{self.told(labels, value)}, {against} ({worded(expected, self.unit)})."
