"""Questions to the lake in SQL, through its views."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import duckdb

from analytics_pipeline.errors import PipelineError
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import Table, literal
from analytics_pipeline.publishing.views import refresh_views, views_file


class QueryError(PipelineError):
    """A question that DuckDB does not understand, or cannot answer; the message says why."""


@dataclass(frozen=True)
class Answer:
    """The rows of an answer, and the names of their columns."""

    columns: list[str]
    rows: list[tuple[Any, ...]]


def ask(lake: Lake, tables: Iterable[Table], sql: str) -> Answer:
    """Answer a question in SQL, in which each table is a view; raises QueryError."""
    refresh_views(lake, tables)
    with lake.engine(exclusive=True) as connection:
        connection.execute(f"ATTACH {literal(str(views_file(lake)))} AS lake (READ_ONLY)")
        connection.execute("USE lake")
        try:
            result = connection.execute(sql)
            columns = [str(name) for name, *_ in result.description or []]
            return Answer(columns, result.fetchall())
        except duckdb.Error as error:
            raise QueryError(str(error)) from error
