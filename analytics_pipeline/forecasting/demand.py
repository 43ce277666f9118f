"""The hourly demand for cache queries: from events to rows, and from rows to a series."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import duckdb
import pandas as pd

from analytics_pipeline.lake.table import date_list, literal

HOURS = 24


def hourly_query_demand(events: str, days: Sequence[date], now: datetime) -> str:
    """SQL of the table hourly_query_demand: 24 rows for each of the days.

    ``events`` is an SQL relation with the columns of validated_events and event_date; ``now`` is
    an aware time. An hour without queries counts 0 where its day has a query in some hour; the
    hours of other days, and those that are not over at ``now``, are null.
    """
    listed = date_list(days)
    known_until = now.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ")
    return f"""
        WITH hours AS (
            SELECT event_date, event_date + to_hours(hour_of_day) AS hour
            FROM (SELECT unnest([{listed}]) AS event_date), range({HOURS}) AS t(hour_of_day)
        ),
        counted AS (
            SELECT event_date, date_trunc('hour', timestamp) AS hour, count(*) AS queries
            FROM {events}
            WHERE event_type = 'cache_query'
            GROUP BY ALL
        )
        SELECT
            event_date,
            hour,
            CASE
                WHEN hour + INTERVAL 1 HOUR <= TIMESTAMP {literal(known_until)}
                    AND event_date IN (SELECT event_date FROM counted)
                THEN coalesce(queries, 0)
            END AS queries
        FROM hours LEFT JOIN counted USING (event_date, hour)
    """


def history_window(days: Sequence[date], history_days: int) -> list[date]:
    """The event dates that forecasts of consecutive days may learn from, ascending.

    They are the days themselves and those before the first of them.
    """
    before = [days[0] - timedelta(days=back) for back in range(1, history_days)]
    return [*reversed(before), *days]


def demand_series(
    connection: duckdb.DuckDBPyConnection, demand: str, days: Sequence[date]
) -> pd.Series:
    """The hourly demand of consecutive days as a series of floats by hour (UTC, without zone).

    ``demand`` is an SQL relation with the columns of hourly_query_demand. Every hour of ``days``
    is in the index; it is NaN where nothing is stored or known.
    """
    stored = connection.execute(f"SELECT hour, queries::DOUBLE AS queries FROM {demand}").df()
    hours = pd.date_range(days[0], periods=HOURS * len(days), freq="h", name="hour")
    return stored.set_index("hour")["queries"].reindex(hours)


def history_up_to(series: pd.Series, day: date, history_days: int) -> pd.Series:
    """The part of a demand series that a forecast of a day may learn from.

    It begins with the first day that has demand, at most ``history_days`` before the end of
    ``day``, and is empty where there is none.
    """
    end = pd.Timestamp(day) + pd.Timedelta(days=1)
    window = series.loc[
        (series.index < end) & (series.index >= end - pd.Timedelta(history_days, "D"))
    ]
    known = days_with_demand(window)
    return window.loc[known[0] :] if len(known) else window.iloc[:0]


def days_with_demand(series: pd.Series) -> pd.DatetimeIndex:
    """The days of a demand series on which some hour is known, ascending."""
    return pd.DatetimeIndex(series.dropna().index).normalize().unique()


def hours_after(day: date) -> pd.DatetimeIndex:
    """The 24 hours of the day after a day."""
    return pd.date_range(day + timedelta(days=1), periods=HOURS, freq="h", name="hour")
