"""A lake and the Postgres schema that it is published to, and what tests do with them."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import psycopg2
from psycopg2 import extensions

from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import Column, Table
from analytics_pipeline.publishing.database import open_database
from analytics_pipeline.publishing.publish import Publication, publish
from analytics_pipeline.settings import Settings
from analytics_pipeline_tests.alerting.rows import rows_query
from analytics_pipeline_tests.postgres_server import PostgresServer

DAYS = [date(2026, 3, day) for day in (1, 2, 3, 4)]

QUERIES = Table(
    "daily_queries",
    "Queries of each day.",
    (
        Column("queries", "BIGINT", "Number of queries.", unit="queries"),
        Column("hit_rate", "DOUBLE", "Share that hit."),
    ),
    order_by=(),
)
USERS = Table(
    "daily_users",
    "What each user did.",
    (
        Column("user_id", "VARCHAR", "Pseudonym.", nullable=False),
        Column("queries", "BIGINT", "Number of queries."),
    ),
    order_by=("user_id",),
    key=("user_id",),
)
MODELS = Table(
    "daily_models",
    "Queries by model.",
    (
        Column("model", "VARCHAR", "Name of the model; null where unknown."),
        Column("queries", "BIGINT", "Number of queries."),
    ),
    order_by=("model",),
    key=("model",),
)


@dataclass(frozen=True)
class Site:
    """A lake and the schema of a server that it is published to."""

    lake: Lake
    settings: Settings
    server: PostgresServer

    @property
    def schema(self) -> str:
        return self.settings.publish_schema

    def write(self, table: Table, day: date, *rows: Mapping[str, object]) -> None:
        """Replace a partition of the lake."""
        with self.lake.engine() as connection:
            self.lake.replace(connection, table, day, rows_query(table, rows))

    def publish(
        self,
        *tables: Table,
        days: Sequence[date] = DAYS,
        wanted: Collection[str] | None = None,
        **settings: Any,
    ) -> Publication:
        marts = {table.name: table for table in tables}
        configured = self.settings.model_copy(update=settings)
        with open_database(configured) as connection:
            return publish(
                self.lake, connection, configured, marts, marts if wanted is None else wanted, days
            )

    @contextmanager
    def session(self, url: str | None = None) -> Iterator[extensions.cursor]:
        """A session in which each statement is a transaction, within the schema."""
        connection = psycopg2.connect(url or self.server.url)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"SET search_path = {self.schema}")
                yield cursor
        finally:
            connection.close()

    def ask(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with self.session() as cursor:
            cursor.execute(sql, parameters or None)
            return cursor.fetchall()

    def do(self, *statements: str) -> None:
        with self.session() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def rows(self, table: Table) -> list[tuple[Any, ...]]:
        """All that is published of a table, in order."""
        names = ["event_date", *table.column_names]
        return self.ask(f"SELECT {', '.join(names)} FROM {table.name} ORDER BY {', '.join(names)}")

    def rows_of_lake(self, table: Table) -> list[tuple[Any, ...]]:
        """All that the lake has of a table, in the same order."""
        columns = ", ".join(f"{column.name}::{column.type}" for column in table.columns)
        with self.lake.engine() as connection:
            return connection.execute(
                f"SELECT event_date, {columns} FROM {self.lake.scan(table)} ORDER BY ALL"
            ).fetchall()

    def records(self) -> list[tuple[Any, ...]]:
        """What is noted as published."""
        return self.ask(
            "SELECT table_name, event_date, rows FROM _published_partitions ORDER BY 1, 2"
        )


def without(table: Table, *names: str) -> Table:
    """A table as it was before it had some columns."""
    return replace(table, columns=tuple(c for c in table.columns if c.name not in names))


def with_columns(table: Table, columns: Iterable[Column]) -> Table:
    """A table with further columns."""
    return replace(table, columns=(*table.columns, *columns))
