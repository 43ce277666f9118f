"""From columns to lines: DuckDB writes the JSON of every event."""

from collections.abc import Mapping, Sequence

import duckdb
import numpy as np
import pyarrow as pa

from analytics_pipeline.lake.table import literal
from analytics_pipeline.samples.generation.columns import Events, timestamps
from analytics_pipeline.samples.generation.delivery import BAD_LINES, Marks
from analytics_pipeline.samples.generation.drift import forms_over_time
from analytics_pipeline.samples.generation.incidents import Incident
from analytics_pipeline.samples.generation.period import Ints, Period

ROWS_PER_BATCH = 65_536
MILLISECONDS, MICROSECONDS = "'%Y-%m-%dT%H:%M:%S.%gZ'", "'%Y-%m-%dT%H:%M:%S.%fZ'"

_TIMESTAMP = f"'timestamp': strftime(time, {MILLISECONDS})"
_WHO = "'user_id': user_id, 'team': team"
_CONTEXT = "'context': {'language': language, 'framework': framework}"
_DELIVERY = (
    "'repository': repository, 'pipeline': pipeline, 'commit': printf('%012x', commit), "
    f"'status': status, 'team': team, 'started_at': strftime(time, {MILLISECONDS}), "
    f"'finished_at': strftime(finished, {MILLISECONDS})"
)

FIELDS = {
    "cache_query": f"{_TIMESTAMP}, {_WHO}, 'query': query, 'cache_hit': cache_hit, "
    "'response_time': response_time, 'model': model, 'prompt_tokens': prompt_tokens, "
    "'completion_tokens': completion_tokens, 'cost': cost, 'match_type': match_type, "
    f"'cache_key': cache_key, {_CONTEXT}",
    "failed_query": f"{_TIMESTAMP}, {_WHO}, 'query': query, 'error': error, "
    "'error_class': error_class, 'response_time': response_time, 'model': model, "
    f"'prompt_tokens': prompt_tokens, {_CONTEXT}",
    "cache_store": f"{_TIMESTAMP}, {_WHO}, 'query': query, 'response_size': response_size, "
    f"'cache_key': cache_key, {_CONTEXT}",
    # Only the user interface knows of sessions and clients.
    "ui_interaction": f"{_TIMESTAMP}, {_WHO}, 'session_id': printf('s-%08x', session), "
    "'action': action, 'element': element, 'page': page, 'client': client, " + _CONTEXT,
    "system_metric": f"{_TIMESTAMP}, 'metric_name': metric_name, 'value': value, 'unit': unit, "
    "'host': host",
    "log_entry": f"'timestamp': strftime(time, {MICROSECONDS}), 'level': level, "
    "'message': replace(replace(template, '{a}', first_number::VARCHAR), "
    "'{b}', second_number::VARCHAR), 'component': component",
    "build": _DELIVERY,
    "deployment": f"{_TIMESTAMP}, {_DELIVERY}, 'environment': environment",
}
"""The members of each event type's JSON object, behind event_id and event_type."""

WITHOUT_IDENTITY = ("system_metric", "log_entry")
"""Event types whose sources give no event_id."""

SHORTEST_CUT = 30
"""Characters that are left of a truncated line at least."""

LINES = "generated_lines"
LATER = "lines_for_later"


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the table of lines that go to the late and repeated files."""
    connection.execute(
        f"CREATE TEMP TABLE {LATER} "
        "(arrival INTEGER, late BOOLEAN, time TIMESTAMP, kind VARCHAR, n BIGINT, line BLOB)"
    )


def register(
    connection: duckdb.DuckDBPyConnection,
    event_type: str,
    events: Events,
    first_number: int,
    marks: Marks,
) -> None:
    """Offer the events of one type to DuckDB, under the name of the type.

    ``happened`` is the true time, ``time`` what their lines tell.
    """
    table = pa.table(
        {
            "n": first_number + np.arange(len(marks.day)),
            "happened": timestamps(events.time),
            "time": timestamps(events.time if events.told is None else events.told),
            "kept": pa.nulls(len(marks.day), pa.float64()) if events.kept is None else events.kept,
            "day": marks.day,
            "late": marks.late,
            "repeated": marks.repeated,
            **events.columns,
        }
    )
    # DuckDB scans one batch with one thread.
    batches = table.to_batches(max_chunksize=ROWS_PER_BATCH)
    connection.register(event_type, pa.Table.from_batches(batches, table.schema))


def register_bad_lines(
    connection: duckdb.DuckDBPyConnection, reason: Ints, time: Ints, day: Ints, first_number: int
) -> None:
    """Offer bad lines to DuckDB; reasons are positions in BAD_LINES."""
    templates = pa.array(list(BAD_LINES.values()))
    connection.register(
        "bad_line",
        pa.table(
            {
                "n": first_number + np.arange(len(reason)),
                "time": timestamps(time),
                "day": day,
                "template": templates.take(pa.array(reason)),
            }
        ),
    )


def line_sql(event_type: str, origin: str, period: Period, incidents: Sequence[Incident]) -> str:
    """The SQL that makes the line of an event of a type.

    ``origin`` tells one generation from another: equal numbers of different origins give
    different event ids.
    """
    identity = (
        ""
        if event_type in WITHOUT_IDENTITY
        else f"'event_id': md5({literal(f'{origin}/{event_type}/')} || n)::UUID, "
    )
    *later, (_, first) = reversed(forms_over_time(incidents, event_type, FIELDS[event_type]))
    text = f"to_json({{{identity}'event_type': {literal(event_type)}, {first}}})::VARCHAR"
    if later:
        cases = " ".join(
            f"WHEN happened >= TIMESTAMP {literal(str(period.moment(hour).replace(tzinfo=None)))} "
            f"THEN to_json({{{identity}'event_type': {literal(event_type)}, {members}}})::VARCHAR"
            for hour, members in later
        )
        text = f"CASE {cases} ELSE {text} END"
    return (
        f"encode(CASE WHEN kept < 1 THEN left({text}, ({SHORTEST_CUT} + floor(kept * "
        f"(length({text}) - {SHORTEST_CUT + 1})))::INTEGER) ELSE {text} END || chr(10))"
    )


_BAD_TEXT = (
    "replace(replace(template, '{n}', n::VARCHAR), "
    f"'{{time}}', strftime(time, {MILLISECONDS})) || chr(10)"
)
# Bytes that no UTF-8 text holds stand between the halves of the template.
_BAD_LINE = (
    f"CASE WHEN contains(template, '{{bytes}}') THEN encode(split_part({_BAD_TEXT}, '{{bytes}}', "
    f"1)) || '\\xFF\\xFE'::BLOB || encode(split_part({_BAD_TEXT}, '{{bytes}}', 2)) "
    f"ELSE encode({_BAD_TEXT}) END"
)


def write_lines(connection: duckdb.DuckDBPyConnection, sql_of_lines: Mapping[str, str]) -> None:
    """Make the lines of all registered events by ``line_sql`` of each type.

    The late and repeated ones are set aside.
    """
    selects = [
        f"SELECT {literal(event_type)} AS kind, n, day, late, repeated, happened AS time, "
        f"{line} AS line FROM {event_type}"
        for event_type, line in sql_of_lines.items()
    ]
    selects.append(
        "SELECT 'bad_line' AS kind, n, day, -1 AS late, -1 AS repeated, time, "
        f"{_BAD_LINE} AS line FROM bad_line"
    )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {LINES} AS {' UNION ALL '.join(selects)}")
    for column, late in (("late", "true"), ("repeated", "false")):
        connection.execute(
            f"INSERT INTO {LATER} SELECT {column}, {late}, time, kind, n, line "
            f"FROM {LINES} WHERE {column} >= 0"
        )


def lines_in_time(connection: duckdb.DuckDBPyConnection) -> "pa.RecordBatchReader":
    """Day and line of what arrives in time, in order."""
    return connection.sql(
        f"SELECT day, line FROM {LINES} WHERE late < 0 ORDER BY day, time, kind, n"
    ).to_arrow_reader(ROWS_PER_BATCH)


def lines_for_later(connection: duckdb.DuckDBPyConnection, *, late: bool) -> "pa.RecordBatchReader":
    """Arrival day and line of the late lines, or of the repeated ones, in order."""
    return connection.sql(
        f"SELECT arrival AS day, line FROM {LATER} WHERE late = {late} "
        "ORDER BY arrival, time, kind, n"
    ).to_arrow_reader(ROWS_PER_BATCH)
