"""SQL that takes OTLP documents apart: one record for each span, data point and log record.

A document is an export request: one line of what the collector's file exporter writes. The
record keeps what the document says of it, with its resource and scope, and gives attributes as a
plain object: ``{"key": "retries", "value": {"intValue": "3"}}`` becomes ``"retries": 3``.
"""

from analytics_pipeline.ingestion.formats.opentelemetry_values import (
    flat_attributes,
    opened_where_nested,
    plain,
    shape,
)

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
BODY = "json_extract(point, '$.body')::VARCHAR"
METRICS = ("gauge", "sum", "histogram", "exponentialHistogram", "summary")


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
                    {shape(REQUEST)}) AS d
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
        flat AS (SELECT *, {flat_attributes("point")} AS flat FROM point),
        opened AS (
            SELECT * REPLACE (
                {_with_member("point", "attributes", opened_where_nested("flat", "point"))}
                    AS point
            )
            FROM flat
        ),
        plain AS (
            SELECT * REPLACE (
                CASE WHEN kind = 'log' THEN {_with_member("point", "body", plain(BODY))}
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
    return _with_member(message, "attributes", flat_attributes(message))


def _flat_messages(message: str, member: str) -> str:
    """SQL of a list of messages in another, each with its attributes as a plain object."""
    messages = f"json_extract({message}, '$.{member}[*]')"
    return f"to_json(list_transform({messages}, lambda m: {_flat_message('m')}))"
