"""OpenTelemetry: each record against a reading of the same documents in plain Python."""

import base64
import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest

from analytics_pipeline.ingestion.formats.compiling import resolved, unmapped, values
from analytics_pipeline.ingestion.formats.opentelemetry import OPENTELEMETRY
from analytics_pipeline_tests.ingestion.formats.reading_samples import FORMATS, present
from analytics_pipeline_tests.ingestion.formats.splitting import records_of
from analytics_pipeline_tests.workspace import Workspace

SAMPLES = FORMATS / "opentelemetry"
FILES = sorted(SAMPLES.glob("*.jsonl"))
NUMBERS = (
    "response_time", "duration", "value", "cost", "cost_saved", "prompt_tokens",
    "completion_tokens", "provider_cache_read_tokens", "provider_cache_write_tokens",
)  # fmt: skip
START = 1_795_571_938_000_000_000
KINDS = {1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}


class Read(NamedTuple):
    """An event as the SQL of the format reads it: its fields as texts, and what is left over."""

    event_type: str
    fields: dict[str, Any]
    left: dict[str, Any]


def read(documents: Sequence[str]) -> list[Read]:
    records = records_of(OPENTELEMETRY, documents)
    mappings = OPENTELEMETRY.mappings
    chosen = " ".join(f"WHEN {each.when} THEN {n}" for n, each in enumerate(mappings))
    events: dict[int, Read] = {}
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE opened AS SELECT *, "
            f"{resolved(OPENTELEMETRY, mappings, f'CASE {chosen} END')} AS mapping FROM ("
            f"SELECT *, {values(OPENTELEMETRY, mappings, 'text')} AS v FROM ("
            "SELECT unnest(range(len($1))) AS number, unnest($1::VARCHAR[]) AS text))",
            [records],
        )
        for n, each in enumerate(mappings):
            fields = ", ".join(
                f"'{name}': ({resolved(OPENTELEMETRY, mappings, sql)})::VARCHAR"
                for name, sql in each.fields.items()
            )
            for number, found, left in connection.execute(
                f"SELECT number, to_json({{{fields}}})::VARCHAR, "
                f"{unmapped(OPENTELEMETRY, each, 'text')} FROM opened WHERE mapping = {n}"
            ).fetchall():
                events[number] = Read(
                    each.event_type, present(json.loads(found)), json.loads(left or "{}")
                )
    assert len(events) == len(records)
    return [events[number] for number in sorted(events)]


def plain(value: Mapping[str, Any]) -> Any:
    """The plain value of an OTLP AnyValue."""
    for kind, found in value.items():
        match kind:
            case "intValue":
                return int(found)
            case "arrayValue":
                return [plain(each) for each in found.get("values", [])]
            case "kvlistValue":
                return attributes(found.get("values", []))
            case _:
                return found
    return None


def attributes(pairs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {pair["key"]: plain(pair["value"]) for pair in pairs}


def expected(documents: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for document in map(json.loads, documents):
        for signal, scopes, items in (
            ("resourceSpans", "scopeSpans", "spans"),
            ("resourceMetrics", "scopeMetrics", "metrics"),
            ("resourceLogs", "scopeLogs", "logRecords"),
        ):
            for resource in document.get(signal, []):
                about = attributes(resource.get("resource", {}).get("attributes", []))
                for scope in resource[scopes]:
                    for item in scope[items]:
                        if items == "spans":
                            yield expected_span(item, about)
                        elif items == "metrics":
                            yield from expected_points(item, about)
                        else:
                            yield expected_log(item, about, scope.get("scope", {}))


def expected_span(
    span: Mapping[str, Any], resource: Mapping[str, Any]
) -> tuple[str, dict[str, Any]]:
    found = attributes(span.get("attributes", []))
    last = [*span.get("events", []), {}][:-1][-1:] or [{}]
    exception = attributes(last[0].get("attributes", []))
    status = span.get("status", {})
    seconds = (int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"])) / 1e9
    error_class = found.get("error.type") or exception.get("exception.type")
    error = (
        status.get("message")
        or found.get("error.message")
        or exception.get("exception.message")
        or error_class
    )
    is_call = (
        found.get("gen_ai.operation.name") == "chat"
        or found.get("openinference.span.kind") == "LLM"
    )
    who = {
        "event_id": f"{span['traceId']}-{span['spanId']}",
        "timestamp": span["startTimeUnixNano"],
        "user_id": found.get("user.id") or found.get("gen_ai.user") or found.get("llm.user"),
        "session_id": found.get("session.id"),
    }
    if not is_call:
        return "span", present(
            {
                **who,
                "operation": span["name"],
                "duration": seconds,
                "status": {0: "unset", 1: "ok", 2: "error"}[status.get("code", 0)],
                "error": error if status.get("code") == 2 else None,
                "service": resource["service.name"],
                "span_kind": KINDS[span["kind"]],
                "trace_id": span["traceId"],
                "span_id": span["spanId"],
                "parent_span_id": span.get("parentSpanId"),
            }
        )
    call = {
        **who,
        "query": question(found),
        "response_time": seconds,
        "model": found.get("gen_ai.response.model")
        or found.get("gen_ai.request.model")
        or found.get("llm.model_name"),
        "prompt_tokens": found.get(
            "gen_ai.usage.input_tokens", found.get("llm.token_count.prompt")
        ),
        "completion_tokens": found.get(
            "gen_ai.usage.output_tokens", found.get("llm.token_count.completion")
        ),
        "cost": found.get("gen_ai.cost.total_cost"),
    }
    if status.get("code") == 2:
        return "failed_query", present({**call, "error": error, "error_class": error_class})
    cache_key = json.loads(found.get("hidden_params", "{}")).get("cache_key")
    hit = bool(found.get("litellm.cache_hit") or cache_key)
    return "cache_query", present(
        {
            **call,
            "cache_hit": str(hit).lower(),
            "cache_key": cache_key,
            "match_type": None if hit else "none",
            "cost_saved": found.get("litellm.saved_cache_cost"),
            "provider_cache_read_tokens": None
            if hit
            else found.get(
                "gen_ai.usage.cache_read.input_tokens",
                found.get("llm.token_count.prompt_details.cache_read"),
            ),
        }
    )


def question(found: Mapping[str, Any]) -> str | None:
    messages = json.loads(found.get("gen_ai.input.messages", "[]"))
    asked = [
        "\n".join(part["content"] for part in message["parts"])
        for message in messages
        if message["role"] == "user"
    ] + [
        found[f"llm.input_messages.{n}.message.content"]
        for n in range(10)
        if found.get(f"llm.input_messages.{n}.message.role") == "user"
    ]
    return asked[-1] if asked else None


def expected_points(
    metric: Mapping[str, Any], resource: Mapping[str, Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    (kind,) = {"gauge", "sum", "histogram", "exponentialHistogram", "summary"} & metric.keys()
    for point in metric[kind]["dataPoints"]:
        if "count" in point:
            value = point["sum"] / int(point["count"])
        else:
            value = point["asDouble"] if "asDouble" in point else int(point["asInt"])
        yield (
            "system_metric",
            present(
                {
                    "timestamp": point["timeUnixNano"],
                    "metric_name": metric["name"],
                    "value": value,
                    "unit": metric.get("unit"),
                    "host": resource["host.name"],
                }
            ),
        )


def expected_log(
    log: Mapping[str, Any], resource: Mapping[str, Any], scope: Mapping[str, Any]
) -> tuple[str, dict[str, Any]]:
    names = {5: "DEBUG", 9: "INFO", 13: "WARN", 17: "ERROR"}
    return "log_entry", {
        "timestamp": log.get("timeUnixNano") or log["observedTimeUnixNano"],
        "level": names.get(log.get("severityNumber", 0), "UNKNOWN"),
        "message": plain(log["body"]) or log["eventName"],
        "component": scope.get("name") or resource["service.name"],
    }


def lines_of(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_record_of_a_sample(file: Path) -> None:
    documents = lines_of(file)
    wanted = list(expected(documents))
    found = [
        (
            event_type,
            {k: pytest.approx(float(v)) if k in NUMBERS else v for k, v in fields.items()},
        )
        for event_type, fields, _ in read(documents)
    ]
    assert wanted == found


def test_samples_hold_every_kind_of_event() -> None:
    events = read([line for file in FILES for line in lines_of(file)])
    kinds = {event.event_type for event in events}
    assert kinds == {"cache_query", "failed_query", "span", "system_metric", "log_entry"}
    hits = [event.fields["cache_hit"] for event in events if event.event_type == "cache_query"]
    assert (hits.count("true"), hits.count("false")) == (4, 10)
    assert {event.fields.get("query") for event in events if event.event_type == "cache_query"} == {
        "What does yield do in Python?",
        "Weather?",
        None,
    }


def test_samples_are_recognized_and_other_json_is_not() -> None:
    assert OPENTELEMETRY.recognizes is not None
    assert FILES
    for file in FILES:
        for line in lines_of(file):
            assert OPENTELEMETRY.recognizes(json.loads(line))
    assert not OPENTELEMETRY.recognizes({"resource": {}, "event_type": "span"})


def test_what_is_not_mapped_is_left_over() -> None:
    documents = lines_of(SAMPLES / "service_traces.jsonl")
    (order,) = [each for each in read(documents) if each.fields["operation"] == "POST /orders"]
    assert order.left["span"] == {
        "flags": 256,
        "status": {},
        "attributes": {"tags": ["new", "eu"], "retry": False, "discount": 0.25, "lines": 3},
    }
    assert order.left["resource"]["attributes"]["host.name"] == "web-1"


def request(*spans: Mapping[str, Any], **resource: Any) -> str:
    return json.dumps({"resourceSpans": [{**resource, "scopeSpans": [{"spans": spans}]}]})


def span(**fields: Any) -> dict[str, Any]:
    return {
        "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "name": "work",
        "startTimeUnixNano": str(START), "endTimeUnixNano": str(START + 1_500_000_000),
        **fields,
    }  # fmt: skip


def pairs(**found: Any) -> list[dict[str, Any]]:
    kinds = {bool: "boolValue", int: "intValue", float: "doubleValue", str: "stringValue"}
    return [
        {"key": key.replace("__", "."), "value": {kinds[type(value)]: value}}
        for key, value in found.items()
    ]


def test_what_holds_no_record_gives_none() -> None:
    documents = [
        "", " ", "[]", "{}", "null", '"x"', "not json", "[1, 2]", '{"resourceSpans": []}',
        '{"resourceSpans": 7}', '{"resourceSpans": [{"scopeSpans": "x"}]}',
    ]  # fmt: skip
    held = records_of(OPENTELEMETRY, [request(span())])
    assert len(held) == 1
    assert records_of(OPENTELEMETRY, [*documents, request(span())]) == held


def test_a_span_without_end_resource_scope_or_parent() -> None:
    (event,) = read([request({k: v for k, v in span().items() if k != "endTimeUnixNano"})])
    assert event.event_type == "span"
    assert event.fields == {
        "event_id": "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        "timestamp": str(START), "operation": "work", "status": "unset",
        "trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331",
    }  # fmt: skip


def test_elements_that_are_no_objects_stay_records() -> None:
    document = '{"resourceSpans":[{"scopeSpans":[{"spans":[5,null,"x"]}]}]}'
    assert records_of(OPENTELEMETRY, [document]) == ['{"span":5}', '{"span":null}', '{"span":"x"}']


def test_numbers_may_be_written_as_numbers_or_texts_and_enumerations_by_name() -> None:
    numbers = pairs(gen_ai__operation__name="chat", gen_ai__usage__input_tokens=7)
    text = {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "7"}}
    texts = [*pairs(gen_ai__operation__name="chat"), text]
    one, other = read(
        [
            request(span(attributes=numbers, startTimeUnixNano=START)),
            request(span(attributes=texts)),
        ]
    )
    assert one.fields == other.fields
    assert (one.event_type, one.fields["prompt_tokens"]) == ("cache_query", "7")
    named = span(kind="SPAN_KIND_SERVER", status={"code": "STATUS_CODE_ERROR", "message": "no"})
    (event,) = read([request(named)])
    assert event.fields["span_kind"].lower() == "server"
    assert (event.fields["status"], event.fields["error"]) == ("error", "no")


def test_ids_in_base64_and_capitals_are_the_same_ids() -> None:
    trace, own = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    encoded = [base64.b64encode(bytes.fromhex(each)).decode() for each in (trace, own)]
    events = read(
        [
            request(span(traceId=encoded[0], spanId=encoded[1])),
            request(span(traceId=trace.upper(), spanId=own.upper())),
        ]
    )
    assert {event.fields["event_id"] for event in events} == {f"{trace}-{own}"}


def test_names_in_snake_case_and_of_instrumentation_libraries() -> None:
    (wanted,) = read([request(span(attributes=pairs(tries=3)), resource={})])
    snake = (
        '{"resource_spans": [{"resource": {}, "scope_spans": [{"spans": [{"trace_id": '
        '"0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331", "name": "work", '
        f'"start_time_unix_nano": "{START}", "end_time_unix_nano": "{START + 1_500_000_000}", '
        '"attributes": [{"key": "tries", "value": {"int_value": "3"}}]}]}]}]}'
    )
    old = request(span(attributes=pairs(tries=3)), resource={}).replace(
        "scopeSpans", "instrumentationLibrarySpans"
    )
    assert read([snake, old]) == [wanted, wanted]


def test_attributes_of_any_depth_repeated_and_malformed() -> None:
    value: dict[str, Any] = {"stringValue": 'a "quoted" {"intValue":"1"} \\ é'}
    for n in range(3):
        inner = [{"key": f"k{n}", "value": value}, {"key": "empty", "value": {}}]
        value = {"arrayValue": {"values": [{"kvlistValue": {"values": inner}}, {"intValue": "5"}]}}
    deep = [
        {"key": "deep", "value": value},
        {"key": "texts", "value": {"arrayValue": {"values": [{"stringValue": "[{x}]\\"}, {}]}}},
        {"key": "none", "value": {"arrayValue": {}}},
        {"key": "bytes", "value": {"bytesValue": "AAE="}},
        {"key": "large", "value": {"intValue": "9223372036854775807"}},
        {"key": "odd", "value": {"intValue": "seven"}},
    ]
    (record,) = map(json.loads, records_of(OPENTELEMETRY, [request(span(attributes=deep))]))
    assert record["span"]["attributes"] == {
        "deep": plain(value), "texts": ["[{x}]\\", None], "none": [], "bytes": "AAE=",
        "large": 9223372036854775807, "odd": "seven",
    }  # fmt: skip
    twice = [*pairs(a=1), *pairs(a=2), {"value": {"intValue": 3}}, {"key": "b"}, 7]
    (text,) = records_of(OPENTELEMETRY, [request(span(attributes=twice))])
    assert '"a":1,"a":2' in text
    (malformed,) = map(json.loads, records_of(OPENTELEMETRY, [request(span(attributes="x"))]))
    assert malformed["span"]["attributes"] == "x"


def test_malformed_attributes_and_numbers_leave_a_record() -> None:
    array = {"arrayValue": {"values": [{"arrayValue": {"values": [{"intValue": 1}]}}]}}
    odd = [
        {"key": {"arrayValue": 5}, "value": array},
        {"key": "two", "value": {"doubleValue": {"arrayValue": 5}, "x": 1}},
        {"key": "also", "value": {"arrayValue": {"values": [{"stringValue": 1}], "x": [1]}}},
        {"key": "list", "value": {"arrayValue": 5}},
    ]
    ends = {"startTimeUnixNano": str(-(2**63)), "endTimeUnixNano": str(2**63 - 1)}
    (event,) = read([request(span(attributes=odd, **ends))])
    assert event.event_type == "span"
    assert float(event.fields["duration"]) == pytest.approx(2**64 / 1e9)
    far = {"key": f"gen_ai.prompt.{'9' * 40}.role", "value": {"stringValue": "user"}}
    call = span(attributes=[*pairs(gen_ai__operation__name="chat"), far])
    assert "query" not in read([request(call)])[0].fields


def test_only_a_cache_that_says_so_answered() -> None:
    cases = [
        ({}, "false"),
        ({"gen_ai__cache__hit": True}, "true"),
        ({"gen_ai__cache__hit": False}, "false"),
        ({"cache__hit": True}, "true"),
        ({"gen_ai__response__cached": True}, "true"),
        ({"llm__cache_hit": "true"}, "true"),
        ({"gen_ai__usage__cache_read__input_tokens": 9}, "false"),
    ]
    calls = [span(attributes=pairs(gen_ai__operation__name="chat", **found)) for found, _ in cases]
    events = read([request(*calls)])
    assert {event.event_type for event in events} == {"cache_query"}
    assert [event.fields["cache_hit"] for event in events] == [hit for _, hit in cases]


def test_which_spans_are_calls_of_a_model() -> None:
    cases = [
        ({"gen_ai__operation__name": "invoke_agent", "gen_ai__request__model": "m"}, "span"),
        ({"gen_ai__operation__name": "execute_tool", "gen_ai__system": "openai"}, "span"),
        ({"gen_ai__operation__name": "embeddings", "gen_ai__request__model": "m"}, "span"),
        ({"gen_ai__request__model": "m", "gen_ai__system": "openai"}, "cache_query"),
        ({"gen_ai__operation__name": "text_completion"}, "cache_query"),
        ({"llm__request__type": "embedding", "gen_ai__request__model": "m"}, "span"),
        ({"llm__request__type": "chat"}, "cache_query"),
        ({"openinference__span__kind": "CHAIN"}, "span"),
        ({"gen_ai__operation__name": "chat", "error__type": "timeout"}, "failed_query"),
    ]
    events = read([request(*(span(attributes=pairs(**found)) for found, _ in cases))])
    assert [event.event_type for event in events] == [kind for _, kind in cases]


def test_the_question_is_the_last_message_of_a_user() -> None:
    numbered = {
        "gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content": "one",
        "gen_ai.prompt.10.role": "user", "gen_ai.prompt.10.content": "q",
        "gen_ai.prompt.11.role": "assistant",
    }  # fmt: skip
    messages = '[{"role":"user","content":"one"},{"role":"user","content":[{"text":"q"}]}]'
    asked: list[dict[str, str]] = [
        numbered,
        {"input.value": "q"},
        {"gen_ai.prompt": '[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]'},
        {"gen_ai.input.messages": messages},
    ]
    chat = pairs(gen_ai__operation__name="chat")
    calls = [span(attributes=[*chat, *pairs(**found)]) for found in asked]
    told = [("gen_ai.user.message", "q"), ("gen_ai.choice", "an answer")]
    events = [{"name": name, "attributes": pairs(content=text)} for name, text in told]
    found = read([request(*calls, span(attributes=chat, events=events))])
    assert [event.fields["query"] for event in found] == ["q"] * 5


def metrics(*found: Mapping[str, Any]) -> str:
    return json.dumps({"resourceMetrics": [{"scopeMetrics": [{"metrics": found}]}]})


def test_points_that_have_no_mean_or_no_value() -> None:
    moment = {"timeUnixNano": str(START)}
    events = read(
        [
            metrics(
                {"name": "h", "histogram": {"dataPoints": [{**moment, "count": "0", "sum": 0}]}},
                {"name": "h", "histogram": {"dataPoints": [{**moment, "count": 4}]}},
                {"name": "s", "summary": {"dataPoints": [{**moment, "count": 4, "sum": 10}]}},
                {"name": "g", "gauge": {"dataPoints": [{**moment, "flags": 1}]}},
                {"name": "g", "gauge": {"dataPoints": [{**moment, "asInt": 0}]}},
                {"name": "e", "gauge": {"dataPoints": []}},
            )
        ]
    )
    found = [
        (each.event_type, each.fields.get("metric_name"), each.fields.get("value"))
        for each in events
    ]
    assert found == [
        ("system_metric", "h.count", "0"), ("system_metric", "h.count", "4"),
        ("system_metric", "s", "2.5"), ("log_entry", None, None),
        ("system_metric", "g", "0"), ("system_metric", "e", None),
    ]  # fmt: skip
    assert events[3].fields["message"] == "No value of g"


def test_levels_and_messages_of_logs() -> None:
    body = {"kvlistValue": {"values": pairs(a=1)}}
    logs = [
        {"severityNumber": 24, "severityText": "Critical", "body": {"stringValue": "x"}},
        {"severityNumber": "SEVERITY_NUMBER_ERROR2", "body": body},
        {"severityText": "notice", "timeUnixNano": "0", "observedTimeUnixNano": "5"},
        {},
    ]
    document = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": logs}]}]})
    found = [
        (e.fields["level"], e.fields["message"], e.fields.get("timestamp"))
        for e in read([document])
    ]
    assert found == [
        ("FATAL", "x", None), ("ERROR", '{"a":1}', None), ("notice", "", "5"),
        ("UNKNOWN", "", None),
    ]  # fmt: skip


def test_samples_become_validated_events(workspace: Workspace) -> None:
    for file in FILES:
        workspace.drop(f"otel/{file.name}", file.read_bytes())
    workspace.ingest()
    assert workspace.quarantine().empty, workspace.quarantine().message.tolist()
    documents = [line for file in FILES for line in lines_of(file)]
    wanted = list(expected(documents))
    assert workspace.accounts().lines.sum() == len(wanted)
    events = workspace.events()
    assert len(events) == len(wanted)
    assert events.event_type.value_counts().to_dict() == Counter(kind for kind, _ in wanted)
    spans = events[events.event_type == "span"]
    seconds = [fields["duration"] for kind, fields in wanted if kind == "span"]
    assert spans.duration.sum() == pytest.approx(sum(seconds))


def test_ten_thousand_spans_in_one_line_keep_their_order() -> None:
    spans = [span(spanId=f"{n:016x}", attributes=pairs(n=n, text="x" * 200)) for n in range(10_000)]
    started = time.monotonic()
    records = records_of(OPENTELEMETRY, [request(*spans)])
    assert time.monotonic() - started < 20
    assert [json.loads(record)["span"]["attributes"]["n"] for record in records] == list(
        range(10_000)
    )
