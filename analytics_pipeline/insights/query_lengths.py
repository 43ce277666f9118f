"""The cache queries of each day by the length of their text."""

from analytics_pipeline.settings import InsightSettings


def query(events: str, settings: InsightSettings) -> str:
    """SQL of the table query_length_classes, for every event date of the relation.

    ``events`` is an SQL relation with the columns of validated_events and event_date.
    """
    # The mean is taken in the order of its values, because the sum of floating-point numbers
    # depends on their order, and equal input has to give equal bytes.
    return f"""
        WITH classes(length_class, shortest, too_long) AS (
            VALUES ('under_50', 1, 50), ('50_to_99', 50, 100), ('100_or_more', 100, NULL)
        ),
        texts AS (
            SELECT event_date, length(query) AS characters, cache_hit, response_time
            FROM {events}
            WHERE event_type = 'cache_query' AND query <> ''
        ),
        days AS (SELECT event_date, count(*) AS texts_of_day FROM texts GROUP BY event_date),
        classified AS (
            SELECT
                event_date,
                length_class,
                count(*) AS queries,
                count(*) FILTER (WHERE cache_hit) / queries AS hit_rate,
                avg(response_time ORDER BY response_time) AS average_response_time
            FROM texts
            JOIN classes
                ON characters >= shortest AND (characters < too_long OR too_long IS NULL)
            GROUP BY event_date, length_class
        )
        SELECT
            event_date,
            length_class,
            coalesce(queries, 0) AS queries,
            coalesce(queries, 0) / texts_of_day AS share,
            hit_rate,
            average_response_time
        FROM days CROSS JOIN classes LEFT JOIN classified USING (event_date, length_class)
    """
