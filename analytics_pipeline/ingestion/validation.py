"""Validation: from the raw events of some days to validated events, quarantine and line counts."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

import duckdb

from analytics_pipeline.events.catalog import EVENT_TYPES
from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline.ingestion import parsing
from analytics_pipeline.ingestion.formats.catalog import format_named, formats_of
from analytics_pipeline.ingestion.formats.native import NATIVE
from analytics_pipeline.ingestion.kinds import Kind
from analytics_pipeline.ingestion.mapped_records import MappedRecords
from analytics_pipeline.ingestion.native_lines import NativeLines
from analytics_pipeline.ingestion.quality_tables import SOURCE_FIELDS
from analytics_pipeline.ingestion.schema_contract import apply_contracts
from analytics_pipeline.ingestion.source_fields import observe_fields
from analytics_pipeline.ingestion.sources import name_of, source_of
from analytics_pipeline.ingestion.tables import (
    COUNTS,
    FILE_LINE_COUNTS,
    QUARANTINED_LINES,
    RAW_EVENTS,
    REASONS,
)
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import literal, quoted
from analytics_pipeline.settings import Settings, SourceSettings

GROUP_BYTES = 32_000_000
VALUE_CHARACTERS = 120
NOT_REFUSED = "'blank', 'duplicate', 'opted_out'"
COLUMNS = [quoted(name) for name in VALIDATED_EVENTS.column_names]
VALID = f"SELECT {', '.join(COLUMNS)} FROM recognized WHERE problem IS NULL"


@dataclass(frozen=True)
class DayCounts:
    """What became of the lines that stand under a date."""

    lines: int
    validated: int
    duplicate: int
    quarantined: int
    blank: int
    opted_out: int


def validate(lake: Lake, settings: Settings, days: Sequence[date]) -> dict[date, DayCounts]:
    """Rebuild validated_events, quarantined_lines and file_line_counts of the given days.

    The three are replaced together under one lock. Small days share one pass of an engine; large
    ones are worked on at once, since sorting and writing a day occupies one thread.
    """
    groups = list(_groups(lake, days))
    workers = max(1, min(len(groups), lake.engine_settings.threads))
    share = Lake(lake.root, lake.engine_settings.shared_by(workers))
    with ThreadPoolExecutor(workers) as pool:
        counts = pool.map(lambda group: _validate_group(share, settings, group), groups)
        return {day: found for of_group in counts for day, found in of_group.items()}


def _validate_group(lake: Lake, settings: Settings, days: Sequence[date]) -> dict[date, DayCounts]:
    with lake.locked(VALIDATED_EVENTS, days), lake.engine(exclusive=True) as connection:
        _read(connection, lake, settings, days)
        kinds = _parse(connection, settings)
        sources = _sources(connection, kinds, settings)
        apply_contracts(connection, kinds, sources)
        _note_fields(connection, kinds, sources)
        _identify(connection, kinds)
        _mark_duplicates(connection, kinds)
        for day in days:
            lake.replace(connection, VALIDATED_EVENTS, day, f"{VALID} {_of(day)}")
            lake.replace(connection, QUARANTINED_LINES, day, _quarantined(day))
            lake.replace(connection, FILE_LINE_COUNTS, day, _line_counts(day))
            lake.replace(connection, SOURCE_FIELDS, day, f"FROM source_field WHERE true {_of(day)}")
        return {day: _day_counts(connection, day) for day in days}


def _groups(lake: Lake, days: Sequence[date]) -> Iterator[list[date]]:
    group: list[date] = []
    size = 0
    for day in sorted(set(days)):
        file = lake.partition_file(RAW_EVENTS, day)
        bytes_of_day = file.stat().st_size if file.exists() else 0
        if group and size + bytes_of_day > GROUP_BYTES:
            yield group
            group, size = [], 0
        group.append(day)
        size += bytes_of_day
    if group:
        yield group


def _of(day: date) -> str:
    return f"AND stands_under = DATE {literal(day.isoformat())}"


def _read(
    connection: duckdb.DuckDBPyConnection, lake: Lake, settings: Settings, days: Sequence[date]
) -> None:
    """Make the table ``raw``: the lines with their event type, or why they are none."""
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
        FROM {lake.scan(RAW_EVENTS, days)}
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


def _parse(connection: duckdb.DuckDBPyConnection, settings: Settings) -> list[Kind]:
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
        lines = (
            f"(FROM raw WHERE problem IS NULL AND event_type = {literal(kind.event_type.name)} "
            f"AND format = {literal(kind.format)})"
        )
        query = parsing.parsed(kind.event_type, lines, _reading(kind, settings))
        connection.execute(f"CREATE TEMP TABLE {kind.table} AS {query}")
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


def _reading(kind: Kind, settings: Settings) -> parsing.Reading:
    if kind.format == NATIVE.name:
        return NativeLines(kind.event_type)
    return MappedRecords(format_named(kind.format, settings), kind.event_type)


def _sources(
    connection: duckdb.DuckDBPyConnection, kinds: Sequence[Kind], settings: Settings
) -> dict[str, SourceSettings]:
    """The source of each path that the parsed records come from."""
    if not kinds:
        return {}
    paths = " UNION ".join(f"SELECT DISTINCT path FROM {kind.table}" for kind in kinds)
    return {path: source_of(path, settings) for (path,) in connection.execute(paths).fetchall()}


def _note_fields(
    connection: duckdb.DuckDBPyConnection,
    kinds: Sequence[Kind],
    sources: Mapping[str, SourceSettings],
) -> None:
    """Make the table ``source_field``: the fields of each source under each date."""
    names = {path: name_of(source) for path, source in sources.items()}
    fields = observe_fields(connection, kinds, names)
    columns = ", ".join(f"{column.name} {column.type}" for column in SOURCE_FIELDS.columns)
    connection.execute(f"CREATE TEMP TABLE source_field (stands_under DATE, {columns})")
    rows = [
        (each.event_date, each.source, each.format, each.event_type, each.field,
         ", ".join(each.types), each.records, each.of_records)
        for each in fields
    ]  # fmt: skip
    if rows:
        connection.executemany("INSERT INTO source_field VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)


def _identify(connection: duckdb.DuckDBPyConnection, kinds: Sequence[Kind]) -> None:
    """Give each event without an event_id one: its content, and which of its likes it is."""
    for kind in kinds:
        connection.execute(
            f"""
            UPDATE {kind.table} AS parsed SET event_id = content || '-' || occurrence
            FROM (
                SELECT
                    parsed_row, content,
                    row_number() OVER (
                        PARTITION BY path, content ORDER BY line_number
                    ) AS occurrence
                FROM (
                    SELECT
                        rowid AS parsed_row, path, line_number,
                        md5({parsing.content(kind.event_type)}) AS content
                    FROM {kind.table}
                    WHERE problem IS NULL AND event_id IS NULL
                )
            )
            WHERE parsed.rowid = parsed_row
            """
        )


def _mark_duplicates(connection: duckdb.DuckDBPyConnection, kinds: Sequence[Kind]) -> None:
    """Make the problem of a line 'duplicate' where another line is the event.

    Of the lines with one event_id on a date the first is the event: the one with the earliest
    time, then the smallest content, which do not depend on where it came from; among equal ones
    the one that was taken first.
    """
    if not kinds:
        return
    contents = " ".join(
        f"WHEN {literal(name)} THEN {parsing.content(each)}"
        for name, each in {kind.event_type.name: kind.event_type for kind in kinds}.items()
    )
    connection.execute(
        f"""
        CREATE TEMP TABLE duplicate AS
        WITH repeated AS (
            SELECT stands_under, event_id
            FROM recognized
            WHERE problem IS NULL
            GROUP BY ALL
            HAVING count(*) > 1
        ),
        ranked AS (
            SELECT
                kind, parsed_row,
                row_number() OVER (
                    PARTITION BY stands_under, event_id
                    ORDER BY
                        timestamp, CASE event_type {contents} END, taken_at, path, line_number
                ) AS rank
            FROM recognized SEMI JOIN repeated USING (stands_under, event_id)
            WHERE problem IS NULL
        )
        SELECT kind, parsed_row FROM ranked WHERE rank > 1
        """
    )
    for number, kind in enumerate(kinds):
        connection.execute(
            f"""
            UPDATE {kind.table} SET problem = 'duplicate'
            WHERE rowid IN (SELECT parsed_row FROM duplicate WHERE kind = {number})
            """
        )


def _quarantined(day: date) -> str:
    texts = " ".join(f"WHEN '{name}' THEN {literal(text)}" for name, text in REASONS.items())
    value = f"left(problem_value, {VALUE_CHARACTERS})"
    return f"""
        SELECT
            path, line_number, format, reason,
            concat(CASE reason {texts} END, ': ' || field, ' is ' || {value}) AS message,
            line, bytes
        FROM (
            SELECT
                path, line_number, format, line, bytes, problem_value,
                split_part(problem, ':', 1) AS reason,
                nullif(split_part(problem, ':', 2), '') AS field
            FROM parsed
            WHERE problem NOT IN ({NOT_REFUSED}) {_of(day)}
        )
    """


def _line_counts(day: date) -> str:
    return f"""
        SELECT
            path,
            count(*) AS lines,
            count(*) FILTER (problem IS NULL) AS validated,
            count(*) FILTER (problem = 'duplicate') AS duplicate,
            count(*) FILTER (problem NOT IN ({NOT_REFUSED})) AS quarantined,
            count(*) FILTER (problem = 'blank') AS blank,
            count(*) FILTER (problem = 'opted_out') AS opted_out
        FROM parsed
        WHERE true {_of(day)}
        GROUP BY path
    """


def _day_counts(connection: duckdb.DuckDBPyConnection, day: date) -> DayCounts:
    totals = ", ".join(f"coalesce(sum({name}), 0)::BIGINT" for name in COUNTS)
    row = connection.execute(f"SELECT {totals} FROM ({_line_counts(day)})").fetchone()
    assert row is not None
    return DayCounts(*row)
