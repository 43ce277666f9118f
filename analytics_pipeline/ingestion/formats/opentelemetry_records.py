"""SQL that takes OTLP documents apart: one record for each span, data point and log record.

A document is an export request: one line of what the collector's file exporter writes. The
record keeps what the document says of it, with its resource and scope, and gives attributes as a
plain object: ``{"key": "retries", "value": {"intValue": "3"}}`` becomes ``"retries": 3``.
"""

import json

from analytics_pipeline.lake.table import literal

# Deeper lists and objects of an attribute stay as OTLP writes them.
DEEPEST_VALUE = 8

# The names that a message has in JSON with the field names of the protocol buffers.
SNAKE_CASE = {
    name: "".join([first, *(part.title() for part in rest)])
    for name in (
        "resource_spans", "resource_metrics", "resource_logs", "scope_spans", "scope_metrics",
        "scope_logs", "log_records", "schema_url", "dropped_attributes_count", "trace_id",
        "span_id", "trace_state", "parent_span_id", "start_time_unix_nano",
        "end_time_unix_nano", "time_unix_nano", "observed_time_unix_nano",
        "dropped_events_count", "dropped_links_count", "severity_number", "severity_text",
        "event_name", "string_value", "int_value", "double_value", "bool_value", "bytes_value",
        "array_value", "kvlist_value", "data_points", "aggregation_temporality", "is_monotonic",
        "exponential_histogram", "as_int", "as_double", "bucket_counts", "explicit_bounds",
        "quantile_values", "zero_count", "zero_threshold", "filtered_attributes",
    )
    for first, *rest in [name.split("_")]
}  # fmt: skip
# Before version 0.15 of the protocol a scope was an instrumentation library.
OLD_NAMES = {
    "instrumentationLibrarySpans": "scopeSpans",
    "instrumentationLibraryMetrics": "scopeMetrics",
    "instrumentationLibraryLogs": "scopeLogs",
    "instrumentationLibrary": "scope",
}
SIGNALS = {"Spans": "spans", "Metrics": "metrics", "Logs": "logRecords"}
SCOPE = {"scope": "JSON", "schemaUrl": "JSON"} | {name: ["JSON"] for name in SIGNALS.values()}
RESOURCE = {"resource": "JSON", "schemaUrl": "JSON"} | {f"scope{name}": [SCOPE] for name in SIGNALS}
REQUEST = {f"resource{name}": [RESOURCE] for name in SIGNALS}
METRICS = ("gauge", "sum", "histogram", "exponentialHistogram", "summary")

PAIRS = [{"key": "JSON", "value": "JSON"}]
KEY, VALUE = "p.key::VARCHAR || ':'", "coalesce(p.value::VARCHAR, '{}')"
SCALARS = ("stringValue", "boolValue", "doubleValue", "bytesValue")
# In a list: scalars as they are written, and integers, which are written as texts.
WRAPPED = r'\{"(?:stringValue|boolValue|doubleValue|bytesValue)":("(?:[^"\\]|\\.)*"|[^][{}"]*)\}'
WRAPPED_INTEGER = r'\{"intValue":"?(-?\d+)"?\}'
ARRAY, OBJECT = '{"arrayValue":', '{"kvlistValue":'


def split() -> str:
    """SQL that gives the records of each document; see ``Format.split``."""
    request = _renamed("document", SNAKE_CASE, ("resource_",))
    request = _renamed(request, OLD_NAMES, ("instrumentationLibrary",))
    resources = ", ".join(f"d.resource{name}" for name in SIGNALS)
    scopes = ", ".join(f"r.scope{name}" for name in SIGNALS)
    messages = ", ".join(f"s.{name}" for name in SIGNALS.values())
    return f"""
        WITH request AS (
            SELECT
                document_number,
                json_transform(CASE WHEN json_valid(document) THEN {request} END,
                    {_shape(REQUEST)}) AS d
            FROM document
        ),
        resource AS (
            SELECT
                document_number,
                unnest(resources) AS r,
                generate_subscripts(resources, 1) AS resource_number
            FROM (SELECT document_number, list_concat({resources}) AS resources FROM request)
        ),
        scope AS (
            SELECT
                document_number, resource_number, resource,
                unnest(scopes) AS s,
                generate_subscripts(scopes, 1) AS scope_number
            FROM (
                SELECT
                    *,
                    coalesce({scopes}) AS scopes,
                    {_member("resource", _flat_message("r.resource"))}
                    || {_member("resourceSchemaUrl", "r.schemaUrl")} AS resource
                FROM resource
            )
        ),
        message AS (
            SELECT
                document_number, resource_number, scope_number, kind, head,
                unnest(messages) AS message,
                generate_subscripts(messages, 1) AS message_number
            FROM (
                SELECT
                    *,
                    coalesce({messages}) AS messages,
                    CASE WHEN s.spans IS NOT NULL THEN 'span'
                        WHEN s.metrics IS NOT NULL THEN 'metric' ELSE 'log' END AS kind,
                    '{{' || resource || {_member("scope", _flat_message("s.scope"))}
                    || {_member("scopeSchemaUrl", "s.schemaUrl")} AS head
                FROM scope
            )
        ),
        point AS (
            SELECT
                document_number, resource_number, scope_number, message_number, kind, head,
                unnest(points) AS point,
                generate_subscripts(points, 1) AS point_number
            FROM (
                SELECT
                    * REPLACE (
                        CASE WHEN kind = 'metric'
                            THEN head || {_member("metric", _without_points("message"))}
                            ELSE head END AS head
                    ),
                    CASE WHEN kind = 'metric'
                        THEN coalesce(
                            nullif(json_extract(message, '$.*.dataPoints[*]'), []), [NULL])
                        ELSE [message] END AS points
                FROM message
            )
        ),
        flat AS (SELECT *, {_flat_attributes("point")} AS flat FROM point),
        opened AS (
            SELECT * REPLACE (
                {_with_member("point", "attributes", _opened_where_nested("flat", "point"))}
                    AS point
            )
            FROM flat
        ),
        plain AS (
            SELECT * REPLACE (
                CASE WHEN kind = 'log' THEN {_with_member("point", "body", _plain_body("point"))}
                    WHEN kind = 'span' AND json_exists(point, '$.events[0]')
                    THEN {_with_member("point", "events", _flat_messages("point", "events"))}
                    ELSE point END AS point
            )
            FROM opened
        )
        SELECT
            document_number,
            {_ordered("resource_number", "scope_number", "message_number", "point_number")}
                AS position,
            head || CASE kind WHEN 'metric' THEN '"point"' WHEN 'span' THEN '"span"'
                ELSE '"log"' END || ':' || coalesce(point::VARCHAR, 'null') || '}}' AS record
        FROM plain
    """


def _ordered(*numbers: str) -> str:
    """SQL of one number that orders as several do, each of which is less than 2 ** 31."""
    first, *others = numbers
    position = f"{first}::HUGEINT"
    for number in others:
        position = f"({position}) * {2**31} + {number}"
    return position


def _shape(members: object) -> str:
    return literal(json.dumps(members))


def _renamed(document: str, names: dict[str, str], marks: tuple[str, ...]) -> str:
    """SQL of a document with its names replaced, where it has one of some marks."""
    replaced = document
    for name, wanted in names.items():
        replaced = f"replace({replaced}, '\"{name}\":', '\"{wanted}\":')"
    found = " OR ".join(f"contains({document}, '\"{mark}')" for mark in marks)
    return f"CASE WHEN {found} THEN {replaced} ELSE {document} END"


def _member(name: str, message: str) -> str:
    """SQL of a member of a record and the comma after it; nothing where it is absent."""
    return f"coalesce('\"{name}\":' || ({message})::VARCHAR || ',', '')"


def _without_points(metric: str) -> str:
    for kind in METRICS:
        metric = f"json_remove({metric}, '$.{kind}.dataPoints')"
    return metric


def _with_member(message: str, member: str, plain: str) -> str:
    """SQL of a message with a member replaced by plain JSON, if that is JSON indeed."""
    return f"coalesce(json_replace({message}, '$.{member}', TRY_CAST({plain} AS JSON)), {message})"


def _flat_message(message: str) -> str:
    return _with_member(message, "attributes", _flat_attributes(message))


def _flat_messages(message: str, member: str) -> str:
    """SQL of a list of messages in another, each with its attributes as a plain object."""
    messages = f"json_extract({message}, '$.{member}[*]')"
    return f"to_json(list_transform({messages}, lambda m: {_flat_message('m')}))"


def _plain_body(log: str) -> str:
    body = f"json_extract({log}, '$.body')::VARCHAR"
    return f"CASE WHEN {_is_list(body)} THEN {_opened(body)} ELSE {_scalar(body)} END"


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


def _flat_attributes(message: str) -> str:
    """SQL of the attributes of a message as a plain object, but for what lies in nested lists."""
    scalars = f"substring({VALUE}, 26, length({VALUE}) - 28)"
    for pattern in (WRAPPED, WRAPPED_INTEGER):
        scalars = f"regexp_replace({scalars}, {literal(pattern)}, '\\1', 'g')"
    value = (
        f"CASE WHEN starts_with({VALUE}, '{ARRAY}{{\"values\":[') THEN '[' || {scalars} || ']' "
        f"ELSE {_scalar(VALUE)} END"
    )
    pairs = f"json_transform({message}, {_shape({'attributes': PAIRS})}).attributes"
    members = f"list_transform({pairs}, lambda p: {KEY} || {value})"
    return f"'{{' || array_to_string({members}, ',') || '}}'"


def _opened_where_nested(flat: str, message: str) -> str:
    """SQL of flat attributes of a message, or of all its attributes where some are nested."""
    attributes = f"json_extract({message}, '$.attributes')::VARCHAR"
    wrapped = f"'{OBJECT}{{\"values\":' || {attributes} || '}}}}'"
    nested = f"contains({flat}, '{ARRAY}') OR contains({flat}, '{OBJECT}')"
    return f"CASE WHEN {nested} THEN {_opened(wrapped)} ELSE {flat} END"


def _opened(value: str) -> str:
    """SQL of the plain JSON of a wrapped list or object, which may hold others.

    It opens level by level, each time the whole list of the pieces that the levels before left:
    brackets, commas, keys, and values that are still wrapped. A lambda within a lambda for each
    level would take the engine minutes to plan.
    """
    elements = "json_extract(t, '$.arrayValue.values[*]')"
    pairs = f"json_transform(json_extract(t, '$.kvlistValue.values'), {_shape(PAIRS)})"
    members = f"{pairs}, lambda p, i: [CASE WHEN i > 1 THEN ',' ELSE '' END || {KEY}, {VALUE}]"
    values = f"{elements}, lambda e, i: [CASE WHEN i > 1 THEN ',' ELSE '' END, e::VARCHAR]"
    pieces = f"[{value}]"
    for _ in range(DEEPEST_VALUE):
        pieces = (
            f"flatten(list_transform({pieces}, lambda t: CASE WHEN {_is_a('arrayValue', 't')} "
            f"THEN list_concat(['['], flatten(list_transform({values})), [']']) "
            f"WHEN {_is_a('kvlistValue', 't')} "
            f"THEN list_concat(['{{'], flatten(list_transform({members})), ['}}']) "
            f"ELSE [{_scalar('t')}] END))"
        )
    return f"array_to_string({pieces}, '')"
