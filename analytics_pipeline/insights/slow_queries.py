"""The cache queries of each day that took too long."""

from analytics_pipeline.settings import InsightSettings


def query(events: str, settings: InsightSettings) -> str:
    """SQL of the table slow_queries, for every event date of the relation.

    ``events`` is an SQL relation with the columns of validated_events and event_date. A query
    is slow where its response time is above ``slow_query_seconds``.
    """
    return f"""
        SELECT event_date, event_id, timestamp, query, model, user_id, cache_hit, response_time
        FROM {events}
        WHERE event_type = 'cache_query' AND response_time > {settings.slow_query_seconds}
    """
