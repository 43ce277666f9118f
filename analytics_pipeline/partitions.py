"""The daily grid: one partition for each event date, from the first configured day to today."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import dagster as dg

from analytics_pipeline.settings import current_settings

daily = dg.DailyPartitionsDefinition(
    start_date=current_settings().first_event_date.isoformat(), timezone="UTC", end_offset=1
)


def dates_of(keys: Iterable[str]) -> list[date]:
    """Turn partition keys (ISO dates) into dates, in ascending order."""
    return sorted(date.fromisoformat(key) for key in keys)


def consecutive_ranges(dates: Sequence[date]) -> list[tuple[date, date]]:
    """Group dates into ranges of consecutive days, each as (first, last), in ascending order."""
    ranges: list[tuple[date, date]] = []
    for day in sorted(set(dates)):
        if ranges and day - ranges[-1][1] == timedelta(days=1):
            ranges[-1] = (ranges[-1][0], day)
        else:
            ranges.append((day, day))
    return ranges
