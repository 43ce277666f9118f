"""What is spent in a month, against a budget."""

import calendar
from collections.abc import Mapping
from datetime import date
from typing import Literal

import numpy as np

from analytics_pipeline.alerting.declaration import (
    Outcome,
    Positive,
    not_evaluated,
    violated,
)
from analytics_pipeline.alerting.findings import Finding
from analytics_pipeline.alerting.metric_rule import MetricRule
from analytics_pipeline.alerting.reading import Panel, Readings
from analytics_pipeline.alerting.wording import number, of_slice, worded

LONGEST_MONTH = 31
PROJECTED_FROM_DAYS = 7


class BudgetRule(MetricRule):
    """Violated where the month uses up more than ``share`` of ``budget``.

    ``measure``: what was spent from the first of the month to the day (month_to_date); that and
    the mean of the last 7 days for each day left (projected); or how many times as fast as the
    budget allows was spent in the last ``days`` (burn_rate), which may be ``burn_rate`` at most. A
    rule without a budget is not evaluated. With ``slices``, each has that budget.
    """

    kind: Literal["budget"] = "budget"
    metric: str = "daily_cost_metrics.total_cost"
    budget: Positive | None = None
    measure: Literal["month_to_date", "projected", "burn_rate"] = "month_to_date"
    share: Positive = 1.0
    burn_rate: Positive = 2.0
    days: int = 3

    @property
    def is_active(self) -> bool:
        """Whether the rule is evaluated: it is not switched off, and has a budget."""
        return self.enabled and self.budget is not None

    @property
    def metric_id(self) -> str | None:
        """None: the value is a sum over days of the metric."""
        return None

    @property
    def history(self) -> int:
        """How many days before a day are read."""
        return LONGEST_MONTH

    def evaluate(self, readings: Readings) -> Mapping[date, Outcome]:
        """The outcome for every day of the readings."""
        panel = self.panel(readings)
        return {day: self._of_day(panel, day) for day in readings.days}

    def _of_day(self, panel: Panel, day: date) -> Outcome:
        assert self.budget is not None
        row = panel.at(day)
        if not panel.built[row]:
            return not_evaluated(f"{self.mart} has not been built for {day.isoformat()}")
        if not panel.labels:
            return not_evaluated("the month has no cost that is known")
        length = calendar.monthrange(day.year, day.month)[1]
        spent = np.nansum(panel.values[row - day.day + 1 : row + 1], axis=0)
        unit, limit = self.unit, self.share * self.budget
        match self.measure:
            case "month_to_date":
                values, what = spent, f"{self.called} of the month up to {day.day} {day:%B}"
            case "projected":
                recent = panel.values[row - PROJECTED_FROM_DAYS + 1 : row + 1]
                if np.isnan(recent).all(axis=1).any():
                    return not_evaluated(f"the last {PROJECTED_FROM_DAYS} days are not all known")
                daily = np.nansum(recent, axis=0) / PROJECTED_FROM_DAYS
                values = spent + daily * (length - day.day)
                what = f"Projected {self.called.lower()} of {day:%B}"
            case "burn_rate":
                recent = panel.values[row - self.days + 1 : row + 1]
                allowed = self.budget / length * self.days
                values, limit, unit = np.nansum(recent, axis=0) / allowed, self.burn_rate, None
                what = f"Spending of the last {self.days} days"
        whole = None if self.slices else float(values[0])
        found = sorted(np.flatnonzero(values > limit).tolist(), key=lambda at: -values[at])
        if not found:
            highest = float(values.max())
            return Outcome(True, self._said(what, {}, highest, limit, unit), whole, limit)
        findings = [
            Finding(
                self._said(what, panel.labels[at], float(values[at]), limit, unit),
                panel.labels[at], float(values[at]), self.budget, None, limit,
            )
            for at in found
        ]  # fmt: skip
        history = panel.history(row, found[0], LONGEST_MONTH)
        return violated(findings, value=whole, limit=limit, history=history)

    def _said(
        self, what: str, labels: Mapping[str, str], value: float, limit: float, unit: str | None
    ) -> str:
        assert self.budget is not None
        budget = worded(self.budget, self.unit)
        if self.measure == "burn_rate":
            return (
                f"{what}{of_slice(labels)} is {number(value)} times as fast as the budget of "
                f"{budget} allows; it may be at most {number(limit)} times."
            )
        used = f"{number(100 * value / self.budget)}% of the budget of {budget}"
        return f"{what}{of_slice(labels)} is {worded(value, unit)}, {used}."
