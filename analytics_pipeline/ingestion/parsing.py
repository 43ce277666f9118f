"""The SQL that converts and judges the records of one event type, made from its declaration.

A record goes through steps, each a projection on the one before: it is opened into the texts of
its fields, as its format says; ``_numbers()`` and ``_typed()`` convert each of them; ``_problem()``
says what is wrong. Whatever is costly is done only for the records that need it, since CASE
evaluates a branch only for the rows that reach it.
"""

from collections.abc import Callable, Iterator
from typing import Protocol

from analytics_pipeline.events.declaration import Case, EventType, Field, FieldType
from analytics_pipeline.events.tables import columns_of, fields_of
from analytics_pipeline.ingestion.times import utc
from analytics_pipeline.lake.table import literal, quoted

NUMERIC = (FieldType.INTEGER, FieldType.NUMBER)
TEXTUAL = (FieldType.TEXT, FieldType.TIMESTAMP)
LARGEST_EXACT_INTEGER = 2**53


class Reading(Protocol):
    """How the records of one event type are opened, in the way of their format."""

    def opened(self, lines: str) -> str:
        """SQL query that adds to the columns of a relation of records what ``text`` reads."""

    def text(self, field: Field) -> str:
        """SQL of a field's text as its source wrote it, null where it has none."""

    def container_problem(self) -> str | None:
        """SQL of 'bad_type:path' where a text field holds an object or a list, else null."""

    def undeclared(self) -> str:
        """SQL of what the declaration does not name, as JSON; null where there is nothing."""


def parsed(event_type: EventType, lines: str, reading: Reading) -> str:
    """SQL query of the records of an event type, converted and judged.

    ``lines`` is the SQL of a relation with ``event_type``, ``event_time``, ``time_zone``, ``line``
    (the record), and the ``first_time`` and ``latest_time`` that an event may have. The query
    gives the fields of the event type, ``extra`` (what the declaration does not name, as JSON),
    ``lacks_id``: whether it is an event that brings no event_id, and is given one of its content;
    ``problem``: the first thing that is wrong, as 'reason:path', or null, and ``problem_value``:
    the text that is wrong.
    """
    judge = _Judge(event_type, reading)
    fields = ", ".join(
        quoted(field.name) for field in fields_of(event_type) if field.name != "event_id"
    )
    return f"""
        WITH opened AS ({reading.opened(lines)}),
        numbers AS (SELECT * {judge.numbers()} FROM opened),
        typed AS (SELECT *, {judge.typed()} FROM numbers),
        judged AS (
            SELECT * EXCLUDE (problem), {judge.problem()} AS problem,
                {reading.undeclared()} AS extra
            FROM typed
        )
        SELECT
            path, line_number, taken_at, stands_under, format, problem,
            event_id IS NULL AND problem IS NULL AS lacks_id,
            CASE WHEN lacks_id THEN {_identity(event_type)} ELSE event_id END AS event_id,
            {fields}, extra,
            CASE WHEN problem IS NOT NULL THEN line END AS line,
            CASE WHEN problem IS NOT NULL THEN {judge.problem_value()} END AS problem_value
        FROM judged
    """


class _Judge:
    """Converts and judges the texts of the fields of one event type."""

    def __init__(self, event_type: EventType, reading: Reading) -> None:
        self._reading = reading
        self._written = [field for field in fields_of(event_type) if field.name != "event_type"]

    def numbers(self) -> str:
        """SQL of each numeric field as DOUBLE, also where it is written as text."""
        return "".join(
            f", coalesce(TRY_CAST({text} AS DOUBLE), TRY_CAST(trim({text}, '\"') AS DOUBLE)) "
            f"AS {quoted(f'number_{field.name}')}"
            for field in self._written
            if field.type in NUMERIC
            for text in [self._reading.text(field)]
        )

    def typed(self) -> str:
        """SQL of each field, converted to its type; null where it cannot be."""
        return ", ".join(f"{self._value(field)} AS {quoted(field.name)}" for field in self._written)

    def _value(self, field: Field) -> str:
        text = self._reading.text(field)
        number = quoted(f"number_{field.name}")
        match field.type:
            case FieldType.BOOLEAN:
                return (
                    f"CASE {text} WHEN 'true' THEN true WHEN 'false' THEN false "
                    f"ELSE CASE lower(trim({text}, '\"')) WHEN 'true' THEN true WHEN '1' THEN true "
                    "WHEN 'false' THEN false WHEN '0' THEN false END END"
                )
            case FieldType.INTEGER:
                return (
                    f"CASE WHEN {number} = trunc({number}) AND abs({number}) <= "
                    f"{LARGEST_EXACT_INTEGER} THEN {number}::BIGINT END"
                )
            case FieldType.NUMBER:
                return f"CASE WHEN NOT isnan({number}) THEN {number} END"
            case FieldType.TIMESTAMP:
                # The time of the event was read at the intake, to find its date.
                return (
                    "event_time"
                    if field.name == "timestamp"
                    else utc(text, "coalesce(time_zone, 'UTC')")
                )
            case FieldType.TEXT:
                return {None: text, Case.LOWER: f"lower({text})", Case.UPPER: f"upper({text})"}[
                    field.case
                ]

    def problem(self) -> str:
        """SQL of the first thing that is wrong with a record, as 'reason:path'; else null."""
        container = self._reading.container_problem()
        branches = [
            *self._branches(self._is_missing, "missing_field"),
            *self._branches(self._is_bad_time, "bad_timestamp"),
            *self._branches(self._is_badly_typed, "bad_type"),
            *([f"WHEN {container} IS NOT NULL THEN {container}"] if container else []),
            *self._branches(_is_out_of_range, "out_of_range"),
            "WHEN timestamp < first_time THEN 'too_old:timestamp'",
            "WHEN timestamp > latest_time THEN 'future_timestamp:timestamp'",
        ]
        return f"CASE {' '.join(branches)} END"

    def problem_value(self) -> str:
        """SQL of the text of the field that the problem names."""
        branches = " ".join(
            f"WHEN {literal(field.path)} THEN {self._reading.text(field)}"
            for field in self._written
        )
        return f"CASE split_part(problem, ':', 2) {branches} END"

    def _branches(self, condition_of: Callable[[Field], str | None], reason: str) -> Iterator[str]:
        for field in self._written:
            condition = condition_of(field)
            if condition is not None:
                yield f"WHEN {condition} THEN '{reason}:{field.path}'"

    def _is_missing(self, field: Field) -> str | None:
        if field.name == "timestamp":
            return f"event_time IS NULL AND {self._reading.text(field)} IS NULL"
        return f"{self._reading.text(field)} IS NULL" if field.required else None

    def _is_bad_time(self, field: Field) -> str | None:
        if field.name == "timestamp":
            return "event_time IS NULL"
        if field.type is FieldType.TIMESTAMP:
            return self._is_lost(field)
        return None

    def _is_badly_typed(self, field: Field) -> str | None:
        return None if field.type in TEXTUAL else self._is_lost(field)

    def _is_lost(self, field: Field) -> str:
        return f"{self._reading.text(field)} IS NOT NULL AND {quoted(field.name)} IS NULL"


def _is_out_of_range(field: Field) -> str | None:
    column = quoted(field.name)
    limits = []
    if field.type is FieldType.NUMBER:
        limits.append(f"isinf({column})")
    if field.minimum is not None:
        limits.append(f"{column} < {field.minimum}")
    if field.maximum is not None:
        limits.append(f"{column} > {field.maximum}")
    if field.accepted:
        accepted = ", ".join(literal(name) for name in field.accepted)
        limits.append(f"{column} NOT IN ({accepted})")
    return f"({' OR '.join(limits)})" if limits else None


def _identity(event_type: EventType) -> str:
    """SQL of the event_id of the first event of a content in its file."""
    return f"md5({content(event_type)}) || '-1'"


def content(event_type: EventType) -> str:
    """SQL of the content of a valid event, by which events that bring no event_id are told apart.

    It is made from the typed columns, so neither the order of keys nor white space matters.
    """
    names = [quoted(name) for name in columns_of(event_type)]
    return f"to_json({{{', '.join(f'{name}: {name}' for name in names)}}})::VARCHAR"
