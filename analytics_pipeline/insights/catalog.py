"""Every workflow insight: its table and the query that fills it. To add one, add it here."""

from collections.abc import Callable

from analytics_pipeline.insights import (
    languages,
    log_templates,
    miss_rate_periods,
    query_lengths,
    sessions,
    slow_queries,
    tables,
    top_queries,
)
from analytics_pipeline.lake.table import Table
from analytics_pipeline.settings import InsightSettings

Query = Callable[[str, InsightSettings], str]

INSIGHTS: dict[Table, Query] = {
    tables.TOP_QUERIES: top_queries.query,
    tables.LANGUAGE_DISTRIBUTION: languages.query,
    tables.QUERY_LENGTH_CLASSES: query_lengths.query,
    tables.SESSIONS: sessions.query,
    tables.SLOW_QUERIES: slow_queries.query,
    tables.MISS_RATE_PERIODS: miss_rate_periods.query,
    tables.LOG_TEMPLATES: log_templates.query,
}
