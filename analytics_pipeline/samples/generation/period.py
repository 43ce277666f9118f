"""The time that generated events cover, and how times are counted in it.

Times are microseconds since 1970 in UTC, as numpy int64; hours are numbered from the start.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

SECOND = 1_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Period:
    """Whole days in a row."""

    first: date
    days: int

    @property
    def start(self) -> int:
        """The first microsecond."""
        return (self.first - EPOCH).days * DAY

    @property
    def dates(self) -> list[date]:
        """Every date, ascending."""
        return [self.first + timedelta(days=day) for day in range(self.days)]

    def day_of(self, times: Ints) -> Ints:
        """Number of the day, from 0, in which each time lies."""
        return (times - self.start) // DAY

    def hour_of(self, times: Ints) -> Ints:
        """Number of the hour, from 0, in which each time lies."""
        return (times - self.start) // HOUR

    def is_weekend(self, hours: Ints) -> Flags:
        """Whether each numbered hour lies in a weekend."""
        return (self.first.weekday() + hours // 24) % 7 >= 5

    def moment(self, hour: int) -> datetime:
        """Start of a numbered hour."""
        return datetime.combine(self.first, datetime.min.time(), UTC) + timedelta(hours=hour)

    def dates_between(self, first_hour: int, last_hour: int) -> list[date]:
        """The dates of the hours from one to before another."""
        return self.dates[first_hour // 24 : (last_hour - 1) // 24 + 1]

    def within_day(self, times: Ints, day: Ints) -> Ints:
        """The times, moved back to the last millisecond of their day where they lie beyond it."""
        return np.minimum(times, self.start + (day + 1) * DAY - SECOND // 1000)
