"""What a line becomes: typed values, reasons of refusal, extra fields, identity."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline.ingestion.tables import REASONS
from analytics_pipeline_tests.workspace import Workspace, query_event


def only_event(workspace: Workspace, line: dict) -> pd.Series:
    workspace.drop("a.jsonl", [line])
    workspace.ingest()
    assert workspace.quarantine().empty, workspace.quarantine().message.tolist()
    [(_, event)] = workspace.events().iterrows()
    return event


def test_all_fields_of_a_query_are_typed(workspace: Workspace) -> None:
    event = only_event(
        workspace,
        query_event(
            event_id="e1", user_id="u", query="wie?", response_time=0.25, model="m",
            prompt_tokens=12, completion_tokens=7.0, cost=0, match_type="Exact", cache_key="k",
            session_id="s", team="t", timestamp="2026-11-10T01:00:00.123456+02:00",
            context={"language": "Python", "framework": "Django"},
        ),
    )  # fmt: skip
    assert event.event_id == "e1"
    assert event.timestamp == pd.Timestamp("2026-11-09T23:00:00.123456")
    assert event.event_date == pd.Timestamp("2026-11-09")
    assert bool(event.cache_hit) is True
    assert (event.response_time, event.prompt_tokens, event.completion_tokens) == (0.25, 12, 7)
    assert (event.cost, event.match_type) == (0.0, "exact")
    assert (event.language, event.framework) == ("python", "django")
    assert pd.isna(event.extra)


@pytest.mark.parametrize(
    ("line", "reason", "named"),
    [
        (b"\xff\xfe", "not_utf8", ""),
        (b'{"event_type": ', "not_json", ""),
        (b"plain text", "not_json", ""),
        (b"\0\0\0", "not_json", ""),
        (b"[1, 2]", "not_an_object", ""),
        (b"42", "not_an_object", ""),
        (b"{}", "missing_field", "event_type"),
        (b'{"event_type": "party", "timestamp": "2026-11-10"}', "unknown_event_type", "party"),
        (query_event(cache_hit=None), "missing_field", "cache_hit"),
        (query_event(timestamp=None), "missing_field", "timestamp"),
        (query_event(timestamp="yesterday"), "bad_timestamp", "yesterday"),
        (query_event(timestamp="infinity"), "bad_timestamp", "infinity"),
        (query_event(timestamp=""), "bad_timestamp", "timestamp"),
        (query_event(timestamp="2026-02-30T00:00:00Z"), "bad_timestamp", "2026-02-30"),
        (query_event(timestamp="1999-01-01T00:00:00Z"), "too_old", "1999-01-01"),
        (query_event(timestamp="2999-01-01T00:00:00Z"), "future_timestamp", "2999-01-01"),
        (query_event(cache_hit="yes"), "bad_type", "yes"),
        (query_event(cache_hit=0.5), "bad_type", "cache_hit"),
        (query_event(response_time="fast"), "bad_type", "fast"),
        (query_event(response_time=True), "bad_type", "response_time"),
        (query_event(response_time=[1]), "bad_type", "response_time"),
        (query_event(response_time=float("nan")), "bad_type", "response_time"),
        (query_event(prompt_tokens=12.5), "bad_type", "12.5"),
        (query_event(query={"text": "x"}), "bad_type", "query"),
        (query_event(response_time=-1), "out_of_range", "-1"),
        (query_event(match_type="fuzzy"), "out_of_range", "fuzzy"),
        (
            {"event_type": "build", "repository": "r", "status": "ok", "timestamp": "2026-11-10",
             "started_at": "soon"},
            "bad_timestamp", "soon",
        ),
    ],
)  # fmt: skip
def test_a_bad_line_is_quarantined_with_its_reason(
    workspace: Workspace, line: bytes | dict, reason: str, named: str
) -> None:
    raw = line if isinstance(line, bytes) else json.dumps(line).encode()
    workspace.drop("bad.jsonl", b"\n" + raw + b"\n")
    workspace.ingest()
    [(_, refused)] = workspace.quarantine().iterrows()
    assert refused.reason == reason
    assert refused.message.startswith(REASONS[reason])
    assert named in refused.message
    assert (refused.path, refused.line_number) == ("bad.jsonl", 2)
    kept = refused.bytes if pd.isna(refused.line) else refused.line.encode()
    assert bytes(kept) == raw
    assert workspace.events().empty
    assert workspace.accounts().loc["bad.jsonl"].tolist() == [2, 0, 0, 1, 1]


def test_every_reason_is_covered_here_or_below() -> None:
    of_other_formats = {"no_match", "unmapped_record", "undeclared_field", "frozen_schema"}
    covered = (
        {"line_too_long"}
        | of_other_formats
        | {
            mark.args[1][index][1]
            for mark in test_a_bad_line_is_quarantined_with_its_reason.pytestmark
            for index in range(len(mark.args[1]))
        }
    )
    assert covered == set(REASONS)


def test_a_line_over_the_limit_is_kept_whole_in_quarantine(workspace: Workspace) -> None:
    line = json.dumps(query_event(query="x" * 50_000_000)).encode()
    workspace.drop("long.jsonl", line + b"\n" + json.dumps(query_event()).encode())
    workspace.ingest()
    [(_, refused)] = workspace.quarantine().iterrows()
    assert refused.reason == "line_too_long"
    assert refused.line.encode() == line
    assert workspace.accounts().loc["long.jsonl"].tolist() == [2, 1, 0, 1, 0]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-11-10T12:00:00Z", "2026-11-10T12:00:00"),
        ("2026-11-10T12:00:00+05:30", "2026-11-10T06:30:00"),
        ("2026-11-10T12:00:00-0800", "2026-11-10T20:00:00"),
        ("2026-11-10 12:00:00", "2026-11-10T12:00:00"),
        ("2026-11-10T12:00", "2026-11-10T12:00:00"),
        ("2026-11-10T12:00:00.5Z", "2026-11-10T12:00:00.5"),
        ("2026-11-10T12:00:00.123456789Z", "2026-11-10T12:00:00.123456"),
        ("2026-11-10", "2026-11-10T00:00:00"),
    ],
)
def test_times_are_normalized_to_utc(workspace: Workspace, written: str, read: str) -> None:
    assert only_event(workspace, query_event(timestamp=written)).timestamp == pd.Timestamp(read)


def test_numbers_and_booleans_written_as_text_are_read(workspace: Workspace) -> None:
    event = only_event(
        workspace, query_event(cache_hit="True", response_time="0.5", prompt_tokens="12")
    )
    assert (bool(event.cache_hit), event.response_time, event.prompt_tokens) == (True, 0.5, 12)


def test_text_that_begins_like_a_container_is_text(workspace: Workspace) -> None:
    assert only_event(workspace, query_event(query='{"a": 1')).query == '{"a": 1'


def test_unknown_fields_are_kept(workspace: Workspace) -> None:
    event = only_event(
        workspace,
        query_event(
            region="eu", host="h1", nothing=None, tags=[1, {"a": "b"}],
            context={"language": "go", "file": "main.go"},
        ),
    )  # fmt: skip
    assert json.loads(event.extra) == {
        "region": "eu", "host": "h1", "nothing": None, "tags": [1, {"a": "b"}],
        "context": {"file": "main.go"},
    }  # fmt: skip
    assert pd.isna(event.host), "a query has no host: the field is extra, not a column"


@pytest.mark.parametrize("context", ["python", 3, ["x"], None, {}])
def test_a_context_that_is_no_filled_object_is_kept_or_empty(
    workspace: Workspace, context: object
) -> None:
    event = only_event(workspace, query_event(context=context))
    kept = {} if pd.isna(event.extra) else json.loads(event.extra)
    assert kept == ({} if context in (None, {}) else {"context": context})


def test_null_values_of_declared_fields_are_absent(workspace: Workspace) -> None:
    event = only_event(workspace, query_event(model=None, cost=None, context={"language": None}))
    assert pd.isna(event.model)
    assert pd.isna(event.cost)
    assert pd.isna(event.extra)


def test_a_deployment_without_timestamp_is_dated_by_its_start(workspace: Workspace) -> None:
    event = only_event(
        workspace,
        {"event_type": "deployment", "repository": "r", "status": "SUCCESS",
         "environment": "production", "started_at": "2026-11-09T10:00:00Z"},
    )  # fmt: skip
    assert event.timestamp == event.started_at == pd.Timestamp("2026-11-09T10:00:00")
    assert event.status == "success"


def test_a_clock_that_is_a_little_ahead_is_tolerated(workspace: Workspace) -> None:
    now = datetime.now(UTC)
    lines = [
        query_event(timestamp=(now + timedelta(seconds=ahead)).isoformat()) for ahead in (60, 3600)
    ]
    workspace.drop("ahead.jsonl", lines)
    workspace.ingest()
    assert workspace.accounts().loc["ahead.jsonl"].tolist() == [2, 1, 0, 1, 0]
    assert workspace.quarantine().reason.tolist() == ["future_timestamp"]


def test_identical_lines_stay_as_many_events(workspace: Workspace) -> None:
    workspace.drop("a.jsonl", [query_event()] * 3)
    workspace.drop("b.jsonl", [query_event()] * 5)
    workspace.ingest()
    assert workspace.events().event_id.nunique() == len(workspace.events()) == 5
    assert workspace.accounts().loc["a.jsonl"].tolist() == [3, 3, 0, 0, 0]
    assert workspace.accounts().loc["b.jsonl"].tolist() == [5, 2, 3, 0, 0]


def test_the_order_of_keys_and_white_space_do_not_make_another_event(workspace: Workspace) -> None:
    event = query_event(model="m", cost=1)
    workspace.drop("a.jsonl", [event])
    workspace.drop("b.jsonl", json.dumps(dict(reversed(event.items())), indent=None).encode())
    workspace.drop("c.jsonl", json.dumps(event, separators=(" ,", " : ")).encode())
    workspace.ingest()
    assert len(workspace.events()) == 1


def test_of_events_with_one_id_the_earliest_is_kept_whatever_came_first(
    workspace: Workspace,
) -> None:
    workspace.drop("a.jsonl", [query_event(event_id="e", timestamp="2026-11-10T12:00:00Z")])
    workspace.ingest()
    workspace.drop("b.jsonl", [query_event(event_id="e", timestamp="2026-11-10T11:00:00Z")])
    workspace.ingest()
    assert workspace.events().timestamp.tolist() == [pd.Timestamp("2026-11-10T11:00:00")]
    assert workspace.accounts().loc["a.jsonl"].tolist() == [1, 0, 1, 0, 0]


def test_long_lines_are_parsed_within_the_memory_of_the_engine(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "w", engine={"memory_limit": "500MB", "threads": 2})
    text = "long words " * 18_000
    lines = [query_event(event_id=str(number), query=f"{number} {text}") for number in range(300)]
    workspace.drop("long.jsonl", [*lines, query_event(event_id="short", query="short")])
    workspace.ingest()
    queries = workspace.events().set_index("event_id")["query"]
    assert queries["short"] == "short"
    assert queries["299"] == f"299 {text}"
    assert len(queries) == 301


def test_a_day_of_lines_near_the_limit_is_validated_within_the_memory_of_the_engine(
    tmp_path: Path,
) -> None:
    workspace = Workspace.create(tmp_path / "w", engine={"memory_limit": "1GB", "threads": 2})
    text = "long words " * 80_000
    for start in (0, 200):
        lines = [query_event(prompt=f"{n // 2} {text}") for n in range(start, start + 200)]
        workspace.drop(f"{start}.jsonl", lines)
        workspace.ingest()
    assert workspace.accounts().sum().tolist() == [400, 400, 0, 0, 0]
    file = workspace.lake.partition_file(VALIDATED_EVENTS, date(2026, 11, 10))
    numbers: list[int] = []
    ids: list[str] = []
    for batch in pq.ParquetFile(file).iter_batches(16, columns=["event_id", "extra"]):
        ids += batch["event_id"].to_pylist()
        for extra in batch["extra"].to_pylist():
            number, _, rest = json.loads(extra)["prompt"].partition(" ")
            numbers.append(int(number))
            assert rest == text
    assert sorted(numbers) == [n // 2 for n in range(400)]
    assert ids == sorted(set(ids))
