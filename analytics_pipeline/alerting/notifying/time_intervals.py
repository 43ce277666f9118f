"""Recurring times of the week in a time zone, such as the nights of working days in Berlin."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field

from analytics_pipeline.metrics.yaml_file import Entry
from analytics_pipeline.settings import known_zone

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_OF_A_DAY = 24 * 60
LONGEST_SEARCH_DAYS = 400

Minutes = tuple[int, int]
"""From and to, in minutes since local midnight; beyond 24 hours it is the next day."""


def _listed(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


def read_time(text: Any) -> int:
    """Minutes since midnight of HH:MM; raises ValueError."""
    found = re.fullmatch(r"(\d{1,2}):([0-5]\d)", str(text))
    if found is None or (minutes := 60 * int(found[1]) + int(found[2])) > MINUTES_OF_A_DAY:
        raise ValueError(f"{text!r} is no time of the day of the form HH:MM, in quotes")
    return minutes


def _read_times(value: Any) -> tuple[Minutes, ...]:
    return tuple(_read_range(each) for each in _listed(value))


def _read_range(text: Any) -> Minutes:
    first, dash, last = str(text).partition("-")
    if not dash:
        raise ValueError(f'{text!r} is no range of times, such as "22:00-07:00"')
    begin, end = read_time(first.strip()), read_time(last.strip())
    return begin, end if end > begin else end + MINUTES_OF_A_DAY


def _read_weekdays(value: Any) -> frozenset[int]:
    days: set[int] = set()
    for each in _listed(value):
        first, dash, last = str(each).lower().partition("-")
        begin = _weekday(first)
        end = _weekday(last) if dash else begin
        days |= {(begin + step) % 7 for step in range((end - begin) % 7 + 1)}
    return frozenset(days)


def _weekday(text: str) -> int:
    name = text.strip()[:3]
    if name not in WEEKDAYS:
        raise ValueError(f"{text!r} is no day of the week, such as mon or mon-fri")
    return WEEKDAYS.index(name)


def _read_dates(value: Any) -> tuple[tuple[date, date], ...]:
    return tuple(read_dates(each) for each in _listed(value))


def read_dates(value: Any) -> tuple[date, date]:
    """First and last of ``2026-12-24`` or ``2026-12-24/2026-12-26``; raises ValueError."""
    first, slash, last = str(value).partition("/")
    begin = date.fromisoformat(first.strip())
    end = date.fromisoformat(last.strip()) if slash else begin
    if end < begin:
        raise ValueError(f"{value}: the last date lies before the first")
    return begin, end


Zone = Annotated[str, AfterValidator(known_zone)]
Weekdays = Annotated[frozenset[int], BeforeValidator(_read_weekdays)]
ALL_DAYS = frozenset(range(7))


class TimeInterval(Entry):
    """Times of the day on days of the week or on dates; what crosses midnight is of the day before.

    On the days on which a clock changes, an hour that is told twice counts twice, and the end of
    an interval that the clock leaves out is never before its beginning.
    """

    times: Annotated[tuple[Minutes, ...], BeforeValidator(_read_times)] = ((0, MINUTES_OF_A_DAY),)
    weekdays: Weekdays = ALL_DAYS
    dates: Annotated[tuple[tuple[date, date], ...], BeforeValidator(_read_dates)] = Field(())
    zone: Zone = "UTC"

    def spans(self, first: date, last: date) -> Iterator[tuple[datetime, datetime]]:
        """The spans in UTC that begin on the local dates from first to last."""
        zone = ZoneInfo(self.zone)
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            of_dates = not self.dates or any(begin <= day <= end for begin, end in self.dates)
            if day.weekday() in self.weekdays and of_dates:
                for begin, end in self.times:
                    yield min(moments(day, begin, zone)), max(moments(day, end, zone))


def moments(day: date, minutes: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The two readings, in UTC, of a local time; they differ only where a clock is changed."""
    days, minutes = divmod(minutes, MINUTES_OF_A_DAY)
    wall = time(*divmod(minutes, 60))
    local = datetime.combine(day + timedelta(days=days), wall, zone)
    return local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)


def _read_intervals(value: Any) -> Any:
    return _listed(value)


TimeIntervals = Annotated[tuple[TimeInterval, ...], BeforeValidator(_read_intervals)]
"""Intervals that together are one, as a field of a configuration."""


def contain(intervals: Iterable[TimeInterval], moment: datetime) -> bool:
    """Whether a moment lies within one of the intervals."""
    return _span_end(intervals, moment) is not None


def end_of(intervals: Iterable[TimeInterval], moment: datetime) -> datetime:
    """When the intervals around a moment end, seen as one where they touch; else the moment.

    An interval without end is left after LONGEST_SEARCH_DAYS days.
    """
    known = tuple(intervals)
    limit, end = moment + timedelta(days=LONGEST_SEARCH_DAYS), moment
    while end < limit and (next_end := _span_end(known, end)) is not None:
        end = next_end
    return end


def _span_end(intervals: Iterable[TimeInterval], moment: datetime) -> datetime | None:
    ends = [
        end
        for interval in intervals
        for begin, end in _around(interval, moment)
        if begin <= moment < end
    ]
    return max(ends, default=None)


def _around(interval: TimeInterval, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
    day = moment.astimezone(ZoneInfo(interval.zone)).date()
    return interval.spans(day - timedelta(days=2), day + timedelta(days=1))
