"""Which tables are published to Postgres."""

from collections.abc import Mapping

from analytics_pipeline.lake.table import Table
from analytics_pipeline.metrics.tables import metric_tables

# dbt's prefix of models that are a step on the way to others.
INTERMEDIATE = "int_"


def published_tables() -> dict[str, Table]:
    """The tables of the metrics by name, without those that are only a step on the way."""
    return without_intermediate(metric_tables())


def without_intermediate(tables: Mapping[str, Table]) -> dict[str, Table]:
    """The tables that are made to be read."""
    return {name: t for name, t in tables.items() if not name.startswith(INTERMEDIATE)}
