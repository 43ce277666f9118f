"""The stretches of each day in which the cache missed too often."""

from analytics_pipeline.settings import InsightSettings


def query(events: str, settings: InsightSettings) -> str:
    """SQL of the table miss_rate_periods, for every event date of the relation.

    ``events`` is an SQL relation with the columns of validated_events and event_date. The day is
    divided from midnight (UTC) into periods of ``period_minutes``; the last one ends with the
    day. Consecutive periods over the limit are one stretch; a period with fewer queries than
    ``period_min_queries`` interrupts it.
    """
    period = f"INTERVAL {settings.period_minutes} MINUTE"
    return f"""
        WITH missing AS (
            SELECT
                event_date,
                time_bucket({period}, timestamp, event_date::TIMESTAMP) AS started_at,
                count(*) AS queries,
                count(*) FILTER (WHERE NOT cache_hit) AS misses
            FROM {events}
            WHERE event_type = 'cache_query'
            GROUP BY ALL
            HAVING queries >= {settings.period_min_queries}
                AND misses / queries > {settings.miss_rate}
        ),
        stretches AS (
            -- Periods that follow each other have the same difference of time and place.
            SELECT
                *,
                started_at
                - row_number() OVER (PARTITION BY event_date ORDER BY started_at) * {period}
                    AS stretch
            FROM missing
        )
        SELECT
            event_date,
            min(started_at) AS started_at,
            least(max(started_at) + {period}, event_date + INTERVAL 1 DAY) AS ended_at,
            sum(queries) AS queries,
            sum(misses) AS misses,
            sum(misses) / sum(queries) AS miss_rate
        FROM stretches
        GROUP BY event_date, stretch
    """
