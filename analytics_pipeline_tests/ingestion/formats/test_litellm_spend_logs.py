"""LiteLLM's spend logs: each event against a reading of the same exports in plain Python."""

import csv
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pytest

from analytics_pipeline.ingestion.formats.catalog import FORMATS as ALL_FORMATS
from analytics_pipeline.ingestion.formats.litellm import LITELLM
from analytics_pipeline.ingestion.formats.litellm_spend_logs import LITELLM_SPEND_LOGS
from analytics_pipeline.ingestion.reading.csv_rows import csv_batches
from analytics_pipeline_tests.ingestion.formats.mapping import Mapped, mapped
from analytics_pipeline_tests.ingestion.formats.reading_samples import (
    FORMATS,
    as_read,
    json_objects,
    present,
)
from analytics_pipeline_tests.ingestion.formats.splitting import records_of
from analytics_pipeline_tests.ingestion.formats.test_litellm import (
    NUMBERS,
    PEOPLE,
    is_random_uuid,
    leaves,
    provider_cache,
    question,
    without_provider,
)

SAMPLES = FORMATS / "litellm"
READ_AS_NUMBERS = tuple(name for name in NUMBERS if name != "timestamp")
COLUMNS_OF_JSON = ("metadata", "messages", "response", "request_tags", "proxy_server_request")


def rows() -> list[dict[str, Any]]:
    """The rows of the export as JSON lines."""
    return list(json_objects(SAMPLES / "spend_logs.jsonl"))


def csv_rows() -> list[dict[str, str]]:
    """The rows of the export as CSV, all texts."""
    with (SAMPLES / "spend_logs.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def events(records: list[Any]) -> list[Mapped]:
    """The events of records, opened as the format says."""
    texts = [json.dumps(each) for each in records]
    opened = records_of(LITELLM_SPEND_LOGS, texts)
    assert len(opened) in (0, len(texts))
    return mapped(LITELLM_SPEND_LOGS, opened or texts)


def expected(row: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The event type and the fields of a row."""
    metadata, body = row["metadata"], row["proxy_server_request"]
    by_owner = "user_id" in (body.get("metadata") or {})
    named, owner = row["end_user"], row["user"]
    start, first = (
        datetime.fromisoformat(row[name]) for name in ("startTime", "completionStartTime")
    )
    call = {
        "event_id": row["request_id"],
        "timestamp": row["startTime"],
        "user_id": ((owner or named) if by_owner else (named or owner)) or None,
        "session_id": None if is_random_uuid(row["session_id"]) else row["session_id"],
        "team": metadata["user_api_key_team_alias"],
        "model": without_provider(row["model"], row["custom_llm_provider"]),
        "prompt_tokens": row["prompt_tokens"],
        "completion_tokens": row["completion_tokens"],
        "cost": row["spend"],
        "response_time": pytest.approx((first - start).total_seconds()),
        "query": question(body.get("messages") or body.get("input")),
    }
    if row["status"] == "failure":
        error = metadata["error_information"]
        failure = {"error": error["error_message"], "error_class": error["error_class"]}
        return "failed_query", present({**call, **failure})
    if row["cache_hit"] == "True":
        answer = {"cache_hit": "True", "cache_key": row["cache_key"]}
    else:
        said = {"None": "false"}.get(row["cache_hit"], row["cache_hit"])
        answer = {"cache_hit": said, "match_type": "none"}
        answer |= provider_cache(metadata["usage_object"] or {})
    return "cache_query", present({**call, **answer})


def test_each_row_is_the_event_that_it_says() -> None:
    read = rows()
    found = events(read)
    assert {each.event_type for each in found} == {"cache_query", "failed_query"}
    for each, row in zip(found, read, strict=True):
        assert (each.event_type, as_read(each.fields, READ_AS_NUMBERS)) == expected(row)


def test_an_array_is_read_like_lines() -> None:
    read = list(json_objects(SAMPLES / "spend_logs.json"))
    assert read == rows()[: len(read)]
    assert events(read) == events(rows())[: len(read)]


def rows_as_read() -> list[dict[str, str]]:
    """The rows of the export as CSV, without their empty cells, as the reader of CSV gives them."""
    batches = csv_batches(iter([(SAMPLES / "spend_logs.csv").read_bytes()]))
    return [json.loads(line) for each in batches for line in each.column("line").to_pylist()]


@pytest.mark.parametrize("read", [csv_rows, rows_as_read])
def test_rows_of_a_csv_export_are_the_same_events(
    read: Callable[[], list[dict[str, str]]],
) -> None:
    for each, row in zip(events(read()), rows(), strict=True):
        event_type, fields = expected(row)
        fields["timestamp"] = fields["timestamp"].replace("T", " ")
        assert (each.event_type, as_read(each.fields, READ_AS_NUMBERS)) == (event_type, fields)


def test_columns_of_json_are_opened_and_the_others_stay() -> None:
    documents = csv_rows()
    opened = records_of(LITELLM_SPEND_LOGS, [json.dumps(each) for each in documents])
    for text, document, row in zip(opened, documents, rows(), strict=True):
        assert json.loads(text) == {**document, **{name: row[name] for name in COLUMNS_OF_JSON}}


def test_a_column_that_is_no_json_stays_a_text() -> None:
    row = {**csv_rows()[0], "metadata": '{"cut off', "response": "[1, 2"}
    [record] = records_of(LITELLM_SPEND_LOGS, [json.dumps(row)])
    found = json.loads(record)
    assert (found["metadata"], found["response"]) == ('{"cut off', "[1, 2")
    assert found["proxy_server_request"]["model"] == "mocked"
    [event] = mapped(LITELLM_SPEND_LOGS, [record])
    assert event.fields["query"] == "How do I undo a commit?"


def test_the_times_of_the_payload_are_those_of_the_row() -> None:
    """Both stand for one call: what the payload says more finely, the row says in milliseconds."""
    payloads = {each["id"]: each for each in json_objects(SAMPLES / "proxy.jsonl")}
    shared = [each for each in events(rows()) if each.fields["event_id"] in payloads]
    assert len(shared) > 5
    for each in shared:
        [other] = mapped(LITELLM, [json.dumps(payloads[each.fields["event_id"]])])
        assert each.event_type == other.event_type
        if each.event_type == "cache_query":
            times = (float(each.fields["response_time"]), float(other.fields["response_time"]))
            assert times[0] == pytest.approx(times[1], abs=0.002)
        for name in ("user_id", "session_id", "team", "query", "provider_cache_read_tokens"):
            assert each.fields.get(name) == other.fields.get(name)


def test_a_row_is_of_no_other_format() -> None:
    formats = {each.name: each for each in (*ALL_FORMATS, LITELLM, LITELLM_SPEND_LOGS)}
    for row in [*rows(), *csv_rows()]:
        names = [n for n, each in formats.items() if each.recognizes and each.recognizes(row)]
        assert names == ["litellm_spend_logs"]


def test_paths_that_name_a_person_are_declared() -> None:
    named = {path for each in rows() for path, value in leaves(each) if value in PEOPLE}
    assert named <= set(LITELLM_SPEND_LOGS.personal)
    keys = {path for each in rows() for path, value in leaves(each) if value == each["api_key"]}
    assert keys <= set(LITELLM_SPEND_LOGS.personal)
