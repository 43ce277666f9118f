"""Giving the relations that queries name the rows that the lake has of certain days."""

from collections.abc import Collection, Sequence
from datetime import date

import duckdb

from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import date_list
from analytics_pipeline.metrics.compiling import compiled
from analytics_pipeline.metrics.declared_columns import EVENT_DATE
from analytics_pipeline.metrics.project import (
    EVENT_DATES,
    HISTORY_SCHEMA,
    LAKE_SCHEMA,
    Project,
    Reference,
    relation_of,
)
from analytics_pipeline.metrics.reach import days_with_history
from analytics_pipeline.metrics.seeds import bind_seed


class Bindings:
    """The relations of one connection, each with the days that it holds now."""

    def __init__(self, lake: Lake, connection: duckdb.DuckDBPyConnection, project: Project) -> None:
        self.lake = lake
        self.connection = connection
        self.project = project
        self._days: dict[Reference, Sequence[date]] = {}
        self._seeds: set[str] = set()
        for schema in (LAKE_SCHEMA, HISTORY_SCHEMA):
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")

    def bind(self, mart: str, days: Sequence[date]) -> None:
        """Bind every relation that the query of a mart names, for the days that it computes.

        The compiled query can be run on the connection afterwards.
        """
        query = compiled(self.project, mart)
        for reference in query.reads:
            back = query.model.history_days if reference.history else 0
            self._bind(reference, days_with_history(days, back))
        for name in query.seeds:
            if name not in self._seeds:
                bind_seed(self.connection, self.project.seeds[name])
                self._seeds.add(name)

    def forget(self, mart: str) -> None:
        """Bind a mart anew, for it was written."""
        for history in (False, True):
            self._days.pop(Reference(mart, history), None)

    def _bind(self, reference: Reference, days: Sequence[date]) -> None:
        if self._days.get(reference) == days:
            return
        rows = (
            calendar(days)
            if reference.name == EVENT_DATES
            else self.lake.scan(self.project.tables[reference.name], days)
        )
        self.connection.execute(f"CREATE OR REPLACE VIEW {relation_of(reference)} AS FROM {rows}")
        self._days[reference] = days


def calendar(days: Collection[date]) -> str:
    """SQL of a relation with a row for each of the days."""
    return f"(SELECT unnest([{date_list(sorted(set(days)))}]::DATE[]) AS {EVENT_DATE})"
