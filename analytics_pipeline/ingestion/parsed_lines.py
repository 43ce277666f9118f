"""The raw lines of some days, parsed and judged in the tables of an engine."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analytics_pipeline.events.catalog import EVENT_TYPES
from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline.ingestion import parsing
from analytics_pipeline.ingestion.formats.catalog import format_named, formats_of
from analytics_pipeline.ingestion.formats.native import NATIVE
from analytics_pipeline.ingestion.kinds import Kind
from analytics_pipeline.ingestion.mapped_records import MappedRecords
from analytics_pipeline.ingestion.native_lines import NativeLines
from analytics_pipeline.lake.table import literal, quoted
from analytics_pipeline.settings import Settings

# The engine works on 2,048 lines at once, and makes several copies of their texts on the way: so
# longer ones are given to it a few at a time.
LONG_LINE_BYTES = 32_000
LINES_AT_ONCE = 128
BLOCK_BYTES = 4_000_000
TABLE_BYTES = 32_000_000
KIND_COLUMNS = ("format", "event_type")


def read_raw_lines(connection: duckdb.DuckDBPyConnection, settings: Settings, lines: str) -> None:
    """Make the table ``raw``: the lines with their event type, or why they are none.

    Of those that are long and can be parsed it has not the text. ``lines`` is a relation with the
    columns of raw_events and event_date.
    """
    connection.execute(
        f"""
        CREATE OR REPLACE TABLE raw AS
        SELECT * REPLACE (CASE WHEN NOT is_long THEN line END AS line)
        FROM (
            SELECT *, problem IS NULL AND strlen(line) > {LONG_LINE_BYTES} AS is_long
            FROM ({_judged(settings, lines)})
        )
        """
    )


def _judged(settings: Settings, lines: str) -> str:
    """SQL query of the lines with their event type, or why they are none."""
    limit = settings.ingestion.max_line_bytes
    tolerance = settings.ingestion.future_tolerance_seconds
    known = ", ".join(literal(event_type.name) for event_type in EVENT_TYPES)
    return f"""
        SELECT
            path, line_number, taken_at, event_date AS stands_under,
            coalesce(format, {literal(NATIVE.name)}) AS format, event_type, event_time, time_zone,
            line, bytes,
            CASE
                WHEN octet_length(bytes) > {limit} OR strlen(line) > {limit} THEN 'line_too_long'
                WHEN event_type IN ({known}) THEN NULL
                WHEN event_type IS NOT NULL THEN 'unknown_event_type:event_type'
                ELSE {_refusal(settings)}
            END AS problem,
            TIMESTAMP {literal(settings.first_event_date.isoformat())} AS first_time,
            taken_at + INTERVAL ({tolerance}) SECOND AS latest_time
        FROM {lines}
    """


def _refusal(settings: Settings) -> str:
    """SQL of why a line without an event type has none."""
    text_formats = ", ".join(
        literal(each.name) for each in formats_of(settings) if each.pattern is not None
    )
    start = "ltrim(line, E' \\t\\r\\n\\v\\f')"
    return f"""
        CASE
            WHEN line IS NULL AND bytes IS NULL THEN 'opted_out'
            WHEN line IS NULL THEN 'not_utf8'
            WHEN {start} = '' THEN 'blank'
            WHEN format IN ({text_formats or "''"}) THEN 'no_match'
            WHEN NOT json_valid(line) THEN 'not_json'
            WHEN NOT starts_with({start}, '{{') THEN 'not_an_object'
            WHEN format <> {literal(NATIVE.name)} THEN 'unmapped_record'
            ELSE 'missing_field:event_type'
        END
    """


def parse_lines(
    connection: duckdb.DuckDBPyConnection, settings: Settings, lines: str
) -> list[Kind]:
    """Make the views ``recognized`` and ``parsed``; returns the kinds of records there are.

    ``parsed`` has all lines with what is wrong with them, ``recognized`` those of a known type. A
    table holds each kind with only the fields of its event type: to store and move the fields of
    all types for each line would take twice as long.
    """
    connection.execute(
        """
        CREATE OR REPLACE TABLE refused AS
        SELECT
            path, line_number, taken_at, stands_under, format, problem,
            CASE WHEN problem = 'unknown_event_type:event_type' THEN event_type END
                AS problem_value,
            CASE WHEN problem <> 'blank' THEN line END AS line,
            CASE WHEN problem <> 'blank' THEN bytes END AS bytes
        FROM raw
        WHERE problem IS NOT NULL
        """
    )
    rows = connection.execute(
        "SELECT format, event_type, bool_or(is_long) FROM raw WHERE problem IS NULL GROUP BY ALL"
    ).fetchall()
    formats = {(source, name) for source, name, _ in rows}
    kinds = [
        Kind(source, each)
        for each in EVENT_TYPES
        for source in sorted({source for source, name in formats if name == each.name})
    ]
    for kind in kinds:
        query = _parsed(kind, "raw WHERE NOT is_long", settings)
        connection.execute(f"CREATE OR REPLACE TABLE {kind.table} AS {query}")
    if any(has_long for _, _, has_long in rows):
        kinds += _parse_long_lines(connection, settings, lines, kinds)
    connection.execute("DROP TABLE raw")
    declared = ", ".join(
        f"NULL::{column.type} AS {quoted(column.name)}" for column in VALIDATED_EVENTS.columns
    )
    parts = [
        f"SELECT {declared}, NULL::DATE AS stands_under, NULL::VARCHAR AS problem WHERE false",
        *(
            f"SELECT *, rowid AS parsed_row, {number} AS kind FROM {kind.table}"
            for number, kind in enumerate(kinds)
        ),
    ]
    # Were the refused lines a branch of it, sorting it would not keep to the memory limit.
    connection.execute(f"CREATE OR REPLACE VIEW recognized AS {' UNION ALL BY NAME '.join(parts)}")
    connection.execute(
        "CREATE OR REPLACE VIEW parsed AS FROM refused UNION ALL BY NAME FROM recognized"
    )
    return kinds


def _parse_long_lines(
    connection: duckdb.DuckDBPyConnection, settings: Settings, lines: str, kinds: Sequence[Kind]
) -> list[Kind]:
    """Parse the long lines into tables of their own; returns the kinds that these are."""
    tables: dict[Kind, list[Kind]] = {kind: [] for kind in kinds}
    filled: dict[Kind, int] = dict.fromkeys(kinds, TABLE_BYTES)
    with connection.cursor() as reading:
        reading.execute("SET TimeZone = 'UTC'")
        long = (
            f"FROM ({_judged(settings, lines)}) "
            f"WHERE problem IS NULL AND strlen(line) > {LONG_LINE_BYTES}"
        )
        for block in _blocks(reading.sql(long).to_arrow_reader(LINES_AT_ONCE)):
            connection.register("long_line", block)
            present = set(zip(*(block[name].to_pylist() for name in KIND_COLUMNS), strict=True))
            for kind in kinds:
                if (kind.format, kind.event_type.name) not in present:
                    continue
                query = _parsed(kind, "long_line WHERE true", settings)
                if filled[kind] < TABLE_BYTES:
                    connection.execute(f"INSERT INTO {tables[kind][-1].table} {query}")
                else:
                    table = replace(kind, number=len(tables[kind]) + 1)
                    connection.execute(f"CREATE OR REPLACE TABLE {table.table} AS {query}")
                    tables[kind].append(table)
                    filled[kind] = 0
                filled[kind] += block.nbytes
            connection.unregister("long_line")
    return [table for parts in tables.values() for table in parts]


def _blocks(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    for batch in batches:
        sizes = pc.binary_length(batch["line"]).to_numpy(zero_copy_only=False)
        number = np.cumsum(sizes) // BLOCK_BYTES
        starts = np.flatnonzero(np.diff(number, prepend=-1))
        for start, end in zip(starts, [*starts[1:], len(batch)], strict=True):
            yield pa.Table.from_batches([batch.slice(start, end - start)])


def _parsed(kind: Kind, lines: str, settings: Settings) -> str:
    of_kind = (
        f"(FROM {lines} AND problem IS NULL AND event_type = {literal(kind.event_type.name)} "
        f"AND format = {literal(kind.format)})"
    )
    return parsing.parsed(kind.event_type, of_kind, _reading(kind, settings))


def _reading(kind: Kind, settings: Settings) -> parsing.Reading:
    if kind.format == NATIVE.name:
        return NativeLines(kind.event_type)
    return MappedRecords(format_named(kind.format, settings), kind.event_type)
