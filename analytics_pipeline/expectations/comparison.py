"""The frame that expectations are tested on: the profile of a day beside that of usual days."""

from collections.abc import Sequence
from datetime import date, timedelta

import duckdb
import pandas as pd

from analytics_pipeline.events.catalog import EVENT_TYPES
from analytics_pipeline.events.tables import fields_of
from analytics_pipeline.expectations.tables import ALL, EVENT_PROFILES
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import literal

LOOKBACK_DAYS = 28
USUAL_DAYS_MIN = 3
VALUES_MIN = 30


def compared(
    lake: Lake, connection: duckdb.DuckDBPyConnection, days: Sequence[date], today: date
) -> dict[date, pd.DataFrame]:
    """Frames of the days, made from event_profiles: a row for each event type and field.

    The usual is the median of the same weekday in the four weeks before, where at least three of
    these days have events, or else of the seven days before, where at least three have. It is
    unknown otherwise, and what is compared with it is null. So are the volume and the
    freshness of ``today``, which is not over, and the mean and null share of fewer than 30 values.

    Columns beside event_type and field (* for the whole):
    all_events: events of the day, in the row of all types;
    events_to_usual: events of a type as a multiple of the usual;
    required_null_share: null share of a required field;
    null_share_rise: null share of another field less the usual;
    outside_share: share of a field's values outside of its declared limits;
    mean_to_usual: mean of a field's values as a multiple of the usual;
    quiet_hours_rise: hours from the latest event to the end of the day less the usual.
    """
    history = {day - timedelta(days=back) for day in days for back in range(LOOKBACK_DAYS + 1)}
    frame = connection.execute(
        comparison_query(lake.scan(EVENT_PROFILES, history), days, today)
    ).df()
    by_day = dict(tuple(frame.groupby(frame["event_date"].dt.date)))
    return {
        day: by_day.get(day, frame.iloc[:0]).drop(columns="event_date").reset_index(drop=True)
        for day in days
    }


def comparison_query(profiles: str, days: Sequence[date], today: date) -> str:
    """SQL of the frames of the days, with event_date, from a relation of event_profiles."""
    wanted = ", ".join(f"(DATE {literal(day.isoformat())})" for day in days)
    required = ", ".join(
        f"({literal(event_type.name)}, {literal(field.name)})"
        for event_type in EVENT_TYPES
        for field in fields_of(event_type)
        if field.required
    )
    is_over = f"event_date < DATE {literal(today.isoformat())}"
    return f"""
    WITH wanted(event_date) AS (VALUES {wanted}),
    required(event_type, field) AS (VALUES {required}),
    profiles AS (
        SELECT *, date_diff('second', last_event, event_date::TIMESTAMP + INTERVAL 1 DAY) / 3600
            AS quiet_hours
        FROM {profiles}
    ),
    candidates AS (
        SELECT wanted.event_date, profiles.event_date AS usual_date,
            wanted.event_date - profiles.event_date AS age
        FROM wanted JOIN profiles
            ON profiles.event_date BETWEEN wanted.event_date - {LOOKBACK_DAYS}
                AND wanted.event_date - 1
        WHERE event_type = '{ALL}' AND events > 0
    ),
    same_weekday AS (
        SELECT event_date, usual_date FROM candidates WHERE age % 7 = 0
        QUALIFY count(*) OVER (PARTITION BY event_date) >= {USUAL_DAYS_MIN}
    ),
    days_before AS (
        SELECT event_date, usual_date FROM candidates WHERE age <= 7
        QUALIFY count(*) OVER (PARTITION BY event_date) >= {USUAL_DAYS_MIN}
    ),
    usual_days AS (
        FROM same_weekday UNION ALL FROM days_before ANTI JOIN same_weekday USING (event_date)
    ),
    rows_of_usual_days AS (
        SELECT DISTINCT usual_days.event_date, event_type, field
        FROM usual_days JOIN profiles ON profiles.event_date = usual_date
    ),
    usual AS (
        SELECT pairs.event_date, pairs.event_type, pairs.field,
            -- A usual day without the event type has no events of it.
            median(coalesce(events, 0)) AS events,
            median(quiet_hours) AS quiet_hours,
            {_median_where(f"events >= {VALUES_MIN}", "null_share")} AS null_share,
            {_median_where(f"present >= {VALUES_MIN}", "mean")} AS mean
        FROM rows_of_usual_days AS pairs
        JOIN usual_days ON usual_days.event_date = pairs.event_date
        LEFT JOIN profiles ON profiles.event_date = usual_date
            AND profiles.event_type = pairs.event_type AND profiles.field = pairs.field
        GROUP BY ALL
    ),
    profiled AS (FROM profiles SEMI JOIN wanted USING (event_date))
    SELECT event_date, event_type, field,
        CASE WHEN event_type = '{ALL}' THEN profiled.events END::DOUBLE AS all_events,
        CASE WHEN field = '{ALL}' AND {is_over}
            THEN coalesce(profiled.events, 0) / nullif(usual.events, 0) END AS events_to_usual,
        CASE WHEN required THEN profiled.null_share END AS required_null_share,
        CASE WHEN required IS NULL AND profiled.events >= {VALUES_MIN}
            THEN profiled.null_share - usual.null_share END AS null_share_rise,
        outside / nullif(present, 0) AS outside_share,
        CASE WHEN present >= {VALUES_MIN}
            THEN profiled.mean / nullif(usual.mean, 0) END AS mean_to_usual,
        CASE WHEN event_type = '{ALL}' AND {is_over}
            THEN profiled.quiet_hours - usual.quiet_hours END AS quiet_hours_rise
    FROM profiled
    FULL JOIN usual USING (event_date, event_type, field)
    LEFT JOIN (SELECT *, true AS required FROM required) USING (event_type, field)
    WHERE profiled.events IS NOT NULL OR field = '{ALL}'
    ORDER BY event_date, event_type, field
    """


def _median_where(condition: str, column: str) -> str:
    """SQL of a median over the usual days that meet a condition; null where too few do."""
    return (
        f"CASE WHEN count({column}) FILTER ({condition}) >= {USUAL_DAYS_MIN} "
        f"THEN median({column}) FILTER ({condition}) END"
    )
