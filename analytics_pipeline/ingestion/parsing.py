"""The SQL that parses and judges lines, made from the declarations of the event types."""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from analytics_pipeline.events.catalog import COMMON_FIELDS, EVENT_TYPES
from analytics_pipeline.events.declaration import Case, EventType, Field, FieldType
from analytics_pipeline.events.tables import all_fields, fields_of
from analytics_pipeline.ingestion.timestamps import TIME_PATHS, utc
from analytics_pipeline.lake.table import literal, quoted

FIELDS = all_fields()
ROOTS = sorted({field.path.partition(".")[0] for field in FIELDS.values() if "." in field.path})


def document_schema() -> str:
    """The json_transform structure of a line: each top-level key that a declaration names.

    Texts and times are taken as text. Anything else is taken as JSON, since the engine's own
    conversion would silently round 12.5 to 12 and make true of "yes".
    """
    members = {}
    for field in FIELDS.values():
        root, nested, _ = field.path.partition(".")
        as_text = field.type in (FieldType.TEXT, FieldType.TIMESTAMP) and not nested
        members[root] = "VARCHAR" if as_text else "JSON"
    return "{" + ", ".join(f'"{key}": "{kind}"' for key, kind in members.items()) + "}"


def source(field: Field) -> str:
    """SQL of a field as its source wrote it, from the parsed document ``d``."""
    root, nested, rest = field.path.partition(".")
    return f"json_extract_string(d.{quoted(root)}, '$.{rest}')" if nested else f"d.{quoted(root)}"


def value(field: Field) -> str:
    """SQL of a field's typed value; null where the source is absent or cannot be converted."""
    text = source(field)
    if field.name == "timestamp":
        text = f"coalesce({', '.join(source(FIELDS[path]) for path in TIME_PATHS)})"
    bare = f"trim({text}, '\"')"
    match field.type:
        case FieldType.BOOLEAN:
            return (
                f"CASE lower({bare}) WHEN 'true' THEN true WHEN '1' THEN true "
                "WHEN 'false' THEN false WHEN '0' THEN false END"
            )
        case FieldType.INTEGER:
            number = f"TRY_CAST({bare} AS DOUBLE)"
            return f"CASE WHEN {number} = trunc({number}) THEN TRY_CAST({bare} AS BIGINT) END"
        case FieldType.NUMBER:
            number = f"TRY_CAST({bare} AS DOUBLE)"
            return f"CASE WHEN NOT isnan({number}) THEN {number} END"
        case FieldType.TIMESTAMP:
            return utc(text)
        case FieldType.TEXT:
            return {None: text, Case.LOWER: f"lower({text})", Case.UPPER: f"upper({text})"}[
                field.case
            ]


def typed(name: str) -> str:
    """SQL of a column of validated events: null for event types that do not declare the field."""
    field = FIELDS[name]
    if field in COMMON_FIELDS:
        return value(field)
    return f"CASE WHEN d.event_type IN ({_names(_declaring(field))}) THEN {value(field)} END"


def _declaring(field: Field) -> list[EventType]:
    return [kind for kind in EVENT_TYPES if field.name in {own.name for own in fields_of(kind)}]


def _names(event_types: Iterable[EventType]) -> str:
    return ", ".join(literal(event_type.name) for event_type in event_types)


def problem() -> str:
    """SQL of what is wrong with an object, as 'reason:path', the first thing found; null if valid.

    Works on the parsed document ``d``, the typed columns, ``line``, ``event_date``,
    ``first_time`` and ``latest_time``.
    """
    named = _names(EVENT_TYPES)
    cases = [
        ("d.event_type IS NULL", "missing_field:event_type"),
        (f"d.event_type NOT IN ({named})", "unknown_event_type:event_type"),
        *_field_cases(_is_missing, "missing_field"),
        *_field_cases(_is_bad_time, "bad_timestamp"),
        *_field_cases(_is_badly_typed, "bad_type"),
        *_field_cases(_is_out_of_range, "out_of_range"),
        ("timestamp < first_time", "too_old:timestamp"),
        ("timestamp > latest_time", "future_timestamp:timestamp"),
    ]
    branches = " ".join(f"WHEN {condition} THEN '{verdict}'" for condition, verdict in cases)
    return f"CASE {branches} END"


def _field_cases(
    condition_of: Callable[[Field], str | None], reason: str
) -> Iterator[tuple[str, str]]:
    for field in FIELDS.values():
        condition = condition_of(field)
        if condition is None:
            continue
        if field not in COMMON_FIELDS:
            condition = f"d.event_type IN ({_names(_declaring(field))}) AND {condition}"
        yield condition, f"{reason}:{field.path}"


def _is_missing(field: Field) -> str | None:
    if field.name == "timestamp":
        return " AND ".join(f"{source(FIELDS[path])} IS NULL" for path in TIME_PATHS)
    if field.required and field.name != "event_type":
        return f"{source(field)} IS NULL"
    return None


def _is_bad_time(field: Field) -> str | None:
    if field.name == "timestamp":
        return "timestamp IS NULL"
    if field.type is FieldType.TIMESTAMP:
        return f"{source(field)} IS NOT NULL AND {quoted(field.name)} IS NULL"
    return None


def _is_badly_typed(field: Field) -> str | None:
    written, column = source(field), quoted(field.name)
    match field.type:
        case FieldType.TIMESTAMP:
            return None
        case FieldType.TEXT:
            # Only what looks like a container is parsed again to see whether it is one.
            return (
                f"{column} IS NOT NULL AND left({written}, 1) IN ('{{', '[') AND "
                f"json_type(line, '$.{field.path}') IN ('OBJECT', 'ARRAY')"
            )
        case _:
            return f"{written} IS NOT NULL AND {column} IS NULL"


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


def undeclared() -> str:
    """SQL of an object without the fields that its type declares, as JSON; null where none is left.

    An RFC 7386 merge patch with nulls removes what is declared; it runs only for the lines that
    have something else.
    """
    known = " ".join(
        f"WHEN {literal(kind.name)} THEN [{', '.join(map(literal, _roots(kind)))}]"
        for kind in EVENT_TYPES
    )
    patches = " ".join(
        f"WHEN {literal(kind.name)} THEN {literal(_removal(fields_of(kind)))}"
        for kind in EVENT_TYPES
    )
    others = [f"NOT list_has_all(CASE d.event_type {known} END, keys)"]
    for root in ROOTS:
        nested = (field.path.split(".") for field in FIELDS.values())
        names = ", ".join(literal(path[1]) for path in nested if path[0] == root)
        container = f"d.{quoted(root)}"
        others.append(
            f"{container} IS NOT NULL AND (json_type({container}) <> 'OBJECT' "
            f"OR NOT list_has_all([{names}], json_keys({container})))"
        )
    return (
        f"CASE WHEN {' OR '.join(f'({other})' for other in others)} "
        f"THEN json_merge_patch(line, CASE d.event_type {patches} END)::VARCHAR END"
    )


def extra(undeclared: str) -> str:
    """SQL of the column extra: what is undeclared, unless only an emptied object is left of it."""
    emptied = ", ".join(["'{}'", *(f"'{{\"{root}\":{{}}}}'" for root in ROOTS)])
    return f"CASE WHEN {undeclared} NOT IN ({emptied}) THEN {undeclared} END"


def _roots(event_type: EventType) -> list[str]:
    return sorted({field.path.partition(".")[0] for field in fields_of(event_type)})


def _removal(fields: Iterable[Field]) -> str:
    patch: dict[str, Any] = {}
    for field in fields:
        root, nested, rest = field.path.partition(".")
        if nested:
            patch.setdefault(root, {})[rest] = None
        else:
            patch[root] = None
    return json.dumps(patch)
