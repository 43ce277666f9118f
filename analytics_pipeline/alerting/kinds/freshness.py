"""How long before the end of a day its newest event lies."""

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal

from pydantic import Field

from analytics_pipeline.alerting.declaration import (
    Outcome,
    Positive,
    Rule,
    not_evaluated,
    violated,
)
from analytics_pipeline.alerting.findings import Finding
from analytics_pipeline.alerting.reading import Readings
from analytics_pipeline.alerting.wording import weekday, worded
from analytics_pipeline.events.tables import VALIDATED_EVENTS

WEEK = 7
HOUR = 3600.0


class FreshnessRule(Rule):
    """Violated where the newest event lies more than ``max_hours`` before the end of the day.

    For today, the end is now. A day is allowed ``factor`` times the longest such gap of the same
    weekday in the last ``weeks``: who works by day has no events at night.
    """

    kind: Literal["freshness"] = "freshness"
    max_hours: Positive = 6.0
    factor: Positive = 1.5
    weeks: Annotated[int, Field(ge=0, le=52)] = 4

    @property
    def about(self) -> str:
        """The asset that the rule is about."""
        return self.asset or VALIDATED_EVENTS.name

    @property
    def reads(self) -> tuple[str, ...]:
        """The table that the rule reads."""
        return (VALIDATED_EVENTS.name,)

    @property
    def days_before(self) -> Collection[int]:
        """How many days before a judged day the other days lie that are read."""
        return range(WEEK, self.weeks * WEEK + 1, WEEK)

    @property
    def unit(self) -> str | None:
        """The unit of the value."""
        return "s"

    def evaluate(self, readings: Readings) -> Mapping[date, Outcome]:
        """The outcome for every day of the readings."""
        days = {
            day - timedelta(days=WEEK * back)
            for day in readings.days
            for back in range(self.weeks + 1)
        }
        rows = readings.frame(
            f"""
            SELECT event_date, max("timestamp") AS newest
            FROM {readings.lake.scan(VALIDATED_EVENTS, days)} GROUP BY event_date
            """
        )
        dates = rows["event_date"].to_numpy().astype("datetime64[D]").tolist()
        times = rows["newest"].to_numpy().astype("datetime64[us]").tolist()
        newest = dict(zip(dates, times, strict=True))
        return {day: self._of_day(readings, newest, day) for day in readings.days}

    def _of_day(self, readings: Readings, newest: Mapping[date, datetime], day: date) -> Outcome:
        if day not in newest:
            return not_evaluated("the day has no events")
        gap = _gap(day, newest[day], readings.now)
        before = {
            past: _gap(past, newest[past], readings.now)
            for past in (day - timedelta(days=WEEK * back) for back in range(1, self.weeks + 1))
            if past in newest
        }
        limit = max([HOUR * self.max_hours, *(self.factor * each for each in before.values())])
        end = "the end of the day" if readings.is_over(day) else "now"
        message = f"The newest event lies {worded(gap, 's')} before {end}, at {newest[day]:%H:%M}"
        if gap <= limit:
            return Outcome(True, f"{message}; it may be at most {worded(limit, 's')}.", gap, limit)
        usual = max(before.values(), default=None)
        if usual is not None:
            message += f"; on the {weekday(day)}s before it was {worded(usual, 's')} at most"
        finding = Finding(f"{message}.", {}, gap, usual, None, limit)
        return violated([finding], value=gap, limit=limit, history={**before, day: gap})


def _gap(day: date, newest: datetime, now: datetime) -> float:
    """Seconds from the newest event to the end of its day, or to now where that is earlier."""
    end = datetime.combine(day + timedelta(days=1), time(), UTC)
    return max(0.0, (min(end, now) - newest.replace(tzinfo=UTC)).total_seconds())
