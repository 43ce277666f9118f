"""SQL of the plain JSON of OTLP's values, each of which lies in an object that names its type."""

import json

from analytics_pipeline.lake.table import literal

# Deeper lists and objects of an attribute stay as OTLP writes them.
DEEPEST_VALUE = 8

PAIRS = [{"key": "VARCHAR", "value": "JSON"}]
KEY = "to_json(coalesce(p.key, ''))::VARCHAR || ':'"
VALUE = "coalesce(p.value::VARCHAR, '{}')"
SCALARS = ("stringValue", "boolValue", "doubleValue", "bytesValue")
# In a list: scalars as they are written, and integers, which are written as texts.
WRAPPED = r'\{"(?:stringValue|boolValue|doubleValue|bytesValue)":("(?:[^"\\]|\\.)*"|[^][{}"]*)\}'
WRAPPED_INTEGER = r'\{"intValue":"?(-?\d+)"?\}'
ARRAY, OBJECT = '{"arrayValue":', '{"kvlistValue":'


def shape(members: object) -> str:
    """SQL of the structure that json_transform takes."""
    return literal(json.dumps(members))


def plain(value: str) -> str:
    """SQL of the plain JSON of a value."""
    return f"CASE WHEN {_is_list(value)} THEN {_opened(value)} ELSE {_scalar(value)} END"


def flat_attributes(message: str) -> str:
    """SQL of the attributes of a message as a plain object, but for what lies in nested lists."""
    scalars = f"substring({VALUE}, 26, length({VALUE}) - 28)"
    for pattern in (WRAPPED, WRAPPED_INTEGER):
        scalars = f"regexp_replace({scalars}, {literal(pattern)}, '\\1', 'g')"
    value = (
        f"CASE WHEN starts_with({VALUE}, '{ARRAY}{{\"values\":[') THEN '[' || {scalars} || ']' "
        f"ELSE {_scalar(VALUE)} END"
    )
    pairs = f"json_transform({message}, {shape({'attributes': PAIRS})}).attributes"
    members = f"list_transform({pairs}, lambda p: {KEY} || {value})"
    return f"'{{' || array_to_string({members}, ',') || '}}'"


def opened_where_nested(flat: str, message: str) -> str:
    """SQL of flat attributes of a message, or of all its attributes where some are nested."""
    attributes = f"json_extract({message}, '$.attributes')::VARCHAR"
    wrapped = f"'{OBJECT}{{\"values\":' || {attributes} || '}}}}'"
    nested = f"contains({flat}, '{ARRAY}') OR contains({flat}, '{OBJECT}')"
    return f"CASE WHEN {nested} THEN {_opened(wrapped)} ELSE {flat} END"


def _is_a(kind: str, value: str) -> str:
    return f"starts_with({value}, '{{\"{kind}\":')"


def _is_list(value: str) -> str:
    return f"({_is_a('arrayValue', value)} OR {_is_a('kvlistValue', value)})"


def _scalar(value: str) -> str:
    """SQL of the plain JSON of a value that OTLP wraps in an object which names its type.

    The wrapper has one member, so the plain JSON is the text between its colon and its brace.
    Lists stay as they are.
    """

    def inner(kind: str) -> str:
        return f"substring({value}, {len(kind) + 5}, length({value}) - {len(kind) + 5})"

    branches = " ".join(f"WHEN {_is_a(kind, value)} THEN {inner(kind)}" for kind in SCALARS)
    integer = f"TRY_CAST(trim({inner('intValue')}, '\"') AS BIGINT)::VARCHAR"
    return (
        f"CASE {branches} "
        f"WHEN {_is_a('intValue', value)} THEN coalesce({integer}, {inner('intValue')}) "
        f"WHEN {value} = '{{}}' THEN 'null' ELSE {value} END"
    )


def _opened(value: str) -> str:
    """SQL of the plain JSON of a wrapped list or object, which may hold others.

    It opens level by level, each time the whole list of the pieces that the levels before left:
    brackets, commas, keys, and values that are still wrapped. A lambda within a lambda for each
    level would take the engine minutes to plan.
    """
    elements = "json_extract(t, '$.arrayValue.values[*]')"
    pairs = f"json_transform(json_extract(t, '$.kvlistValue.values'), {shape(PAIRS)})"
    members = f"{pairs}, lambda p, i: [CASE WHEN i > 1 THEN ',' ELSE '' END || {KEY}, {VALUE}]"
    values = f"{elements}, lambda e, i: [CASE WHEN i > 1 THEN ',' ELSE '' END, e::VARCHAR]"
    is_array = f"{_is_a('arrayValue', 't')} AND json_valid(t)"
    is_object = f"{_is_a('kvlistValue', 't')} AND json_valid(t)"
    pieces = f"[{value}]"
    for _ in range(DEEPEST_VALUE):
        pieces = (
            f"flatten(list_transform({pieces}, lambda t: CASE "
            f"WHEN {is_array} THEN list_concat(['['], flatten(list_transform({values})), [']']) "
            f"WHEN {is_object} "
            f"THEN list_concat(['{{'], flatten(list_transform({members})), ['}}']) "
            f"ELSE [{_scalar('t')}] END))"
        )
    return f"array_to_string({pieces}, '')"
