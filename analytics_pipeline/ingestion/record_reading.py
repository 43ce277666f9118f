"""The SQL by which records are read at the intake: their event type, their time and their date."""

from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from analytics_pipeline.events.catalog import EVENT_TYPES
from analytics_pipeline.events.tables import all_fields
from analytics_pipeline.ingestion import key_fields
from analytics_pipeline.ingestion.formats import compiling
from analytics_pipeline.ingestion.formats.catalog import format_named
from analytics_pipeline.ingestion.formats.declaration import Format, paths_of
from analytics_pipeline.ingestion.formats.native import NATIVE
from analytics_pipeline.ingestion.privacy.door import Door
from analytics_pipeline.ingestion.privacy.policies import RecordPolicies, policies_of
from analytics_pipeline.ingestion.reading.batches import LINES_SCHEMA
from analytics_pipeline.ingestion.times import utc
from analytics_pipeline.lake.table import literal
from analytics_pipeline.settings import Settings

STREAM_SCHEMA = pa.schema(
    [("file_number", pa.int32()), (compiling.FILE_TIME, pa.string()), *LINES_SCHEMA]
)


@dataclass(frozen=True)
class Group:
    """What files have in common that are read by one query: the name of a format, and a zone."""

    format: str
    time_zone: str


def records_query(
    group: Group, records: str, settings: Settings, latest: datetime, door: Door
) -> str:
    """SQL query of a relation of records of alike files, after the privacy door.

    ``records`` has the columns of STREAM_SCHEMA; the door must be registered where the query runs.
    The query gives file_number, line_number, event_type, event_time, line, bytes and event_date,
    which is null where the record has no time between ``first_event_date`` and ``latest``. Of a
    record whose user opted out there is only event_date.
    """
    source = format_named(group.format, settings)
    first = settings.first_event_date.isoformat()
    readable = (
        f"regexp_matches(line, {literal(source.pattern)})"
        if source.pattern is not None
        else "json_valid(line)"
    )
    dated = f"""
        WITH opened AS (
            SELECT
                *,
                CASE
                    WHEN strlen(line) <= {settings.ingestion.max_line_bytes} AND {readable}
                    THEN {_found(source)}
                END AS found
            FROM {records}
        ),
        named AS (
            SELECT *, {_event_type(source)} AS event_type, {_time_text(source)} AS time_text
            FROM opened
        ),
        timed AS (
            SELECT *, {utc("time_text", literal(group.time_zone))} AS event_time FROM named
        )
        SELECT
            *,
            CASE
                WHEN event_time BETWEEN DATE {literal(first)} AND TIMESTAMP {literal(str(latest))}
                THEN event_time::DATE
            END AS event_date
        FROM timed
    """
    return _admitted(source, dated, settings, door)


def _admitted(source: Format, dated: str, settings: Settings, door: Door) -> str:
    policies = policies_of(settings.privacy, source.name, paths_by_field(source), source.personal)
    # A record without a date of its own falls under a key by the date of its file.
    day = f"coalesce(event_date, TRY_CAST({compiling.FILE_TIME} AS DATE))"
    is_json = "false" if source.pattern is not None else "found IS NOT NULL"
    text = door.sql(
        policies, record="line", is_json=is_json, event_date=day, pattern=source.pattern
    )
    # In what no mapping takes, such as a document of an unknown kind, people may be named anywhere.
    line = text.record
    if source is not NATIVE and source.pattern is None and policies.allowed is None:
        stray = door.sql(policies, record=f"({line})", is_json="false", event_date=day).record
        unmapped = "found IS NOT NULL AND event_type IS NULL"
        line = f"CASE WHEN {unmapped} THEN {stray} ELSE {line} END"
    raw = door.bytes_sql(policies, raw="bytes", event_date=day, pattern=source.pattern)
    # What a line says is its type may be anything.
    known = ", ".join(literal(each.name) for each in EVENT_TYPES)
    named = door.sql(RecordPolicies(), record="event_type", is_json="false", event_date=day)
    event_type = f"CASE WHEN event_type IN ({known}) THEN event_type ELSE {named.record} END"
    columns = {
        "event_type": event_type, "event_time": "event_time",
        "line": line, "bytes": raw.record,
    }  # fmt: skip
    opted_out = f"coalesce({text.opted_out}, false) OR coalesce({raw.opted_out}, false)"
    if (text.opted_out, raw.opted_out) == ("false", "false"):
        stored = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
        return f"SELECT file_number, line_number, event_date, {stored} FROM ({dated})"
    stored = ", ".join(
        f"CASE WHEN NOT opted_out THEN {sql} END AS {name}" for name, sql in columns.items()
    )
    return f"""
        SELECT file_number, line_number, event_date, {stored}
        FROM (SELECT *, {opted_out} AS opted_out FROM ({dated}))
    """


def paths_by_field(source: Format) -> dict[str, list[str]]:
    """The paths of a format's records that each field of an event comes from."""
    if source is NATIVE:
        return {field.path: [field.path] for field in all_fields().values()}
    found: dict[str, list[str]] = {}
    for mapping in source.mappings:
        for field, sql in mapping.fields.items():
            read = [path for path in paths_of(sql) if path != compiling.FILE_TIME]
            found.setdefault(field, []).extend(read)
    return found


def _found(source: Format) -> str:
    if source is NATIVE:
        return key_fields.key_fields("line")
    return compiling.values(source, source.mappings, "line")


def _event_type(source: Format) -> str:
    if source is NATIVE:
        return key_fields.event_type_of("found")
    return f"CASE WHEN found IS NOT NULL THEN {compiling.event_type_of(source, 'found')} END"


def _time_text(source: Format) -> str:
    if source is NATIVE:
        return key_fields.time_text_of("found")
    return f"CASE WHEN found IS NOT NULL THEN {compiling.time_text_of(source, 'found')} END"
