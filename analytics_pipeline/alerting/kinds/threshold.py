"""A metric beyond a fixed limit."""

from collections.abc import Mapping
from datetime import date
from typing import Literal

import numpy as np
from pydantic import model_validator

from analytics_pipeline.alerting.declaration import (
    Limit,
    NotNegative,
    Outcome,
    limit_of,
    violated,
)
from analytics_pipeline.alerting.findings import Finding
from analytics_pipeline.alerting.metric_rule import MetricRule
from analytics_pipeline.alerting.reading import Panel, Readings
from analytics_pipeline.alerting.wording import number, worded

SHOWN_DAYS = 28


class ThresholdRule(MetricRule):
    """Violated by a value strictly ``below`` or ``above`` a limit: a number or a setting.

    With ``certainty``, a share must also be so many standard errors beyond its limit, by the Wilson
    score interval (Wilson 1927) of its evidence: of 40 log entries, one error is no error rate.
    """

    kind: Literal["threshold"] = "threshold"
    below: Limit | None = None
    above: Limit | None = None
    certainty: NotNegative = 0

    @model_validator(mode="after")
    def _has_a_limit(self) -> "ThresholdRule":
        if self.below is None and self.above is None:
            raise ValueError("a threshold needs below or above: a number, or the name of a setting")
        return self

    @property
    def history(self) -> int:
        """How many days before a day are read, for the chart."""
        return SHOWN_DAYS

    def evaluate(self, readings: Readings) -> Mapping[date, Outcome]:
        """The outcome for every day of the readings."""
        panel = self.panel(readings)
        return {day: self._of_day(readings, panel, day) for day in readings.days}

    def _of_day(self, readings: Readings, panel: Panel, day: date) -> Outcome:
        thresholds = readings.settings.thresholds
        below = None if self.below is None else limit_of(self.below, thresholds)
        above = None if self.above is None else limit_of(self.above, thresholds)
        row, found = panel.at(day), []
        judged = self.judged(panel, row)
        if not len(judged):
            return self.unjudged(readings, panel, day)
        # A sum that has grown too high will not shrink until the day is over.
        if below is not None and (not_over := self.not_over(readings, day)) is not None:
            return not_over
        for at in judged:
            value, labels = float(panel.values[row, at]), panel.labels[at]
            least, most = self._range(panel, row, at)
            too_low = below is not None and most < below
            if too_low or (above is not None and least > above):
                limit = below if too_low else above
                assert limit is not None
                side, bound = ("below", "minimum") if too_low else ("above", "maximum")
                message = (
                    f"{self.told(labels, value)}, {side} the {bound} of {worded(limit, self.unit)}."
                )
                found.append(
                    (abs(value - limit), at, Finding(message, labels, value, None, below, above))
                )
        whole = float(panel.values[row, judged[0]]) if not self.slices else None
        limit = below if below is not None else above
        if found:
            found.sort(key=lambda each: -each[0])
            return violated(
                [finding for *_, finding in found],
                value=whole,
                limit=limit,
                history=panel.history(row, found[0][1], SHOWN_DAYS),
            )
        return Outcome(True, self._passed(panel, row, len(judged), below, above), whole, limit)

    def _range(self, panel: Panel, row: int, at: int) -> tuple[float, float]:
        """The values that are possible given the evidence; the value alone without certainty."""
        share = float(panel.values[row, at])
        evidence = np.nan if panel.evidence is None else float(panel.evidence[row, at])
        if not (self.certainty and self.is_share and evidence > 0 and 0 <= share <= 1):
            return share, share
        z_squared = self.certainty**2 / evidence
        middle = (share + z_squared / 2) / (1 + z_squared)
        half = np.sqrt(share * (1 - share) * z_squared + z_squared**2 / 4) / (1 + z_squared)
        return float(middle - half), float(middle + half)

    def _passed(
        self, panel: Panel, row: int, judged: int, below: float | None, above: float | None
    ) -> str:
        limits = {"at least": below, "at most": above}
        allowed = " and ".join(
            f"{word} {worded(limit, self.unit)}"
            for word, limit in limits.items()
            if limit is not None
        )
        if self.slices:
            return f"{self.called} of all {judged} slices is {allowed}."
        value = float(panel.values[row, 0])
        said = f"{self.told({}, value)}; it may be {allowed}"
        if (below is not None and value < below) or (above is not None and value > above):
            # Only a share with evidence is passed beyond its limit.
            assert panel.evidence is not None
            evidence = f"{number(panel.evidence[row, 0])} {self.evidence[0].replace('_', ' ')}"
            return f"{said}, but {evidence} are too few to tell."
        return f"{said}."
