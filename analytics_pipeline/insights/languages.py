"""The cache queries of each day by programming language."""

from analytics_pipeline.settings import InsightSettings


def query(events: str, settings: InsightSettings) -> str:
    """SQL of the table language_distribution, for every event date of the relation.

    ``events`` is an SQL relation with the columns of validated_events and event_date.
    """
    return f"""
        SELECT
            event_date,
            nullif(language, '') AS language,
            count(*) AS queries,
            queries / sum(queries) OVER (PARTITION BY event_date) AS share,
            count(*) FILTER (WHERE cache_hit) / queries AS hit_rate
        FROM {events}
        WHERE event_type = 'cache_query'
        GROUP BY event_date, nullif(language, '')
    """
