"""The SQL that parses and judges lines, made from the declarations of the event types.

A line goes through four steps, each a projection on the one before:

1. ``document()`` parses it into ``d``, the top-level keys that any declaration names;
2. ``opened()`` adds ``kind``, the number of its event type, and what nested objects hold;
3. ``numbers()`` and then ``typed()`` convert each field;
4. ``problem()`` and ``undeclared()`` say what is wrong, and what no declaration names.

Whatever is costly is done only for the lines that need it, since CASE evaluates a branch only for
the rows that reach it.
"""

import json
from collections.abc import Callable, Iterator

from analytics_pipeline.events.catalog import COMMON_FIELDS, EVENT_TYPES
from analytics_pipeline.events.declaration import Case, EventType, Field, FieldType
from analytics_pipeline.events.tables import all_fields, fields_of
from analytics_pipeline.ingestion.timestamps import TIME_PATHS, utc
from analytics_pipeline.lake.table import literal, quoted

FIELDS = all_fields()
NUMERIC = (FieldType.INTEGER, FieldType.NUMBER)
TEXTUAL = (FieldType.TEXT, FieldType.TIMESTAMP)
LARGEST_EXACT_INTEGER = 2**53


def _root(field: Field) -> str:
    return field.path.partition(".")[0]


def _is_nested(field: Field) -> bool:
    return "." in field.path


def _nested_fields() -> dict[str, list[Field]]:
    nested: dict[str, list[Field]] = {}
    for field in filter(_is_nested, FIELDS.values()):
        nested.setdefault(_root(field), []).append(field)
    return nested


NESTED = _nested_fields()


def _kinds(field: Field) -> str | None:
    """SQL list of the kinds that declare a field; None for a field that all have in common."""
    if field in COMMON_FIELDS:
        return None
    declaring = (
        str(number)
        for number, event_type in enumerate(EVENT_TYPES)
        if field.name in {own.name for own in fields_of(event_type)}
    )
    return ", ".join(declaring)


def document(line: str) -> str:
    """SQL of the parsed document: each top-level key that a declaration names.

    Texts and times are taken as text. Anything else is taken as JSON, since the engine's own
    conversion would silently round 12.5 to 12 and make true of "yes".
    """
    members = {
        _root(field): "VARCHAR" if field.type in TEXTUAL and not _is_nested(field) else "JSON"
        for field in FIELDS.values()
    }
    return f"json_transform({line}, {literal(json.dumps(members))})"


def opened() -> str:
    """SQL of ``kind``, and for each nested object its fields and how many keys it has."""
    kinds = " ".join(
        f"WHEN {literal(event_type.name)} THEN {number}"
        for number, event_type in enumerate(EVENT_TYPES)
    )
    columns = [f"CASE d.event_type {kinds} END::UTINYINT AS kind"]
    for root, fields in NESTED.items():
        members = json.dumps({field.path.partition(".")[2]: "VARCHAR" for field in fields})
        container = f"d.{quoted(root)}"
        is_object = f"WHEN starts_with({container}, '{{')"
        columns += [
            f"CASE {is_object} THEN json_transform({container}, '{members}') END "
            f"AS {quoted(f'in_{root}')}",
            f"CASE {is_object} THEN len(json_keys({container})) END AS {quoted(f'keys_of_{root}')}",
        ]
    return ", ".join(columns)


def source(field: Field) -> str:
    """SQL of a field's text as its source wrote it.

    JSON is turned into text first: a cast from JSON would make 1.0 of true.
    """
    root, nested, rest = field.path.partition(".")
    if nested:
        return f"{quoted(f'in_{root}')}.{quoted(rest)}"
    return f"d.{quoted(root)}" if field.type in TEXTUAL else f"(d.{quoted(root)})::VARCHAR"


def numbers() -> str:
    """SQL of each numeric field as DOUBLE, also where it is written as text."""
    return ", ".join(
        f"coalesce(TRY_CAST({source(field)} AS DOUBLE), "
        f"TRY_CAST(trim({source(field)}, '\"') AS DOUBLE)) AS {quoted(f'number_{field.name}')}"
        for field in FIELDS.values()
        if field.type in NUMERIC
    )


def typed() -> str:
    """SQL of each column of validated events; null for kinds that do not declare the field."""
    columns = []
    for field in FIELDS.values():
        kinds = _kinds(field)
        value = _value(field)
        guarded = value if kinds is None else f"CASE WHEN kind IN ({kinds}) THEN {value} END"
        columns.append(f"{guarded} AS {quoted(field.name)}")
    return ", ".join(columns)


def _value(field: Field) -> str:
    text = source(field)
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
            return utc(_time_source() if field.name == "timestamp" else text)
        case FieldType.TEXT:
            return {None: text, Case.LOWER: f"lower({text})", Case.UPPER: f"upper({text})"}[
                field.case
            ]


def _time_source() -> str:
    return f"coalesce({', '.join(f'd.{quoted(path)}' for path in TIME_PATHS)})"


def problem() -> str:
    """SQL of what is wrong with an object, as 'reason:path', the first thing found; else null.

    Works on the typed columns, ``line``, ``first_time`` and ``latest_time``.
    """
    return (
        "CASE WHEN d.event_type IS NULL THEN 'missing_field:event_type' "
        "WHEN kind IS NULL THEN 'unknown_event_type:event_type' "
        f"ELSE {_by_kind(_problem_of)} END"
    )


def _problem_of(kind: EventType) -> str:
    branches = [
        *_branches(kind, _is_missing, "missing_field"),
        *_branches(kind, _is_bad_time, "bad_timestamp"),
        *_branches(kind, _is_badly_typed, "bad_type"),
        _container_branch(kind),
        *_branches(kind, _is_out_of_range, "out_of_range"),
        "WHEN timestamp < first_time THEN 'too_old:timestamp'",
        "WHEN timestamp > latest_time THEN 'future_timestamp:timestamp'",
    ]
    return f"CASE {' '.join(branches)} END"


def _branches(
    kind: EventType, condition_of: Callable[[Field], str | None], reason: str
) -> Iterator[str]:
    for field in fields_of(kind):
        condition = condition_of(field)
        if condition is not None:
            yield f"WHEN {condition} THEN '{reason}:{field.path}'"


def _container_branch(kind: EventType) -> str:
    """SQL branch for a text field that holds an object or a list.

    A text may only begin like one: so these few are looked up in the document.
    """
    texts = [field for field in fields_of(kind) if field.type is FieldType.TEXT]
    begins = " OR ".join(
        f"({source(field)} >= '{first}' AND {source(field)} < '{chr(ord(first) + 1)}')"
        for field in texts
        for first in "{["
    )
    looked_up = " ".join(
        f"WHEN json_type(line, '$.{field.path}') IN ('OBJECT', 'ARRAY') "
        f"THEN 'bad_type:{field.path}'"
        for field in texts
    )
    found = f"CASE {looked_up} END"
    return f"WHEN CASE WHEN {begins} THEN {found} IS NOT NULL END THEN {found}"


def _is_missing(field: Field) -> str | None:
    if field.name == "timestamp":
        return f"{_time_source()} IS NULL"
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
    written = source(field)
    match field.type:
        case FieldType.TIMESTAMP | FieldType.TEXT:
            return None
        case _:
            return f"{written} IS NOT NULL AND {quoted(field.name)} IS NULL"


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


def content() -> str:
    """SQL of the content of a valid event, by which events that bring no event_id are told apart.

    It is made from the typed columns, so neither the order of keys nor white space matters.
    """

    def of_kind(kind: EventType) -> str:
        names = [quoted(field.name) for field in fields_of(kind)] + ["extra"]
        return f"to_json({{{', '.join(f'{name}: {name}' for name in names)}}})::VARCHAR"

    branches = (f"WHEN {literal(kind.name)} THEN {of_kind(kind)}" for kind in EVENT_TYPES)
    return f"CASE event_type {' '.join(branches)} END"


def undeclared() -> str:
    """SQL of an object without the fields that its kind declares, as JSON.

    Null where nothing is left. That there is nothing else is mostly seen by counting keys; an RFC
    7386 merge patch with nulls removes what is declared from the other lines.
    """
    present = [
        f"({quoted(field.name)} IS NOT NULL)::UTINYINT"
        for field in FIELDS.values()
        if not _is_nested(field) and field.name != "timestamp"
    ]
    present += [f"(d.{quoted(root)} IS NOT NULL)::UTINYINT" for root in ("timestamp", *NESTED)]
    known = _by_kind(lambda kind: f"[{', '.join(literal(root) for root in _roots(kind))}]")
    others = [
        f"CASE WHEN {' + '.join(present)} <> len(keys) THEN NOT list_has_all({known}, keys) END"
    ]
    for root, fields in NESTED.items():
        held = " + ".join(f"({source(field)} IS NOT NULL)::UTINYINT" for field in fields)
        others.append(
            f"d.{quoted(root)} IS NOT NULL AND {held} IS DISTINCT FROM {quoted(f'keys_of_{root}')}"
        )
    return (
        f"CASE WHEN {' OR '.join(f'({other})' for other in others)} "
        f"THEN json_merge_patch(line, {_removal()})::VARCHAR END"
    )


def _removal() -> str:
    """SQL of the merge patch that removes what is declared.

    It enters a nested object only where there is one: it would make one of anything else.
    """

    def of_plain_fields(kind: EventType) -> str:
        names = (field.path for field in fields_of(kind) if not _is_nested(field))
        return literal(json.dumps(dict.fromkeys(names)).removesuffix("}"))

    parts = [_by_kind(of_plain_fields)]
    for root, fields in NESTED.items():
        inside = json.dumps({root: dict.fromkeys(field.path.split(".")[1] for field in fields)})
        entry = literal(f", {inside[1:-1]}")
        parts.append(f"CASE WHEN {quoted(f'keys_of_{root}')} > 0 THEN {entry} ELSE '' END")
    return f"({' || '.join(parts)} || '}}')"


def _by_kind(sql_of: Callable[[EventType], str]) -> str:
    branches = (f"WHEN {number} THEN {sql_of(kind)}" for number, kind in enumerate(EVENT_TYPES))
    return f"CASE kind {' '.join(branches)} END"


def extra(undeclared: str) -> str:
    """SQL of the column extra: what is undeclared, unless only an emptied object is left of it."""
    emptied = ", ".join(["'{}'", *(f"'{{\"{root}\":{{}}}}'" for root in NESTED)])
    return f"CASE WHEN {undeclared} NOT IN ({emptied}) THEN {undeclared} END"


def _roots(event_type: EventType) -> list[str]:
    return sorted({_root(field) for field in fields_of(event_type)})
