"""The SQL by which records are read at the intake: their event type, their time and their date."""

from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from analytics_pipeline.ingestion import key_fields
from analytics_pipeline.ingestion.formats import compiling
from analytics_pipeline.ingestion.formats.catalog import format_named
from analytics_pipeline.ingestion.formats.declaration import Format
from analytics_pipeline.ingestion.formats.native import NATIVE
from analytics_pipeline.ingestion.lines import LINES_SCHEMA
from analytics_pipeline.ingestion.times import utc
from analytics_pipeline.lake.table import literal
from analytics_pipeline.settings import Settings

STREAM_SCHEMA = pa.schema(
    [("file_number", pa.int32()), (compiling.FILE_TIME, pa.string()), *LINES_SCHEMA]
)
# A document's number stands for its file and its place in it.
LINES_OF_A_FILE = 2**40


@dataclass(frozen=True)
class Group:
    """What files have in common that are read by one query: the name of a format, and a zone."""

    format: str
    time_zone: str


def records_query(group: Group, stream: str, settings: Settings, latest: datetime) -> str:
    """SQL query of the records of a stream of alike files.

    The stream has the columns of STREAM_SCHEMA. The query gives file_number, line_number,
    event_type, event_time, line, bytes and event_date, which is null where the record has no time
    between ``first_event_date`` and ``latest``.
    """
    source = format_named(group.format, settings)
    first = settings.first_event_date.isoformat()
    relation = _split(source, stream) if source.split else stream
    readable = (
        f"regexp_matches(line, {literal(source.pattern)})"
        if source.pattern is not None
        else "json_valid(line)"
    )
    return f"""
        SELECT
            file_number, line_number, event_type, event_time, line, bytes,
            CASE
                WHEN event_time BETWEEN DATE {literal(first)} AND TIMESTAMP {literal(str(latest))}
                THEN event_time::DATE
            END AS event_date
        FROM (
            SELECT
                *,
                {_event_type(source)} AS event_type,
                {utc(_time_text(source), literal(group.time_zone))} AS event_time
            FROM (
                SELECT
                    *,
                    CASE
                        WHEN strlen(line) <= {settings.ingestion.max_line_bytes} AND {readable}
                        THEN {_found(source)}
                    END AS found
                FROM {relation}
            )
        )
    """


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


def _split(source: Format, stream: str) -> str:
    """SQL of the records of the documents of a stream, numbered anew within each file.

    A document that has none is itself a record.
    """
    return f"""(
        WITH read AS MATERIALIZED (
            SELECT *, file_number * {LINES_OF_A_FILE} + line_number AS document_number
            FROM {stream}
        ),
        document AS (
            SELECT document_number, line AS document FROM read
            WHERE line IS NOT NULL AND json_valid(line)
        ),
        record AS MATERIALIZED ({source.split}),
        numbered AS (
            SELECT
                file_number, {compiling.FILE_TIME}, document_number, position,
                CASE WHEN record.document_number IS NULL THEN line ELSE record::VARCHAR END AS line,
                bytes
            FROM read LEFT JOIN record USING (document_number)
        )
        SELECT
            file_number, {compiling.FILE_TIME}, line, bytes,
            row_number() OVER (PARTITION BY file_number ORDER BY document_number, position)
                AS line_number
        FROM numbered
    )"""
