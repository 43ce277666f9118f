"""The sessions of each day: stretches of activity of one user."""

from analytics_pipeline.settings import InsightSettings


def query(events: str, settings: InsightSettings) -> str:
    """SQL of the table sessions, for every event date of the relation.

    ``events`` is an SQL relation with the columns of validated_events and event_date.
    Inactivity of ``session_gap_minutes`` or more between two events ends a session, and so does
    midnight (UTC), so that an event date can be computed from its own events alone.
    """
    return f"""
        WITH activity AS (
            SELECT
                event_date,
                nullif(user_id, '') AS user_id,
                CASE WHEN user_id <> '' THEN NULL ELSE nullif(session_id, '') END
                    AS source_session,
                timestamp,
                event_type = 'cache_query' AS is_query,
                event_type = 'cache_query' AND cache_hit AS is_hit
            FROM {events}
            WHERE user_id <> '' OR session_id <> ''
        ),
        openings AS (
            SELECT
                *,
                coalesce(
                    timestamp - lag(timestamp) OVER by_time
                        >= INTERVAL {settings.session_gap_minutes} MINUTE,
                    true
                ) AS opens
            FROM activity
            WINDOW by_time AS (PARTITION BY event_date, user_id, source_session ORDER BY timestamp)
        ),
        numbered AS (
            SELECT
                *,
                count(*) FILTER (WHERE opens) OVER (
                    PARTITION BY event_date, user_id, source_session
                    ORDER BY timestamp
                    RANGE UNBOUNDED PRECEDING
                ) AS number
            FROM openings
        )
        SELECT
            event_date,
            md5(concat_ws(
                '|',
                CASE WHEN user_id IS NULL THEN 'session' ELSE 'user' END,
                coalesce(user_id, source_session),
                min(timestamp)
            )) AS session_id,
            user_id,
            min(timestamp) AS started_at,
            max(timestamp) AS ended_at,
            date_diff('microsecond', min(timestamp), max(timestamp)) / 1e6 AS duration,
            count(*) AS events,
            count(*) FILTER (WHERE is_query) AS queries,
            count(*) FILTER (WHERE is_hit) / nullif(queries, 0) AS hit_rate
        FROM numbered
        GROUP BY event_date, user_id, source_session, number
    """
