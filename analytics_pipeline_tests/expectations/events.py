"""Validated events for tests, written into a lake as ingestion would."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline_tests.alerting.rows import rows_query

Event = dict[str, Any]


def query(day: date, number: int, of: int, **fields: Any) -> Event:
    """A cache_query; ``of`` queries of a day lie evenly between midnight and midnight."""
    moment = datetime.combine(day, time()) + timedelta(days=1) * number / of
    return {
        "event_id": f"{day}/q{number}",
        "event_type": "cache_query",
        "timestamp": str(moment),
        "query": "how do I sort a list",
        "cache_hit": number % 4 != 0,
        "response_time": 0.1 + number % 10 / 100,
        "model": "small",
    } | fields


def log_entry(day: date, number: int, **fields: Any) -> Event:
    return {
        "event_id": f"{day}/l{number}",
        "event_type": "log_entry",
        "timestamp": f"{day} 23:00:{number % 60:02}",
        "level": "INFO",
        "message": "done",
    } | fields


def ordinary_day(day: date, queries: int = 80, log_entries: int = 40) -> list[Event]:
    return [query(day, number, queries) for number in range(queries)] + [
        log_entry(day, number) for number in range(log_entries)
    ]


def write_events(lake: Lake, events: Mapping[date, Sequence[Event]]) -> None:
    with lake.engine() as connection:
        for day, of_day in events.items():
            lake.replace(connection, VALIDATED_EVENTS, day, rows_query(VALIDATED_EVENTS, of_day))
