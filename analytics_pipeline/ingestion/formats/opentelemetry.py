"""OpenTelemetry: OTLP in JSON lines, as the collector's file exporter and SDKs write it.

``opentelemetry_records`` takes the documents apart; ``opentelemetry_spans`` maps spans.
"""

from collections.abc import Mapping
from typing import Any

from analytics_pipeline.ingestion.formats.declaration import EventMapping, Format
from analytics_pipeline.ingestion.formats.expressions import Restated
from analytics_pipeline.ingestion.formats.opentelemetry_records import split
from analytics_pipeline.ingestion.formats.opentelemetry_spans import (
    ANSWERED_CALL,
    FAILED_CALL,
    OTHER_SPAN,
    USER,
    attribute,
    first_of,
)

DOCUMENTS = {f"resource{name}" for name in ("Spans", "Metrics", "Logs")} | {
    f"resource_{name}" for name in ("spans", "metrics", "logs")
}

NO_VALUE = "coalesce(TRY_CAST($(point.flags) AS BIGINT) & 1, 0) = 1"
COUNT = "TRY_CAST($(point.count) AS DOUBLE)"
HAS_MEAN = f"({COUNT} > 0 AND $(point.sum) IS NOT NULL)"
HOST = first_of(
    '$(resource.attributes."host.name")',
    '$(resource.attributes."service.instance.id")',
    '$(resource.attributes."service.name")',
)

POINT_WITHOUT_VALUE = EventMapping(
    "log_entry",
    {
        "timestamp": "$(point.timeUnixNano)",
        "level": "'DEBUG'",
        "message": "('No value of ' || $(metric.name))",
        "component": '$(resource.attributes."service.name")',
    },
    when=f"$(metric.name) IS NOT NULL AND {NO_VALUE}",
    notes={
        "level": "always DEBUG: the source says that there is no value to record, as it does when "
        "what it measured is gone",
        "message": "`No value of` and the name of the metric",
    },
    records="data points without a value",
)

MEASUREMENT = EventMapping(
    "system_metric",
    {
        "timestamp": "$(point.timeUnixNano)",
        "metric_name": f"CASE WHEN $(point.count) IS NULL OR {HAS_MEAN} THEN $(metric.name) "
        "ELSE $(metric.name) || '.count' END",
        "value": f"CASE WHEN $(point.count) IS NULL THEN coalesce($(point.asDouble), "
        f"$(point.asInt)) WHEN {HAS_MEAN} THEN "
        f"coalesce((TRY_CAST($(point.sum) AS DOUBLE) / {COUNT})::VARCHAR, $(point.sum)) "
        "ELSE $(point.count) END",
        "unit": "$(metric.unit)",
        "host": HOST,
    },
    when="$(metric.name) IS NOT NULL OR $(point.timeUnixNano) IS NOT NULL",
    notes={
        "metric_name": "the name of the metric; with .count behind it where the value is a count",
        "value": "of a gauge or sum, its value. Of a histogram or summary, the mean, which is "
        "sum / count; where nothing was counted yet, or there is no sum, the count. Sum, count, "
        "least and greatest value, buckets and quantiles stay in extra, as do the attributes that "
        "tell the series of a metric apart. A sum that is cumulative counts from its start",
    },
    records="data points of metrics",
)

SEVERITY = "TRY_CAST($(log.severityNumber) AS BIGINT)"
LOG_RECORD = EventMapping(
    "log_entry",
    {
        "event_id": attribute("log.record.uid", "log"),
        "timestamp": first_of("nullif($(log.timeUnixNano), '0')", "$(log.observedTimeUnixNano)"),
        "user_id": Restated(first_of(*(attribute(name, "log") for name in USER[:2]))),
        "session_id": attribute("session.id", "log"),
        "level": "coalesce("
        f"CASE WHEN {SEVERITY} BETWEEN 1 AND 24 THEN "
        f"['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'][({SEVERITY} + 3) // 4] END, "
        "nullif(regexp_extract($(log.severityNumber), '^SEVERITY_NUMBER_([A-Z]+)', 1), ''), "
        "nullif($(log.severityText), ''), 'UNKNOWN')",
        "message": "coalesce("
        + first_of(
            "$(log.body)",
            "$(log.eventName)",
            attribute("event.name", "log"),
            attribute("exception.message", "log"),
        )
        + ", '')",
        "component": first_of("$(scope.name)", '$(resource.attributes."service.name")'),
    },
    when="$(log) IS NOT NULL",
    notes={
        "timestamp": "when it happened; where that is unknown, when it was observed",
        "level": "by the severity number: TRACE, DEBUG, INFO, WARN, ERROR or FATAL; without it "
        "the text of the severity, else UNKNOWN",
        "message": "the body, as JSON where it is no text; without it the name of the event, else "
        "the message of the exception, else empty",
        "component": "the scope, which is the name of the logger, else service.name",
    },
    records="log records",
)


def recognizes(document: Mapping[str, Any]) -> bool:
    """Whether a document is an OTLP export request, of spans, metrics or logs."""
    return not DOCUMENTS.isdisjoint(document)


OPENTELEMETRY = Format(
    name="opentelemetry",
    description="OTLP as JSON lines: spans, metrics and logs, as the OpenTelemetry collector's "
    "file exporter and the SDKs' JSON file exporters write them, one export request a line; older "
    "forms with ids in base64 or names in snake_case too. A record is a span, a data point of a "
    "metric or a log record, with its resource and scope, and its attributes as an object. Spans "
    "of language model calls, but not of embeddings, agents or tools, are queries; other spans are "
    "spans. A call that both a client and a gateway traced is two.",
    mappings=(
        FAILED_CALL, ANSWERED_CALL, OTHER_SPAN, POINT_WITHOUT_VALUE, MEASUREMENT, LOG_RECORD,
    ),
    recognizes=recognizes,
    recognized_by="a member `resourceSpans`, `resourceMetrics` or `resourceLogs`, or one of them "
    "in snake_case",
    split=split(),
    personal=(
        *(
            f'{signal}.attributes."{name}"'
            for signal in ("span", "log", "point")
            for name in (
                *USER, "user.email", "user.name", "user.full_name", "client.address",
                "metadata.user_api_key_user_email", "metadata.user_api_key_hash",
                "metadata.user_api_key_alias", "metadata.requester_ip_address", "llm.openai.user",
            )
        ),
        'span.attributes."llm.invocation_parameters".user',
        'span.attributes."input.value".user',
        'resource.attributes."process.owner"',
    ),
)  # fmt: skip
