"""The headline metrics that are watched, and how each is made up of slices."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from analytics_pipeline.lake.table import Table

CACHE, COST, SYSTEM = "daily_cache_metrics", "daily_cost_metrics", "daily_system_metrics"
CACHE_SLICES, COST_SLICES = f"{CACHE}_by_slice", f"{COST}_by_slice"
HOURS = f"{CACHE}_by_hour"

Behaviour = Literal["count", "amount", "share"]
Scope = Literal["traffic", "machines", "delivery"]

USER, HOUR = "user", "hour"


@dataclass(frozen=True)
class Slices:
    """A division of a metric: rows of a table, each a part of a slice of a dimension.

    All are SQL over the columns of ``table``, and of what ``beside`` joins; ``columns`` names those
    that are used. The rows of a slice are added up, without those whose numerator is null. A sum
    has no ``denominator``.
    """

    table: str
    columns: tuple[str, ...]
    numerator: str
    denominator: str | None = None
    dimension: str = "dimension"
    slice: str = "value"
    where: str = "dimension <> 'match_type'"
    beside: str = ""


@dataclass(frozen=True)
class Headline:
    """A metric with one value a day.

    ``called`` is its name within a sentence. ``behaviour`` tells how it varies: a share in points,
    as sampling errors do where ``evidence``, the number of cases behind it, is given as SQL over
    the columns of its table; anything else in proportion to what is expected, and a count at least
    as counts do. ``weight`` says what the slices of a ratio weigh by.
    """

    table: str
    column: str
    called: str
    unit: str | None
    behaviour: Behaviour
    scope: Scope
    evidence: str | None = None
    weight: str = "queries"
    slices: tuple[Slices, ...] = ()

    @property
    def metric(self) -> str:
        """Its definition TABLE.COLUMN in the catalog."""
        return f"{self.table}.{self.column}"

    @property
    def is_ratio(self) -> bool:
        """Whether its slices have denominators."""
        return any(each.denominator for each in self.slices)


def _queries(
    numerator: str, denominator: str | None = None, *columns: str
) -> tuple[Slices, Slices]:
    """The slices and the hours of what is counted of questions."""
    of_slices = Slices(CACHE_SLICES, ("dimension", "value", *columns), numerator, denominator)
    of_hours = Slices(
        HOURS, ("hour", *columns), numerator, denominator,
        dimension=f"'{HOUR}'", slice="strftime(hour, '%H')", where="true",
    )  # fmt: skip
    return of_slices, of_hours


def _costs(numerator: str, denominator: str | None, *columns: str) -> tuple[Slices]:
    names = ("dimension", "value", *columns)
    return (Slices(COST_SLICES, names, numerator, denominator, where="true"),)


def _hosts(metric_name: str) -> tuple[Slices]:
    return (
        Slices(
            "daily_host_metrics", ("host", "metric_name", "average", "samples"),
            "average * samples", "samples",
            dimension="'host'", slice="host",
            where=f"metric_name = '{metric_name}' AND average IS NOT NULL",
        ),
    )  # fmt: skip


ANSWERS = Slices(
    CACHE,
    ("cache_hits", "cache_misses", "average_hit_response_time", "average_miss_response_time"),
    "answer.mean * answer.queries",
    "answer.queries",
    dimension="'answer'",
    slice="answer.kind",
    where="true",
    beside="""
        CROSS JOIN LATERAL (SELECT unnest([
            {'kind': 'hit', 'mean': average_hit_response_time, 'queries': cache_hits},
            {'kind': 'miss', 'mean': average_miss_response_time, 'queries': cache_misses}
        ]) AS answer)
    """,
)

HEADLINES = (
    Headline(CACHE, "total_queries", "queries", "queries", "count", "traffic",
             slices=_queries("total_queries", None, "total_queries")),
    Headline(CACHE, "hit_rate", "hit rate", "share", "share", "traffic",
             evidence="total_queries",
             slices=_queries("cache_hits", "total_queries", "cache_hits", "total_queries")),
    Headline(CACHE, "error_rate", "share of failed queries", "share", "share", "traffic",
             evidence="total_queries + failed_queries",
             slices=_queries("failed_queries", "total_queries + failed_queries",
                             "failed_queries", "total_queries")),
    Headline(CACHE, "average_response_time", "average response time", "s", "amount",
             "traffic",
             slices=(*_queries("average_response_time * total_queries",
                               "total_queries", "average_response_time", "total_queries"),
                     ANSWERS)),
    Headline(CACHE, "p95_response_time", "95th percentile of the response time", "s",
             "amount", "traffic"),
    Headline(CACHE, "time_saved", "time that the cache saved", "s", "amount", "traffic",
             slices=(Slices(CACHE_SLICES, ("dimension", "value", "cache_hits",
                                           "average_hit_response_time",
                                           "average_miss_response_time"),
                            "cache_hits * (average_miss_response_time - "
                            "average_hit_response_time)", where="dimension = 'model'"),)),
    Headline(COST, "total_cost", "cost", "USD", "amount", "traffic",
             slices=_costs("total_cost", None, "total_cost")),
    Headline(COST, "cost_per_query", "cost per query", "USD", "amount", "traffic",
             slices=_costs("total_cost - coalesce(failed_query_cost, 0)", "queries_with_cost",
                           "total_cost", "failed_query_cost", "queries_with_cost")),
    Headline(COST, "response_cache_savings", "savings of the cache", "USD", "amount",
             "traffic", slices=_costs("response_cache_savings", None, "response_cache_savings")),
    Headline("daily_engagement_metrics", "active_users", "active users", "users",
             "count", "traffic"),
    Headline(SYSTEM, "cpu_usage_average", "average CPU usage", None, "amount", "machines",
             weight="samples", slices=_hosts("cpu_usage")),
    Headline(SYSTEM, "memory_usage_average", "average memory usage", None, "amount",
             "machines", weight="samples", slices=_hosts("memory_usage")),
    Headline(SYSTEM, "error_rate", "share of errors among log entries", "share", "share",
             "machines", evidence="log_entries", weight="log entries",
             slices=(Slices("daily_log_metrics",
                            ("component", "error_log_entries", "log_entries"),
                            "error_log_entries", "log_entries", dimension="'component'",
                            slice="component", where="true"),)),
    Headline("daily_delivery_metrics", "build_failure_rate", "share of failed builds",
             "share", "share", "delivery", evidence="builds", weight="builds",
             slices=(Slices("int_builds", ("pipeline", "outcome"),
                            "(outcome = 'failure')::BIGINT", "1", dimension="'pipeline'",
                            slice="coalesce(pipeline, '(none)')",
                            where="outcome IN ('success', 'failure')"),)),
)  # fmt: skip


def present(tables: Mapping[str, Table]) -> tuple[Headline, ...]:
    """The headlines whose columns the tables have, each with those slices whose columns they have.

    A folder of SQL of one's own need not have all marts.
    """

    def has(table: str, columns: tuple[str, ...]) -> bool:
        return table in tables and set(columns) <= set(tables[table].column_names)

    return tuple(
        replace(each, slices=tuple(s for s in each.slices if has(s.table, s.columns)))
        for each in HEADLINES
        if has(each.table, (each.column,))
    )
