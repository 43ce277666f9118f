"""A metric far from what is usual on its weekday."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from analytics_pipeline.alerting.declaration import (
    Direction,
    NotNegative,
    Outcome,
    Positive,
    Rule,
    not_evaluated,
    violated,
)
from analytics_pipeline.alerting.findings import Finding
from analytics_pipeline.alerting.metric_rule import MetricRule
from analytics_pipeline.alerting.reading import Panel, Readings
from analytics_pipeline.alerting.wording import (
    compared,
    of_slice,
    told_unit,
    weekday,
    worded,
    worded_range,
)
from analytics_pipeline.insights.seasonal_baseline import (
    WEEK,
    Baseline,
    Floats,
    seasonal_baseline,
    weekday_medians,
)

Positions = NDArray[np.intp]
USUAL_SPREADS = 2


class Sensitivity(Rule):
    """How far from usual a value must be: by every one of these measures.

    ``z`` in standard deviations, ``min_change`` relative to what is usual, ``min_difference`` in
    the unit of the value, ``min_share`` as a share of what all slices together
    have on an average day.
    ``history_weeks`` are compared with, of which ``min_history`` days must be known, and
    ``min_weeks`` of the same weekday.
    """

    z: Positive = 6.0
    min_change: NotNegative = 0.3
    min_difference: NotNegative = 0.0
    min_share: NotNegative = 0.0
    history_weeks: Annotated[int, Field(ge=2, le=52)] = 8
    min_history: Annotated[int, Field(ge=2)] = 21
    min_weeks: Annotated[int, Field(ge=1)] = 3

    @property
    def history(self) -> int:
        """How many days before a day are read."""
        return self.history_weeks * WEEK


@dataclass(frozen=True)
class Measured:
    """What a sensitivity is applied to: how the values of a panel behave.

    ``relative``, ``share`` and ``count`` say how they deviate: in proportion, as a share of the
    evidence, or at least as counts do. ``amount`` says that they are sums of amounts, of which a
    few can be most. ``new_slices`` says whether a slice is judged that usually has nothing.
    """

    called: str
    unit: str | None
    side: Direction
    relative: bool
    share: bool
    count: bool
    amount: bool = False
    new_slices: bool = True


@dataclass(frozen=True)
class Limits:
    """The band that values must leave, and what is usual, for each slice; NaN where unknown."""

    lower: Floats
    upper: Floats
    baseline: Baseline


def limits_of(
    sensitivity: Sensitivity, measured: Measured, panel: Panel, row: int, judged: Positions
) -> Limits:
    """The limits of some slices of a day, by the weeks before it."""
    first = row - sensitivity.history
    history = panel.values[first:row, judged]
    evidence = evidence_of_day = None
    if panel.evidence is not None:
        evidence = panel.evidence[first:row, judged]
        evidence_of_day = panel.evidence[row, judged]
    baseline = seasonal_baseline(
        history,
        relative=measured.relative,
        evidence=evidence,
        evidence_of_day=evidence_of_day,
    )
    expected, spread = baseline.expected, baseline.spread
    if measured.share and evidence_of_day is not None:
        # The sampling error of a share, with the share drawn to a half so that it is never 0.
        share = (expected * evidence_of_day + 0.5) / (evidence_of_day + 1)
        spread = np.fmax(spread, np.sqrt(share * (1 - share) / evidence_of_day))
    if measured.count:
        spread = np.fmax(spread, np.sqrt(np.fmax(expected, 1)))
    band = np.fmax(sensitivity.z * spread, sensitivity.min_change * np.abs(expected))
    # Where one day in twenty is far off, as with users who seldom come, others will be as well. Of
    # other values such days are the incidents of the past, which excuse no further one.
    if measured.amount:
        band = np.fmax(band, sensitivity.z / 2 * baseline.tail)
    band = np.fmax(band, sensitivity.min_difference)
    if sensitivity.min_share:
        totals = np.nansum(panel.values[first:row], axis=1, keepdims=True)
        totals[~panel.built[first:row]] = np.nan
        # Of an average day: on a weekend, a little is much.
        total = np.nan_to_num(weekday_medians(totals)).mean()
        band = np.fmax(band, sensitivity.min_share * total)
    with np.errstate(divide="ignore", invalid="ignore"):
        # Twice as much is as far from usual as half as much.
        below = expected**2 / (expected + band) if measured.relative else expected - band
    weeks = history[0::WEEK]
    unknown = (
        (baseline.days < sensitivity.min_history)
        | (np.isfinite(weeks).sum(axis=0) < sensitivity.min_weeks)
        | (band <= 0)
        | ((expected == 0) & (not measured.new_slices))
    )
    lower, upper = np.where(unknown, np.nan, below), np.where(unknown, np.nan, expected + band)
    return Limits(lower, upper, Baseline(expected, spread, baseline.tail, baseline.days))


def judge(
    sensitivity: Sensitivity, measured: Measured, panel: Panel, day: date, judged: Positions
) -> Outcome:
    """The outcome of a day of which some slices, at least one, can be judged."""
    row = panel.at(day)
    limits = limits_of(sensitivity, measured, panel, row, judged)
    values = panel.values[row, judged]
    whole = float(values[0]) if panel.labels == [{}] else None
    known = np.isfinite(limits.upper)
    if not known.any():
        days = int(limits.baseline.days.max())
        return not_evaluated(
            f"the {sensitivity.history} days before have {days} to compare with, where "
            f"{sensitivity.min_history} are needed, {sensitivity.min_weeks} of them on a "
            f"{weekday(day)}",
            value=whole,
        )
    low = (values < limits.lower) & known & (measured.side != "above")
    high = (values > limits.upper) & known & (measured.side != "below")
    found = np.flatnonzero(low | high).tolist()
    limit = None
    if whole is not None:
        limit = float((limits.lower if measured.side == "below" or low[0] else limits.upper)[0])
    if found:
        by_size = sorted(found, key=lambda at: -abs(values[at] - limits.baseline.expected[at]))
        findings = [_finding(measured, panel, day, int(judged[at]), limits, at) for at in by_size]
        return violated(
            findings,
            value=whole,
            limit=limit,
            history=panel.history(row, int(judged[by_size[0]]), sensitivity.history),
        )
    return Outcome(True, _passed(measured, day, values, limits, known), whole, limit)


def _usual(measured: Measured, limits: Limits, at: int) -> str:
    expected = float(limits.baseline.expected[at])
    spread = USUAL_SPREADS * float(limits.baseline.spread[at])
    low = expected**2 / (expected + spread) if measured.relative and expected else expected - spread
    high = expected + spread
    if measured.share:
        high = min(high, 1.0)
    return worded_range(
        max(low, 0.0) if expected >= 0 else low, high, told_unit(measured.called, measured.unit)
    )


def _finding(
    measured: Measured, panel: Panel, day: date, slice_: int, limits: Limits, at: int
) -> Finding:
    value, labels = float(panel.values[panel.at(day), slice_]), panel.labels[slice_]
    expected = float(limits.baseline.expected[at])
    unit = told_unit(measured.called, measured.unit)
    how = ","
    if not measured.share and expected:
        how = f", {compared(value, expected, 'usual')}:"
    message = (
        f"{measured.called}{of_slice(labels)} is {worded(value, unit)}{how} usually "
        f"{_usual(measured, limits, at)} on {weekday(day)}s."
    )
    return Finding(
        message, labels, value, expected,
        float(limits.lower[at]) if measured.side != "above" else None,
        float(limits.upper[at]) if measured.side != "below" else None,
    )  # fmt: skip


def _passed(measured: Measured, day: date, values: Floats, limits: Limits, known: Floats) -> str:
    if len(values) > 1:
        return f"{measured.called} is as usual in all {int(known.sum())} slices that are known."
    value = worded(float(values[0]), told_unit(measured.called, measured.unit))
    return (
        f"{measured.called} is {value}, usually {_usual(measured, limits, 0)} on {weekday(day)}s."
    )


class AnomalyRule(Sensitivity, MetricRule):
    """Violated by a value whose robust z-score on the seasonal residual is beyond ``z``.

    The season is the weekday. Source: see analytics_pipeline.insights.seasonal_baseline.
    """

    kind: Literal["anomaly"] = "anomaly"

    @property
    def measured(self) -> Measured:
        """How the values of the metric behave."""
        return Measured(
            self.called, self.unit, self.sides,
            relative=not self.is_share,
            share=self.is_share,
            count=self.is_sum and self._definition.type == "BIGINT",
            amount=self.is_sum and self._definition.type != "BIGINT",
        )  # fmt: skip

    def evaluate(self, readings: Readings) -> Mapping[date, Outcome]:
        """The outcome for every day of the readings."""
        panel = self.panel(readings)
        return {day: self._of_day(readings, panel, day) for day in readings.days}

    def _of_day(self, readings: Readings, panel: Panel, day: date) -> Outcome:
        judged = self.judged(panel, panel.at(day))
        if not len(judged):
            return self.unjudged(readings, panel, day)
        return self.not_over(readings, day) or judge(self, self.measured, panel, day, judged)
