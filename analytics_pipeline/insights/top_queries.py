"""The most frequent query texts of each day."""

from analytics_pipeline.settings import InsightSettings


def query(events: str, settings: InsightSettings) -> str:
    """SQL of the table top_queries, for every event date of the relation.

    ``events`` is an SQL relation with the columns of validated_events and event_date.
    """
    # The mean is taken in the order of its values, because the sum of floating-point numbers
    # depends on their order, and equal input has to give equal bytes.
    return f"""
        WITH counted AS (
            SELECT
                event_date,
                query,
                count(*) AS queries,
                count(*) FILTER (WHERE cache_hit) AS hits
            FROM {events}
            WHERE event_type = 'cache_query' AND query <> ''
            GROUP BY event_date, query
        ),
        ranked AS (
            SELECT
                *,
                row_number() OVER (PARTITION BY event_date ORDER BY queries DESC, query) AS rank
            FROM counted
            QUALIFY rank <= {settings.top_queries}
        ),
        answered AS (
            SELECT
                event_date,
                query,
                avg(response_time ORDER BY response_time) AS average_response_time
            FROM {events} SEMI JOIN ranked USING (event_date, query)
            WHERE event_type = 'cache_query'
            GROUP BY event_date, query
        )
        SELECT
            event_date,
            rank,
            query,
            queries,
            hits,
            hits / queries AS hit_rate,
            average_response_time
        FROM ranked JOIN answered USING (event_date, query)
    """
