"""The validated events of a day, as queries in the order of their table."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

import duckdb

from analytics_pipeline.events.tables import VALIDATED_EVENTS, columns_of
from analytics_pipeline.ingestion.kinds import Kind
from analytics_pipeline.lake.table import literal, quoted

ORDER = ", ".join(map(quoted, VALIDATED_EVENTS.order_by))
PART_BYTES = 32_000_000


def valid_parts(
    connection: duckdb.DuckDBPyConnection, kinds: Sequence[Kind], day: date
) -> Iterator[tuple[list[str], str]]:
    """For each event type of a day its columns, and the query of its rows.

    The tables of the kinds have the judged records. Together the parts are in the order of
    validated_events; of an event type with long records there are several.
    """
    valid = f"problem IS NULL AND stands_under = DATE {literal(day.isoformat())}"
    event_types = {kind.event_type.name: kind.event_type for kind in kinds}
    for _, event_type in sorted(event_types.items()):
        tables = [kind.table for kind in kinds if kind.event_type is event_type]
        columns = columns_of(event_type)
        if any(kind.is_long for kind in kinds if kind.event_type is event_type):
            yield from (
                (columns, query) for query in _small_parts(connection, tables, columns, valid)
            )
        else:
            yield columns, _ordered(columns, [(table, valid) for table in tables])


def _ordered(columns: Iterable[str], tables: Iterable[tuple[str, str]]) -> str:
    listed = ", ".join(map(quoted, columns))
    rows = " UNION ALL ".join(
        f"SELECT {listed} FROM {table} WHERE {condition}" for table, condition in tables
    )
    return f"SELECT {listed} FROM ({rows}) ORDER BY {ORDER}"


def _small_parts(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[str], columns: Sequence[str], valid: str
) -> Iterator[str]:
    """Queries of the rows in their order, each of some 32 MB of text."""
    texts = {column.name for column in VALIDATED_EVENTS.columns if column.type == "VARCHAR"}
    size = " + ".join(f"coalesce(strlen({quoted(name)}), 0)" for name in columns if name in texts)
    sized = " UNION ALL ".join(
        f"SELECT {number} AS number, rowid AS row, {ORDER}, {size} AS bytes "
        f"FROM {table} WHERE {valid}"
        for number, table in enumerate(tables)
    )
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE place AS
        SELECT number, row, sum(bytes) OVER (ORDER BY {ORDER}) // {PART_BYTES} AS part
        FROM ({sized})
        """
    )
    parts = connection.execute(
        "SELECT part, list(DISTINCT number ORDER BY number) FROM place GROUP BY part ORDER BY part"
    ).fetchall()
    for part, numbers in parts:
        rows = "SELECT row FROM place WHERE part = {} AND number = {}"
        yield _ordered(
            columns,
            [(tables[each], f"rowid IN ({rows.format(part, each)})") for each in numbers],
        )
