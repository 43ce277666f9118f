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
        columns = columns_of(event_type)
        of_type = [kind for kind in kinds if kind.event_type is event_type]
        if any(kind.is_long for kind in of_type):
            condition = f"{valid} AND event_type = {literal(event_type.name)}"
            for query in _small_parts(connection, kinds, columns, condition):
                yield columns, query
        else:
            yield columns, _ordered(columns, [(kind.table, valid) for kind in of_type])


def _ordered(columns: Iterable[str], tables: Iterable[tuple[str, str]]) -> str:
    listed = ", ".join(map(quoted, columns))
    rows = " UNION ALL ".join(
        f"SELECT {listed} FROM {table} WHERE {condition}" for table, condition in tables
    )
    return f"SELECT {listed} FROM ({rows}) ORDER BY {ORDER}"


def _small_parts(
    connection: duckdb.DuckDBPyConnection,
    kinds: Sequence[Kind],
    columns: Sequence[str],
    condition: str,
) -> Iterator[str]:
    """Queries of the rows of ``recognized`` in their order, each of some 32 MB of text."""
    texts = {column.name for column in VALIDATED_EVENTS.columns if column.type == "VARCHAR"}
    size = " + ".join(f"coalesce(strlen({quoted(name)}), 0)" for name in columns if name in texts)
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE place AS
        SELECT kind, parsed_row, sum({size}) OVER (ORDER BY {ORDER}) // {PART_BYTES} AS part
        FROM recognized
        WHERE {condition}
        """
    )
    parts = connection.execute(
        "SELECT part, list(DISTINCT kind ORDER BY kind) FROM place GROUP BY part ORDER BY part"
    ).fetchall()
    for part, numbers in parts:
        rows = f"SELECT parsed_row FROM place WHERE part = {part}"
        tables = [(kinds[n].table, f"rowid IN ({rows} AND kind = {n})") for n in numbers]
        yield _ordered(columns, tables)
