"""Validation: from the raw events of some days to validated events, quarantine and line counts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import partial

import duckdb
import pyarrow as pa

from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline.ingestion.identity import mark_duplicates, number_likes
from analytics_pipeline.ingestion.kinds import Kind
from analytics_pipeline.ingestion.parsed_lines import parse_lines, read_raw_lines
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
from analytics_pipeline.ingestion.valid_events import valid_parts
from analytics_pipeline.lake.at_once import at_once
from analytics_pipeline.lake.lake import Lake, LakeError
from analytics_pipeline.lake.parts import ARROW_TYPES
from analytics_pipeline.lake.table import literal
from analytics_pipeline.settings import Settings, SourceSettings

GROUP_BYTES = 96_000_000
VALUE_CHARACTERS = 120
NOT_REFUSED = "'blank', 'duplicate', 'opted_out'"


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

    The three are replaced together under one lock. Days share a pass of an engine as far as their
    lines are few enough. Raises LakeError where the engine's memory does not suffice.
    """
    counts: dict[date, DayCounts] = {}
    for group in _groups(lake, days):
        try:
            counts |= _validate_group(lake, settings, group)
        except duckdb.OutOfMemoryException as error:
            raise LakeError(
                f"To validate the records of {group[0]} to {group[-1]} takes more memory than "
                f"engine.memory_limit, which is {settings.engine.memory_limit}. Raise it and run "
                "again."
            ) from error
    return counts


def _validate_group(lake: Lake, settings: Settings, days: Sequence[date]) -> dict[date, DayCounts]:
    with lake.locked(VALIDATED_EVENTS, days), lake.engine(exclusive=True) as connection:
        # All that is written is sorted; keeping the order before that costs copies.
        connection.execute("SET preserve_insertion_order = false")
        kinds, sources = judge(connection, settings, lake.scan(RAW_EVENTS, days))
        _note_fields(connection, kinds, sources)
        number_likes(connection, kinds)
        mark_duplicates(connection, kinds)
        at_once(
            connection,
            lake.engine_settings.threads,
            {day: lake.partition_bytes(RAW_EVENTS, day) for day in days},
            partial(_replace_day, lake, kinds),
        )
        return {day: _day_counts(connection, day) for day in days}


def _replace_day(
    lake: Lake, kinds: Sequence[Kind], connection: duckdb.DuckDBPyConnection, day: date
) -> None:
    parts = valid_parts(connection, kinds, day)
    lake.replace_by_parts(connection, VALIDATED_EVENTS, day, parts)
    lake.replace(connection, QUARANTINED_LINES, day, refused_lines(_of(day)))
    lake.replace(connection, FILE_LINE_COUNTS, day, _line_counts(day))
    lake.replace(connection, SOURCE_FIELDS, day, f"FROM source_field WHERE true {_of(day)}")


def judge(
    connection: duckdb.DuckDBPyConnection, settings: Settings, lines: str
) -> tuple[list[Kind], dict[str, SourceSettings]]:
    """Make the view ``parsed``: the lines with what is wrong with them, before they are compared.

    ``lines`` is a relation with the columns of raw_events and event_date. Returns the kinds of
    records there are, and the source of each path that has records.
    """
    read_raw_lines(connection, settings, lines)
    kinds = parse_lines(connection, settings, lines)
    sources = _sources(connection, kinds, settings)
    apply_contracts(connection, kinds, sources, lines)
    return kinds, sources


def _groups(lake: Lake, days: Sequence[date]) -> Iterator[list[date]]:
    group: list[date] = []
    size = 0
    for day in sorted(set(days)):
        bytes_of_day = lake.partition_bytes(RAW_EVENTS, day)
        if group and size + bytes_of_day > GROUP_BYTES:
            yield group
            group, size = [], 0
        group.append(day)
        size += bytes_of_day
    if group:
        yield group


def _of(day: date) -> str:
    return f"AND stands_under = DATE {literal(day.isoformat())}"


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
    schema = pa.schema(
        [("stands_under", pa.date32())]
        + [(column.name, ARROW_TYPES[column.type]) for column in SOURCE_FIELDS.columns]
    )
    rows = [
        {**asdict(each), "stands_under": each.event_date, "types": ", ".join(each.types)}
        for each in fields
    ]
    connection.register("field_observed", pa.Table.from_pylist(rows, schema))
    connection.execute("CREATE TABLE source_field AS FROM field_observed")
    connection.unregister("field_observed")


def refused_lines(condition: str = "") -> str:
    """SQL query of the lines of ``parsed`` that are refused, and why; for a condition AND …."""
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
            WHERE problem NOT IN ({NOT_REFUSED}) {condition}
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
