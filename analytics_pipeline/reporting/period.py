"""The periods that reports are about: days, ISO weeks and calendar months."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

from analytics_pipeline.reporting.document import Kind

DAY, WEEK = timedelta(days=1), timedelta(days=7)


@dataclass(frozen=True, order=True)
class Period:
    """Days in a row, from ``first`` to ``last``, both included."""

    first: date
    last: date
    kind: Kind

    @classmethod
    def of_day(cls, day: date) -> Self:
        """The period of one day."""
        return cls(day, day, "daily")

    @classmethod
    def of_week(cls, day: date) -> Self:
        """The week of a day, from Monday to Sunday (ISO 8601)."""
        monday = day - timedelta(days=day.weekday())
        return cls(monday, monday + WEEK - DAY, "weekly")

    @classmethod
    def of_month(cls, day: date) -> Self:
        """The calendar month of a day."""
        length = monthrange(day.year, day.month)[1]
        return cls(day.replace(day=1), day.replace(day=length), "monthly")

    @property
    def days(self) -> list[date]:
        """The days of the period, ascending."""
        return [self.first + number * DAY for number in range((self.last - self.first).days + 1)]

    @property
    def before(self) -> "Period":
        """What it is compared with: the same weekday, the week or the month before."""
        match self.kind:
            case "daily":
                return Period.of_day(self.first - WEEK)
            case "weekly":
                return Period.of_week(self.first - DAY)
            case "monthly":
                return Period.of_month(self.first - DAY)
