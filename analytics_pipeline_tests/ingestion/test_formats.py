"""Formats of other sources: recognized, dated, mapped, accounted for, as native events are."""

import json

import pandas as pd
import pytest

from analytics_pipeline.ingestion.formats import catalog
from analytics_pipeline.ingestion.formats.declaration import EventMapping, Format
from analytics_pipeline.ingestion.formats.expressions import divided
from analytics_pipeline_tests.workspace import Workspace, query_event

CALLS = Format(
    "calls",
    "Calls of a made-up gateway, for these tests.",
    (
        EventMapping(
            "cache_query",
            {
                "event_id": "$(id)",
                "timestamp": "$(call.at)",
                "query": "$(call.question)",
                "response_time": divided("took_ms", 1000),
                "cache_hit": "CASE $(hit) WHEN 'y' THEN 'true' ELSE 'false' END",
                "context.language": "$(lang)",
            },
            when="$(call) IS NOT NULL",
        ),
        EventMapping(
            "log_entry",
            {"timestamp": "$(at)", "level": "'ERROR'", "message": "$(error)"},
            when="$(error) IS NOT NULL",
        ),
    ),
    recognizes=lambda record: "took_ms" in record or "error" in record,
)
BUNDLES = Format(
    "bundles",
    "Many calls in a document, for these tests.",
    CALLS.mappings,
    recognizes=lambda record: "calls" in record,
    split="""
        SELECT document_number, unnest(range(len(calls))) AS position, unnest(calls) AS record
        FROM (SELECT document_number, json_extract(document, '$.calls[*]') AS calls FROM document)
    """,
)
SIGNS = Format(
    "signs",
    "Lines of text, for these tests.",
    (EventMapping("log_entry", {"timestamp": "$(time)", "level": "$(level)",
                                "message": "$(text)"}),),
    pattern=r"^(?P<time>\d{4}-\d\d-\d\dT\S+) (?P<host>\S+) (?P<level>[A-Z]+) (?P<text>.*)",
)  # fmt: skip


@pytest.fixture(autouse=True)
def made_up_formats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "FORMATS", (*catalog.FORMATS, CALLS, BUNDLES, SIGNS))


def call(number: int, **fields: object) -> dict:
    return {
        "id": f"c{number}", "took_ms": 250, "hit": "y", "lang": "Go", "shard": number,
        "call": {"at": f"2026-11-0{number}T01:00:00Z", "question": "why?", "tries": 2},
    } | fields  # fmt: skip


def test_records_of_a_format_become_events_beside_native_ones(workspace: Workspace) -> None:
    workspace.drop("gateway/a.jsonl", [call(1), call(2, took_ms="long"), {"id": "x", "took_ms": 1}])
    workspace.drop("native.jsonl", [query_event(event_id="n")])
    workspace.ingest()
    events = workspace.events().set_index("event_id")
    assert set(events.index) == {"c1", "n"}
    event = events.loc["c1"]
    assert event.timestamp == pd.Timestamp("2026-11-01T01:00:00")
    assert (event.query, event.response_time, event.language) == ("why?", 0.25, "go")
    assert bool(event.cache_hit) is True
    kept = {"calls": {"hit": "y", "shard": 1, "call": {"tries": 2}}}
    assert json.loads(event.extra) == kept
    refused = workspace.quarantine().set_index("line_number")
    assert refused.reason.to_dict() == {2: "bad_type", 3: "unmapped_record"}
    assert refused.message[2].endswith("response_time is long")
    assert json.loads(refused.line[2]) == call(2, took_ms="long")
    assert workspace.accounts().loc["gateway/a.jsonl"].tolist() == [3, 1, 0, 2, 0]


def test_documents_are_split_into_records_with_numbers_of_their_own(workspace: Workspace) -> None:
    error = {"at": "2026-11-04T00:00:00Z", "error": "broken"}
    workspace.drop(
        "a.jsonl",
        json.dumps({"calls": [call(1), call(2), error]}).encode() + b"\n\n{broken\n"
        + json.dumps({"calls": [call(3)]}).encode() + b"\n\xff",
    )  # fmt: skip
    workspace.ingest()
    assert sorted(workspace.events().event_type) == ["cache_query"] * 3 + ["log_entry"]
    refused = workspace.quarantine().set_index("line_number")
    assert refused.reason.to_dict() == {5: "not_json", 7: "not_utf8"}
    assert workspace.accounts().loc["a.jsonl"].tolist() == [7, 4, 0, 2, 1]


def test_lines_of_text_are_read_by_the_pattern_of_their_folder(tmp_path: object) -> None:
    workspace = Workspace.create(
        tmp_path / "w",
        sources=[{"folder": "logs", "format": "signs"}],  # type: ignore[operator]
    )
    workspace.drop("logs/app.log", b"no time\n2026-11-10T01:00:00Z web1 INFO all's {well}\n\n")
    workspace.ingest()
    [(_, event)] = workspace.events().iterrows()
    assert (event.level, event.message) == ("INFO", "all's {well}")
    assert json.loads(event.extra) == {"signs": {"host": "web1"}}
    assert workspace.quarantine().reason.tolist() == ["no_match"]
    assert workspace.accounts().loc["logs/app.log"].tolist() == [3, 1, 0, 1, 1]


def test_times_without_offset_are_of_the_zone_of_their_source(tmp_path: object) -> None:
    workspace = Workspace.create(
        tmp_path / "w",  # type: ignore[operator]
        sources=[{"folder": ".", "time_zone": "Europe/Berlin"}],
    )
    build = {
        "event_type": "build", "repository": "r", "status": "ok",
        "started_at": "2026-11-10T00:30:00", "finished_at": "2026-11-10T00:40:00+00:00",
    }  # fmt: skip
    workspace.drop("a.jsonl", [build])
    workspace.ingest()
    [(_, event)] = workspace.events().iterrows()
    assert event.event_date == pd.Timestamp("2026-11-09")
    assert event.timestamp == event.started_at == pd.Timestamp("2026-11-09T23:30:00")
    assert event.finished_at == pd.Timestamp("2026-11-10T00:40:00")
