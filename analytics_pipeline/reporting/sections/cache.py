"""How the cache did: its figures, its slices, the age of its entries, and its demand by hour."""

from datetime import date

from analytics_pipeline.forecasting.tables import HOURLY_QUERY_DEMAND
from analytics_pipeline.insights.tables import MISS_RATE_PERIODS
from analytics_pipeline.reporting.charts.demand import demand_chart
from analytics_pipeline.reporting.document import Block, Rows, Section
from analytics_pipeline.reporting.marts import CACHE
from analytics_pipeline.reporting.measure import Absence, Listing
from analytics_pipeline.reporting.sections.forecast import NEXT_DAY, forecast_of
from analytics_pipeline.reporting.sections.sources import Sources
from analytics_pipeline.reporting.texts import texts

ENTRIES = "daily_cache_entry_metrics"
SLICES = "daily_cache_metrics_by_slice"
SLICED_BY = ("model", "language", "team", "framework", "match_type")
SLICE_COLUMNS = (
    "value", "total_queries", "cache_hits", "hit_rate", "average_response_time",
    "p95_response_time", "error_rate",
)  # fmt: skip
# A hit has a match type, and neither a failed nor a missed question has one.
MATCH_COLUMNS = ("value", "total_queries", "average_response_time", "p95_response_time")
SHOWN_SLICES, KEPT_SLICES = 10, 200


def cache_section(sources: Sources, day: date) -> Section:
    """The section on the cache."""
    demand = hourly_demand(sources, day)
    chart = demand_chart(
        day,
        demand.listing,
        forecast_of(sources, day - NEXT_DAY),
        forecast_of(sources, day),
        sources.stored.rows(MISS_RATE_PERIODS, day),
    )
    by_hour = sources.rows(
        "cache_by_hour", "daily_cache_metrics_by_hour", day,
        ("hour", "total_queries", "cache_hits", "hit_rate", "failed_queries", "error_rate",
         "average_response_time"),
        "hour", Absence(texts().absences.no_slices), folded=True,
    )  # fmt: skip
    blocks: list[Block] = [
        sources.figures(CACHE, day),
        *(cache_slices(sources, day, dimension) for dimension in SLICED_BY),
        sources.figures(ENTRIES, day),
        *([chart] if chart else []),
        by_hour,
        demand,
    ]
    return Section("cache", tuple(blocks))


def cache_slices(sources: Sources, day: date, dimension: str) -> Rows:
    """The cache by the values of a dimension, most queries first."""
    columns = MATCH_COLUMNS if dimension == "match_type" else SLICE_COLUMNS
    return sources.rows(
        f"cache_by_{dimension}", SLICES, day, columns, "value",
        Absence(texts().absences.no_slices), order="total_queries DESC, value",
        group=("dimension", dimension), limit=SHOWN_SLICES, kept=KEPT_SLICES,
    )  # fmt: skip


def hourly_demand(sources: Sources, day: date) -> Rows:
    """The queries of each hour; no rows where that of no hour is known."""
    unknown = texts().absences.demand_unknown
    listing = sources.stored.listing(HOURLY_QUERY_DEMAND, day, Absence(unknown))
    if all(row["queries"] is None for row in listing.rows):
        listing = Listing(listing.columns, (), None, listing.reason or unknown)
    return Rows(
        "hourly_demand", listing, ("hour", "queries"), "hour", HOURLY_QUERY_DEMAND.name,
        folded=bool(listing.rows),
    )  # fmt: skip
