"""The number of events of a day: of all, or of each source or event type."""

from collections.abc import Mapping
from datetime import date
from typing import Literal

import numpy as np

from analytics_pipeline.alerting.declaration import (
    Direction,
    Limit,
    NotNegative,
    Outcome,
    limit_of,
    not_evaluated,
    violated,
)
from analytics_pipeline.alerting.findings import Finding
from analytics_pipeline.alerting.kinds.anomaly import Measured, Sensitivity, judge
from analytics_pipeline.alerting.reading import Panel, Readings, day_numbers, slices_of
from analytics_pipeline.alerting.wording import number
from analytics_pipeline.ingestion.quality_tables import SOURCE_FIELDS
from analytics_pipeline.ingestion.tables import FILE_LINE_COUNTS
from analytics_pipeline.insights.seasonal_baseline import weekday_medians

SHOWN_DAYS = 28


class VolumeRule(Sensitivity):
    """Violated by fewer events than ``minimum`` or, without one, by an unusual number of them.

    What is usual is found as by the kind anomaly. ``by`` looks at each source or event type that
    usually has some; it must have ``min_events``, on the day or usually.
    """

    kind: Literal["volume"] = "volume"
    by: Literal["source", "event_type"] | None = None
    minimum: Limit | None = None
    min_events: NotNegative = 20
    direction: Direction = "both"

    @property
    def about(self) -> str:
        """The asset that the rule is about."""
        return self.asset or "validated_events"

    @property
    def reads(self) -> tuple[str, ...]:
        """The table that the events are counted in."""
        return ((SOURCE_FIELDS if self.by else FILE_LINE_COUNTS).name,)

    @property
    def unit(self) -> str | None:
        """The unit of the value."""
        return "events"

    def evaluate(self, readings: Readings) -> Mapping[date, Outcome]:
        """The outcome for every day of the readings."""
        panel = self._panel(readings)
        of_day = self._minimum if self.minimum is not None else self._unusual
        return {day: of_day(readings, panel, day) for day in readings.days}

    @property
    def _called(self) -> str:
        return self.quantity or "Number of events"

    def _minimum(self, readings: Readings, panel: Panel, day: date) -> Outcome:
        assert self.minimum is not None
        row, limit = panel.at(day), limit_of(self.minimum, readings.settings.thresholds)
        values = np.nan_to_num(panel.values[row])
        whole = float(values[0]) if not self.by else None
        low = np.flatnonzero(values < limit).tolist()
        if not low:
            events = number(float(values.min())) if len(values) else "0"
            return Outcome(
                True,
                f"{self._called} is {events}; it may be at least {number(limit)}.",
                whole,
                limit,
            )
        if not readings.is_over(day):
            return not_evaluated("the day is not over", value=whole, limit=limit)
        findings = [
            Finding(
                f"{self._called}{_of(panel.labels[at])} is {number(float(values[at]))}, below the "
                f"minimum of {number(limit)}.",
                panel.labels[at], float(values[at]), None, limit,
            )
            for at in low
        ]  # fmt: skip
        shown = panel.history(row, low[0], SHOWN_DAYS)
        return violated(findings, value=whole, limit=limit, history=shown)

    def _unusual(self, readings: Readings, panel: Panel, day: date) -> Outcome:
        row = panel.at(day)
        if not panel.built[row]:
            return not_evaluated(f"{self.reads[0]} has not been built for {day.isoformat()}")
        if not readings.is_over(day):
            return not_evaluated("the day is not over")
        usual = weekday_medians(panel.values[row - self.history : row])[0]
        judged = np.flatnonzero(np.fmax(usual, panel.values[row]) >= self.min_events)
        if not len(judged):
            return not_evaluated(
                f"the day has fewer than {number(self.min_events)} events, as usual"
            )
        measured = Measured(
            self._called, "events", self.direction, relative=True, share=False, count=True,
            new_slices=False,
        )  # fmt: skip
        return judge(self, measured, panel, day, judged)

    def _panel(self, readings: Readings) -> Panel:
        """The number of events by day and slice; 0 on a built day without any."""
        table = SOURCE_FIELDS if self.by else FILE_LINE_COUNTS
        window = readings.window(self.history)
        first, built = window[0], readings.built(table, self.history)
        if self.by:
            rows = readings.frame(
                f"""
                SELECT event_date, source, event_type, sum(records)::BIGINT AS events
                FROM (
                    SELECT event_date, source, event_type, format, max(of_records) AS records
                    FROM {readings.lake.scan(table, window)} GROUP BY ALL
                ) GROUP BY ALL
                """
            )
            labels, codes = slices_of(rows, [self.by])
        else:
            rows = readings.frame(
                f"""
                SELECT event_date, sum(validated)::BIGINT AS events
                FROM {readings.lake.scan(table, window)} GROUP BY ALL
                """
            )
            labels, codes = slices_of(rows, [])
        values = np.full((len(built), len(labels)), np.nan)
        values[built] = 0
        events = rows["events"].to_numpy(dtype=float)
        np.add.at(values, (day_numbers(rows, first), codes), events)
        return Panel(first, labels, values, None, built)


def _of(labels: Mapping[str, str]) -> str:
    return "".join(f" of {name.replace('_', ' ')} {value}" for name, value in labels.items())
