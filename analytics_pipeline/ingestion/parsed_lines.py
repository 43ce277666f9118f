"""The raw lines of some days, parsed and judged in the tables of an engine."""

import duckdb

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

LONG_LINE_BYTES = 32_000
BLOCK_BYTES = 32_000_000


def read_raw_lines(connection: duckdb.DuckDBPyConnection, settings: Settings, lines: str) -> None:
    """Make the table ``raw``: the lines with their event type, or why they are none.

    ``lines`` is a relation with the columns of raw_events and event_date.
    """
    limit = settings.ingestion.max_line_bytes
    tolerance = settings.ingestion.future_tolerance_seconds
    known = ", ".join(literal(event_type.name) for event_type in EVENT_TYPES)
    connection.execute(
        f"""
        CREATE TEMP TABLE raw AS
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
    )


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


def parse_lines(connection: duckdb.DuckDBPyConnection, settings: Settings) -> list[Kind]:
    """Make the views ``recognized`` and ``parsed``; returns the kinds of records there are.

    ``parsed`` has all lines with what is wrong with them, ``recognized`` those of a known type. A
    table holds each kind with only the fields of its event type: to store and move the fields of
    all types for each line would take twice as long.
    """
    connection.execute(
        """
        CREATE TEMP TABLE refused AS
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
    rows = connection.execute("SELECT DISTINCT format, event_type FROM raw WHERE problem IS NULL")
    present = set(rows.fetchall())
    kinds = [
        Kind(source, each)
        for each in EVENT_TYPES
        for source in sorted({source for source, name in present if name == each.name})
    ]
    for kind in kinds:
        _parse_kind(connection, kind, _reading(kind, settings))
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
    connection.execute(f"CREATE TEMP VIEW recognized AS {' UNION ALL BY NAME '.join(parts)}")
    connection.execute("CREATE TEMP VIEW parsed AS FROM refused UNION ALL BY NAME FROM recognized")
    return kinds


def _parse_kind(
    connection: duckdb.DuckDBPyConnection, kind: Kind, reading: parsing.Reading
) -> None:
    """Make the table of a kind; long lines are parsed after the others, a few at a time.

    The engine works on 2,048 lines at once and does not count the texts that are on their way, so
    that as many long ones would exceed its memory.
    """
    lines = (
        f"FROM raw WHERE problem IS NULL AND event_type = {literal(kind.event_type.name)} "
        f"AND format = {literal(kind.format)} AND strlen(line)"
    )
    query = parsing.parsed(kind.event_type, f"({lines} <= {LONG_LINE_BYTES})", reading)
    connection.execute(f"CREATE TEMP TABLE {kind.table} AS {query}")
    blocks = connection.execute(
        f"""
        SELECT min(raw_row), max(raw_row)
        FROM (
            SELECT
                rowid AS raw_row,
                sum(strlen(line)) OVER (ORDER BY rowid) // {BLOCK_BYTES} AS block
            {lines} > {LONG_LINE_BYTES}
        )
        GROUP BY block ORDER BY block
        """
    ).fetchall()
    for first, last in blocks:
        block = f"({lines} > {LONG_LINE_BYTES} AND rowid BETWEEN {first} AND {last})"
        query = parsing.parsed(kind.event_type, block, reading)
        connection.execute(f"INSERT INTO {kind.table} {query}")


def _reading(kind: Kind, settings: Settings) -> parsing.Reading:
    if kind.format == NATIVE.name:
        return NativeLines(kind.event_type)
    return MappedRecords(format_named(kind.format, settings), kind.event_type)
