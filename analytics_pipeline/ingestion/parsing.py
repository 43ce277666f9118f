"""The SQL that parses and judges the lines of one event type, made from its declaration.

A line goes through four steps, each a projection on the one before:

1. ``_document()`` parses it into ``d``, the top-level keys that the declaration names;
2. ``_opened()`` adds what nested objects hold;
3. ``_numbers()`` and then ``_typed()`` convert each field;
4. ``_problem()`` and ``_undeclared()`` say what is wrong, and what the declaration does not name.

Whatever is costly is done only for the lines that need it, since CASE evaluates a branch only for
the rows that reach it.
"""

import json
from collections.abc import Callable, Iterator

from analytics_pipeline.events.declaration import Case, EventType, Field, FieldType
from analytics_pipeline.events.tables import columns_of, fields_of
from analytics_pipeline.ingestion.key_fields import TIME_PATHS, utc
from analytics_pipeline.lake.table import literal, quoted

NUMERIC = (FieldType.INTEGER, FieldType.NUMBER)
TEXTUAL = (FieldType.TEXT, FieldType.TIMESTAMP)
LARGEST_EXACT_INTEGER = 2**53
# The event type is known before a line is parsed, from the column of that name.
EVENT_TYPE = "event_type"


def parsed(event_type: EventType, lines: str) -> str:
    """SQL query of the lines of an event type, parsed and judged.

    ``lines`` is the SQL of a relation with ``event_type``, ``line`` (a JSON object), and the
    ``first_time`` and ``latest_time`` that an event may have. The query adds to its columns the
    fields of the event type, ``extra`` (what the declaration does not name, as JSON) and
    ``problem``: the first thing that is wrong, as 'reason:path', or null.
    """
    fields = ", ".join(quoted(field.name) for field in fields_of(event_type))
    return f"""
        WITH document AS (
            SELECT
                * EXCLUDE (problem),
                {_document(event_type)} AS d,
                len(json_keys(line)) AS key_count
            FROM {lines}
        ),
        opened AS (SELECT *, {_opened(event_type)} FROM document),
        numbers AS (SELECT *, {_numbers(event_type)} FROM opened),
        typed AS (SELECT *, {_typed(event_type)} FROM numbers),
        judged AS (
            SELECT *, {_problem(event_type)} AS problem, {_undeclared(event_type)} AS undeclared
            FROM typed
        )
        SELECT
            path, line_number, taken_at, stands_under, problem, {fields},
            {_extra(event_type)} AS extra,
            CASE WHEN problem IS NOT NULL THEN line END AS line
        FROM judged
    """


def _root(field: Field) -> str:
    return field.path.partition(".")[0]


def _is_nested(field: Field) -> bool:
    return "." in field.path


def _written(event_type: EventType) -> list[Field]:
    """The fields that are read from the line."""
    return [field for field in fields_of(event_type) if field.name != EVENT_TYPE]


def _nested(event_type: EventType) -> dict[str, list[Field]]:
    """The fields that lie in an object, by the key of the object."""
    nested: dict[str, list[Field]] = {}
    for field in filter(_is_nested, fields_of(event_type)):
        nested.setdefault(_root(field), []).append(field)
    return nested


def _document(event_type: EventType) -> str:
    """SQL of the parsed document: each top-level key that the declaration names.

    Texts and times are taken as text. Anything else is taken as JSON, since the engine's own
    conversion would silently round 12.5 to 12 and make true of "yes".
    """
    members = dict.fromkeys(TIME_PATHS, "VARCHAR") | {
        _root(field): "VARCHAR" if field.type in TEXTUAL and not _is_nested(field) else "JSON"
        for field in _written(event_type)
    }
    return f"json_transform(line, {literal(json.dumps(members))})"


def _opened(event_type: EventType) -> str:
    """SQL of the fields of each nested object, and of how many keys it has."""
    columns = []
    for root, fields in _nested(event_type).items():
        members = json.dumps({field.path.partition(".")[2]: "VARCHAR" for field in fields})
        container = f"d.{quoted(root)}"
        is_object = f"WHEN starts_with({container}, '{{')"
        columns += [
            f"CASE {is_object} THEN json_transform({container}, '{members}') END "
            f"AS {quoted(f'in_{root}')}",
            f"CASE {is_object} THEN len(json_keys({container})) END AS {quoted(f'keys_of_{root}')}",
        ]
    return ", ".join(columns)


def _source(field: Field) -> str:
    """SQL of a field's text as its source wrote it.

    JSON is turned into text first: a cast from JSON would make 1.0 of true.
    """
    root, nested, rest = field.path.partition(".")
    if field.name == EVENT_TYPE:
        return EVENT_TYPE
    if nested:
        return f"{quoted(f'in_{root}')}.{quoted(rest)}"
    return f"d.{quoted(root)}" if field.type in TEXTUAL else f"(d.{quoted(root)})::VARCHAR"


def _numbers(event_type: EventType) -> str:
    """SQL of each numeric field as DOUBLE, also where it is written as text."""
    return ", ".join(
        f"coalesce(TRY_CAST({_source(field)} AS DOUBLE), "
        f"TRY_CAST(trim({_source(field)}, '\"') AS DOUBLE)) AS {quoted(f'number_{field.name}')}"
        for field in _written(event_type)
        if field.type in NUMERIC
    )


def _typed(event_type: EventType) -> str:
    """SQL of each field, converted to its type; null where it cannot be."""
    return ", ".join(f"{_value(field)} AS {quoted(field.name)}" for field in _written(event_type))


def _value(field: Field) -> str:
    text = _source(field)
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


def _problem(event_type: EventType) -> str:
    """SQL of the first thing that is wrong with a line, as 'reason:path'; else null."""
    branches = [
        *_branches(event_type, _is_missing, "missing_field"),
        *_branches(event_type, _is_bad_time, "bad_timestamp"),
        *_branches(event_type, _is_badly_typed, "bad_type"),
        _container_branch(event_type),
        *_branches(event_type, _is_out_of_range, "out_of_range"),
        "WHEN timestamp < first_time THEN 'too_old:timestamp'",
        "WHEN timestamp > latest_time THEN 'future_timestamp:timestamp'",
    ]
    return f"CASE {' '.join(branches)} END"


def _branches(
    event_type: EventType, condition_of: Callable[[Field], str | None], reason: str
) -> Iterator[str]:
    for field in _written(event_type):
        condition = condition_of(field)
        if condition is not None:
            yield f"WHEN {condition} THEN '{reason}:{field.path}'"


def _container_branch(event_type: EventType) -> str:
    """SQL branch for a text field that holds an object or a list.

    A text may only begin like one: so these few are looked up in the document.
    """
    texts = [field for field in _written(event_type) if field.type is FieldType.TEXT]
    begins = " OR ".join(
        f"({_source(field)} >= '{first}' AND {_source(field)} < '{chr(ord(first) + 1)}')"
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
    return f"{_source(field)} IS NULL" if field.required else None


def _is_bad_time(field: Field) -> str | None:
    if field.name == "timestamp":
        return "timestamp IS NULL"
    if field.type is FieldType.TIMESTAMP:
        return f"{_source(field)} IS NOT NULL AND {quoted(field.name)} IS NULL"
    return None


def _is_badly_typed(field: Field) -> str | None:
    if field.type in TEXTUAL:
        return None
    return f"{_source(field)} IS NOT NULL AND {quoted(field.name)} IS NULL"


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


def _undeclared(event_type: EventType) -> str:
    """SQL of a line without what the declaration names, as JSON; null where nothing is left.

    That nothing is left is mostly seen by counting keys; an RFC 7386 merge patch with nulls
    removes what is declared from the other lines.
    """
    roots = dict.fromkeys(_root(field) for field in _written(event_type))
    present = " + ".join(f"(d.{quoted(root)} IS NOT NULL)::UTINYINT" for root in roots)
    others = [f"1 + {present} <> key_count"]
    for root, fields in _nested(event_type).items():
        held = " + ".join(f"({_source(field)} IS NOT NULL)::UTINYINT" for field in fields)
        others.append(
            f"d.{quoted(root)} IS NOT NULL AND {held} IS DISTINCT FROM {quoted(f'keys_of_{root}')}"
        )
    return (
        f"CASE WHEN {' OR '.join(f'({other})' for other in others)} "
        f"THEN json_merge_patch(line, {_removal(event_type)})::VARCHAR END"
    )


def _removal(event_type: EventType) -> str:
    """SQL of the merge patch that removes what is declared.

    It enters a nested object only where there is one: it would make one of anything else.
    """
    plain = (field.path for field in fields_of(event_type) if not _is_nested(field))
    parts = [literal(json.dumps(dict.fromkeys(plain)).removesuffix("}"))]
    for root, fields in _nested(event_type).items():
        inside = json.dumps({root: dict.fromkeys(field.path.split(".")[1] for field in fields)})
        entry, null = literal(f", {inside[1:-1]}"), literal(f', "{root}": null')
        parts.append(
            f"CASE WHEN {quoted(f'keys_of_{root}')} > 0 THEN {entry} "
            f"WHEN d.{quoted(root)} IS NULL THEN {null} ELSE '' END"
        )
    return f"({' || '.join(parts)} || '}}')"


def _extra(event_type: EventType) -> str:
    """SQL of what is undeclared, unless only an emptied object is left of it."""
    emptied = ["{}", *(f'{{"{root}":{{}}}}' for root in _nested(event_type))]
    accepted = ", ".join(literal(text) for text in emptied)
    return f"CASE WHEN undeclared NOT IN ({accepted}) THEN undeclared END"


def content(event_type: EventType) -> str:
    """SQL of the content of a valid event, by which events that bring no event_id are told apart.

    It is made from the typed columns, so neither the order of keys nor white space matters.
    """
    names = [quoted(name) for name in columns_of(event_type)]
    return f"to_json({{{', '.join(f'{name}: {name}' for name in names)}}})::VARCHAR"
