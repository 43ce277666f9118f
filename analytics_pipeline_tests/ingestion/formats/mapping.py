"""What the SQL of a format makes of records, before their texts are converted and judged."""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from analytics_pipeline.ingestion.formats.compiling import (
    event_type_of,
    resolved,
    time_text_of,
    unmapped,
    values,
)
from analytics_pipeline.ingestion.formats.declaration import Format


@dataclass(frozen=True)
class Mapped:
    """A record as a format maps it: texts by the path of the native field."""

    event_type: str | None
    time: str | None
    fields: dict[str, str]
    unmapped: str | None


def mapped(
    source: Format, records: Sequence[str], file_time: str = "2026-11-10 12:00:00"
) -> list[Mapped]:
    """Map records by the format's SQL, in their order."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(
            "CREATE TABLE record AS SELECT unnest(range(len($records))) AS number, "
            "unnest($records::VARCHAR[]) AS text, $time AS file_time",
            {"records": list(records), "time": file_time},
        )
        found = values(source, source.mappings, "text")
        connection.execute(f"CREATE TABLE opened AS SELECT *, {found} AS v FROM record")
        rows = connection.execute(
            f"SELECT number, text, {event_type_of(source)}, {time_text_of(source)} "
            "FROM opened ORDER BY number"
        ).fetchall()
        return [_mapped(connection, source, *row) for row in rows]


def _mapped(
    connection: duckdb.DuckDBPyConnection,
    source: Format,
    number: int,
    text: str,
    event_type: str | None,
    time: str | None,
) -> Mapped:
    for each in source.mappings:
        names = list(each.fields)
        fields = ", ".join(
            f"({resolved(source, source.mappings, each.fields[name])})::VARCHAR" for name in names
        )
        condition = resolved(source, source.mappings, each.when)
        row = connection.execute(
            f"SELECT {fields}, {unmapped(source, each, 'text')} FROM opened "
            f"WHERE number = {number} AND ({condition})"
        ).fetchone()
        if row is not None:
            texts = dict(zip(names, row, strict=False))
            return Mapped(
                event_type, time, {k: v for k, v in texts.items() if v is not None}, row[-1]
            )
    return Mapped(event_type, time, {}, None)
