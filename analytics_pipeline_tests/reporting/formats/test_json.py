"""A report as JSON: all of it, unrounded, as its schema says."""

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from analytics_pipeline.reporting.formats import json as json_format
from analytics_pipeline.reporting.formats.json import as_bytes, as_json, content_hash
from analytics_pipeline_tests.reporting.formats.documents import DAY, DAYS, HIT_RATE, report_of

SCHEMA = json.loads(Path(json_format.__file__).with_name("report.schema.json").read_text())


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@given(text=st.text())
def test_it_is_as_the_schema_says_whatever_the_text(text: str) -> None:
    document = json.loads(as_bytes(as_json(report_of(text))), parse_constant=pytest.fail)
    Draft202012Validator(SCHEMA).validate(document)
    assert document["sections"]["headlines"]["findings"]["sentences"] == [f"Look at {text}."]
    assert document["sections"]["cache"]["models"]["rows"][0]["model"] == text


def test_a_document_that_lacks_something_is_not_valid() -> None:
    document = json.loads(as_json(report_of()))
    del document["sections"]["cache"]["cache_figures"]["figures"]["queries"]["value"]
    assert not Draft202012Validator(SCHEMA).is_valid(document)


def test_numbers_are_unrounded_and_say_what_they_are() -> None:
    document = json.loads(as_json(report_of()))
    card = document["sections"]["headlines"]["headlines"]["cards"]["hit_rate"]
    assert card["value"] == 0.7123456789012345
    assert card["id"] == HIT_RATE
    assert document["definitions"][HIT_RATE]["formula"] == "hits / queries"
    assert card["days"] == {str(DAYS[0]): 0.7, str(DAYS[1]): None, str(DAY): 0.7123456789012345}
    models = document["sections"]["cache"]["models"]
    assert models["columns"]["hit_rate"]["unit"] == "share"
    assert models["columns"]["hit_rate"]["id"] == HIT_RATE
    assert models["columns"]["cost"]["id"] is None
    assert models["rows"][1]["started_at"] == "2026-11-10T07:30:01.250000Z"
    assert models["rows"][1]["seen_on"] == "2026-11-10"
    assert models["rows"][1]["chosen"] is False
    assert models["total"] == 6
    (rule, unjudged) = document["sections"]["alerts"]["alerts"]["evaluations"][str(DAY)]
    assert rule["findings"][1]["labels"] == {"model": "atlas"}
    assert rule["history"] == {str(DAYS[0]): 0.75, str(DAYS[1]): None}
    assert unjudged["passed"] is None


def test_inputs_stand_by_table_and_by_path() -> None:
    inputs = json.loads(as_json(report_of("a.jsonl")))["inputs"]
    assert inputs["partitions"] == {"daily_cache_metrics": {str(DAY): "a" * 64}}
    dates = [str(DAY), str(DAYS[0])]
    assert inputs["files"] == {"a.jsonl": {"sha256": "b" * 64, "event_dates": dates}}


def test_the_content_hash_is_that_of_the_file_and_tells_reports_apart() -> None:
    report = report_of()
    assert content_hash(report) == sha256(as_json(report).encode()).hexdigest()
    assert content_hash(report) == content_hash(report_of())
    assert content_hash(report) != content_hash(replace(report, inputs=()))
    assert content_hash(report) != content_hash(report_of("cedar"))
