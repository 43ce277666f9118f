"""Validation: from the raw events of some days to validated events, quarantine and line counts."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

import duckdb

from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline.ingestion import parsing
from analytics_pipeline.ingestion.accounts import COUNTS
from analytics_pipeline.ingestion.tables import (
    FILE_LINE_COUNTS,
    QUARANTINED_LINES,
    RAW_EVENTS,
    REASONS,
)
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import literal, quoted
from analytics_pipeline.settings import Settings

GROUP_BYTES = 32_000_000
VALUE_CHARACTERS = 120
COLUMNS = [quoted(name) for name in VALIDATED_EVENTS.column_names]
CONTENT = parsing.content()
VALID = f"SELECT {', '.join(COLUMNS)} FROM outcome WHERE outcome = 'validated'"


@dataclass(frozen=True)
class DayCounts:
    """What became of the lines that stand under a date."""

    lines: int
    validated: int
    duplicate: int
    quarantined: int
    blank: int


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
    with lake.locked(VALIDATED_EVENTS, days), lake.engine() as connection:
        _parse(connection, lake, settings, days)
        _identify(connection)
        _judge(connection)
        for day in days:
            lake.replace(connection, VALIDATED_EVENTS, day, f"{VALID} {_of(day)}")
            lake.replace(connection, QUARANTINED_LINES, day, _quarantined(day))
            lake.replace(connection, FILE_LINE_COUNTS, day, _line_counts(day))
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


def _parse(
    connection: duckdb.DuckDBPyConnection, lake: Lake, settings: Settings, days: Sequence[date]
) -> None:
    """Make the table ``parsed``: one row a line, typed, with what is wrong with it."""
    limit = settings.ingestion.max_line_bytes
    tolerance = settings.ingestion.future_tolerance_seconds
    first = settings.first_event_date.isoformat()
    connection.execute(
        f"""
        CREATE TEMP TABLE parsed AS
        WITH raw AS (
            SELECT *, event_date AS stands_under, ltrim(line, E' \\t\\r\\n\\v\\f') AS start
            FROM {lake.scan(RAW_EVENTS, days)}
        ),
        read AS (
            SELECT
                *,
                CASE
                    WHEN octet_length(bytes) > {limit} OR strlen(line) > {limit}
                        THEN 'line_too_long'
                    WHEN line IS NULL THEN 'not_utf8'
                    WHEN start = '' THEN 'blank'
                    WHEN NOT json_valid(line) THEN 'not_json'
                    WHEN NOT starts_with(start, '{{') THEN 'not_an_object'
                END AS refusal
            FROM raw
        ),
        object AS (SELECT *, CASE WHEN refusal IS NULL THEN line END AS object FROM read),
        document AS (
            SELECT *, {parsing.document("object")} AS d, json_keys(object) AS keys FROM object
        ),
        opened AS (SELECT *, {parsing.opened()} FROM document),
        numbers AS (SELECT *, {parsing.numbers()} FROM opened),
        typed AS (
            SELECT
                *, {parsing.typed()},
                TIMESTAMP {literal(first)} AS first_time,
                taken_at + INTERVAL ({tolerance}) SECOND AS latest_time
            FROM numbers
        ),
        judged AS (
            SELECT
                *,
                coalesce(refusal, {parsing.problem()}) AS problem,
                {parsing.undeclared()} AS undeclared
            FROM typed
        )
        SELECT
            path, line_number, taken_at, stands_under, problem,
            {", ".join(quoted(name) for name in parsing.FIELDS)},
            {parsing.extra("undeclared")} AS extra,
            CASE WHEN problem <> 'blank' THEN line END AS line,
            CASE WHEN problem <> 'blank' THEN bytes END AS bytes
        FROM judged
        """
    )


def _identify(connection: duckdb.DuckDBPyConnection) -> None:
    """Give each event without an event_id one: its content, and which of its likes it is."""
    connection.execute(
        f"""
        UPDATE parsed SET event_id = content || '-' || occurrence
        FROM (
            SELECT
                parsed_row, content,
                row_number() OVER (PARTITION BY path, content ORDER BY line_number) AS occurrence
            FROM (
                SELECT rowid AS parsed_row, path, line_number, md5({CONTENT}) AS content
                FROM parsed
                WHERE problem IS NULL AND event_id IS NULL
            )
        )
        WHERE parsed.rowid = parsed_row
        """
    )


def _judge(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the view ``outcome``: the parsed lines with what becomes of each.

    Of the lines with one event_id on a date the first is the event: the one with the earliest
    time, then the smallest content, which do not depend on where it came from; among equal ones
    the one that was taken first.
    """
    connection.execute(
        f"""
        CREATE TEMP TABLE duplicate AS
        WITH repeated AS (
            SELECT stands_under, event_id
            FROM parsed
            WHERE problem IS NULL
            GROUP BY ALL
            HAVING count(*) > 1
        ),
        ranked AS (
            SELECT
                parsed.rowid AS parsed_row,
                row_number() OVER (
                    PARTITION BY stands_under, event_id
                    ORDER BY timestamp, {CONTENT}, taken_at, path, line_number
                ) AS rank
            FROM parsed SEMI JOIN repeated USING (stands_under, event_id)
            WHERE problem IS NULL
        )
        SELECT parsed_row FROM ranked WHERE rank > 1
        """
    )
    connection.execute(
        """
        CREATE TEMP VIEW outcome AS
        SELECT
            parsed.*,
            CASE
                WHEN problem = 'blank' THEN 'blank'
                WHEN problem IS NOT NULL THEN 'quarantined'
                WHEN parsed_row IS NOT NULL THEN 'duplicate'
                ELSE 'validated'
            END AS outcome
        FROM parsed LEFT JOIN duplicate ON parsed.rowid = parsed_row
        """
    )


def _quarantined(day: date) -> str:
    texts = " ".join(f"WHEN '{name}' THEN {literal(text)}" for name, text in REASONS.items())
    value = f"left(json_extract(line, '$.' || field), {VALUE_CHARACTERS})"
    return f"""
        SELECT
            path, line_number, reason,
            concat(CASE reason {texts} END, ': ' || field, ' is ' || {value}) AS message,
            line, bytes
        FROM (
            SELECT
                path, line_number, line, bytes,
                split_part(problem, ':', 1) AS reason,
                nullif(split_part(problem, ':', 2), '') AS field
            FROM outcome
            WHERE outcome = 'quarantined' {_of(day)}
        )
    """


def _line_counts(day: date) -> str:
    return f"""
        SELECT
            path,
            count(*) AS lines,
            count(*) FILTER (outcome = 'validated') AS validated,
            count(*) FILTER (outcome = 'duplicate') AS duplicate,
            count(*) FILTER (outcome = 'quarantined') AS quarantined,
            count(*) FILTER (outcome = 'blank') AS blank
        FROM outcome
        WHERE true {_of(day)}
        GROUP BY path
    """


def _day_counts(connection: duckdb.DuckDBPyConnection, day: date) -> DayCounts:
    totals = ", ".join(f"coalesce(sum({name}), 0)::BIGINT" for name in COUNTS)
    row = connection.execute(f"SELECT {totals} FROM ({_line_counts(day)})").fetchone()
    assert row is not None
    return DayCounts(*row)
