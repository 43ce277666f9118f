"""aicache TOON operations: each event against a reading of the same sample in plain Python."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analytics_pipeline.ingestion.formats.behavioral import BEHAVIORAL
from analytics_pipeline.ingestion.formats.toon import TOON
from analytics_pipeline_tests.generated_samples import toon as generated
from analytics_pipeline_tests.ingestion.formats.mapping import mapped
from analytics_pipeline_tests.ingestion.formats.reading_samples import (
    FORMATS,
    as_read,
    at,
    json_objects,
    present,
)

SAMPLES = FORMATS / "toon"
NUMBERS = ("response_time", "prompt_tokens", "completion_tokens", "cost", "tokens_saved",
           "cost_saved")  # fmt: skip
HITS = {"exact_hit": "exact", "semantic_hit": "semantic", "intent_hit": "intent"}


def expected_of_full(record: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    kind, tokens, context = record["operation_type"], record["tokens"], record["context"]
    fields = {
        "event_id": record["operation_id"], "timestamp": record["timestamp"],
        "user_id": context.get("user_id"), "session_id": context.get("session_id"),
        "context.language": context.get("language"),
        "context.framework": context.get("framework"),
        "query": record["query"]["original"],
        "response_time": pytest.approx(record["duration_ms"] / 1000), "model": tokens["model"],
        "prompt_tokens": tokens["without_cache"]["prompt"],
        "completion_tokens": tokens["without_cache"]["completion"],
        "cost": 0 if kind in HITS else tokens["costs"]["without_cache"],
    }  # fmt: skip
    if kind == "cache_error":
        error = {"error": record["error_message"], "error_class": "cache_error"}
        return "failed_query", present(fields | error)
    return "cache_query", present(
        fields
        | {
            "cache_hit": "true" if kind in HITS else "false",
            "match_type": HITS.get(kind, "none"),
            "tokens_saved": tokens["saved"]["total"],
            "cost_saved": tokens["costs"]["saved"],
            "cache_key": record["cache_metadata"]["cache_key"],
        }
    )


def expected_of_compact(record: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    fields = {
        "event_id": record["id"], "timestamp": record["ts"], "query": record["q_orig"],
        "response_time": pytest.approx(float(record["dur"]) / 1000),
    }  # fmt: skip
    if record["op"] == "cache_error":
        return "failed_query", fields | {"error": "cache_error", "error_class": "cache_error"}
    return "cache_query", fields | {
        "cache_hit": "true" if record["op"] in HITS else "false",
        "match_type": HITS.get(record["op"], "none"),
        "tokens_saved": float(record["tok_saved"]), "cost_saved": float(record["cost_saved"]),
    }  # fmt: skip


def full_records() -> Iterator[dict[str, Any]]:
    yield from json_objects(SAMPLES / "operations.jsonl")
    yield from json_objects(SAMPLES / "operations.json")
    for path in sorted((SAMPLES / "toon_data").rglob("*.json")):
        yield from json_objects(path)


def compact_records() -> Iterator[dict[str, Any]]:
    yield from json_objects(SAMPLES / "compact.json")
    with (SAMPLES / "export.csv").open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def test_each_full_operation_is_the_event_that_it_says() -> None:
    records = list(full_records())
    found = mapped(TOON, [json.dumps(each) for each in records])
    assert [(each.event_type, as_read(each.fields, NUMBERS)) for each in found] == [
        expected_of_full(record) for record in records
    ]
    assert {record["operation_type"] for record in records} == set(generated.OPERATIONS)


def test_each_compact_operation_is_the_event_that_it_says() -> None:
    records = list(compact_records())
    found = mapped(TOON, [json.dumps(each) for each in records])
    assert [(each.event_type, as_read(each.fields, NUMBERS)) for each in found] == [
        expected_of_compact(record) for record in records
    ]
    assert {record["op"] for record in records} == set(generated.OPERATIONS)
    assert all(isinstance(record["tok_saved"], str) for record in records[20:])


def test_what_is_not_mapped_is_kept() -> None:
    records = list(full_records())
    for record, found in zip(records, mapped(TOON, [json.dumps(r) for r in records]), strict=True):
        left = json.loads(found.unmapped or "{}")
        for path in ("semantic_match", "optimization_insights", "strategy_used",
                     "query.normalized", "query.hash", "tokens.with_cache",
                     "tokens.saved.percent", "context.project_path"):  # fmt: skip
            assert at(left, path) == at(record, path)
        for path in ("operation_id", "query.original", "duration_ms", "tokens.model"):
            assert at(left, path) is None


def test_a_kind_of_operation_that_is_unknown_becomes_no_event() -> None:
    records = [{"operation_id": "1", "operation_type": "exact_maybe"}, {"id": "1", "op": "miss"}]
    assert [each.event_type for each in mapped(TOON, [json.dumps(r) for r in records])] == [
        None, None,
    ]  # fmt: skip


def test_an_operation_with_little_in_it() -> None:
    bare = {"operation_id": "1", "operation_type": "cache_error", "duration_ms": "soon",
            "context": None, "query": None, "error_message": None}  # fmt: skip
    text = {"operation_id": "2", "operation_type": "semantic_miss", "duration_ms": "1500",
            "tokens": {"saved": {"total": "0"}}}  # fmt: skip
    one, two = mapped(TOON, [json.dumps(bare), json.dumps(text)])
    assert (one.event_type, one.fields) == (
        "failed_query",
        {"event_id": "1", "response_time": "soon", "error": "cache_error",
         "error_class": "cache_error"},
    )  # fmt: skip
    assert two.fields == {
        "event_id": "2", "response_time": "1.5", "cache_hit": "false", "match_type": "none",
        "tokens_saved": "0",
    }  # fmt: skip


def test_both_forms_are_recognized_and_nothing_else() -> None:
    assert TOON.recognizes and BEHAVIORAL.recognizes
    for record in (*full_records(), *compact_records()):
        assert TOON.recognizes(record)
        assert not BEHAVIORAL.recognizes(record)
        assert not TOON.recognizes(record | {"event_type": "cache_query"})
    assert not TOON.recognizes({"id": 1, "ts": "2026-11-10", "op": "insert"})


def test_the_samples_are_what_the_script_writes(tmp_path: Path) -> None:
    generated.main(tmp_path)
    written = {path.relative_to(tmp_path): path.read_text() for path in tmp_path.rglob("*.[jc]s*")}
    assert len(written) == 8
    assert written == {path: (SAMPLES / path).read_text() for path in written}
