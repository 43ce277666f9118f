"""Whether a day was over when its demand was counted."""

from datetime import date

from analytics_pipeline.forecasting.tables import HOURLY_QUERY_DEMAND
from analytics_pipeline.reporting.marts import CACHE
from analytics_pipeline.reporting.sections.sources import Sources
from analytics_pipeline.reporting.texts import texts


def not_over(sources: Sources, day: date) -> str | None:
    """Say that hours of a day with queries are missing; None where none are."""
    hours = sources.stored.rows(HOURLY_QUERY_DEMAND, day)
    known = sum(row["queries"] is not None for row in hours)
    if known == len(hours) or sources.marts.value(CACHE, "total_queries", day) is None:
        return None
    return texts().sentences.not_over.format(known=known, hours=len(hours))
