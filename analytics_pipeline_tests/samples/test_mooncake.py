import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from analytics_pipeline.samples.mooncake import ANCHOR, TraceError, convert
from analytics_pipeline_tests.samples.declared import moment, reason_of

ROOT = Path(__file__).parents[2]
TRACE = ROOT.parent / "shared" / "data" / "mooncake" / "conversation_trace.jsonl.gz"
SAMPLE = ROOT / "samples" / "landing" / "mooncake" / "conversation_trace.jsonl.gz"

needs_trace = pytest.mark.skipif(
    not TRACE.exists(), reason="the Mooncake trace is not at ../shared/data/mooncake"
)


def events_of(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]


def write_trace(file: Path, blocks: list[list[int]]) -> Path:
    rows = (
        {"timestamp": number * 1500, "input_length": 700, "output_length": 9, "hash_ids": ids}
        for number, ids in enumerate(blocks)
    )
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def test_a_hit_takes_two_leading_blocks_seen_before(tmp_path: Path) -> None:
    trace = write_trace(
        tmp_path / "trace.jsonl",
        [[0, 1, 2], [0, 3], [0, 1, 4], [0, 1, 2, 5], [1, 2], [0], [0], [7, 3]],
    )
    assert convert(trace, tmp_path / "events.jsonl.gz") == 8
    events = events_of(tmp_path / "events.jsonl.gz")
    reused = [event["context"]["prefix_blocks_reused"] for event in events]
    assert reused == [0, 1, 2, 3, 0, 1, 1, 0]
    assert [event["context"]["prefix_blocks"] for event in events] == [3, 2, 3, 4, 2, 1, 1, 2]
    hits = [event["cache_hit"] for event in events]
    assert hits == [False, False, True, True, False, False, False, False]
    keys = [event["cache_key"] for event in events]
    assert keys[0] == keys[2] == keys[3]
    assert len(set(keys)) == 5
    assert [event["timestamp"][11:23] for event in events[:3]] == [
        "09:00:00.000",
        "09:00:01.500",
        "09:00:03.000",
    ]


@needs_trace
def test_the_sample_is_what_the_trace_gives(tmp_path: Path) -> None:
    assert convert(TRACE, tmp_path / "again.jsonl.gz") == 12_031
    again = gzip.decompress((tmp_path / "again.jsonl.gz").read_bytes())
    assert again == gzip.decompress(SAMPLE.read_bytes())


@needs_trace
def test_hits_and_tokens_of_the_sample_agree_with_the_trace() -> None:
    requests = [json.loads(line) for line in gzip.decompress(TRACE.read_bytes()).splitlines()]
    events = events_of(SAMPLE)
    assert len(events) == len(requests) == 12_031
    beginnings: set[str] = set()
    for request, event in zip(requests, events, strict=True):
        blocks = [str(block) for block in request["hash_ids"]]
        texts = [",".join(blocks[:length]) + "," for length in range(1, len(blocks) + 1)]
        known = [text in beginnings for text in texts]
        beginnings.update(texts)
        assert event["context"]["prefix_blocks_reused"] == sum(known)
        assert event["context"]["prefix_blocks"] == len(blocks)
        assert event["cache_hit"] is known[1]
        assert event["prompt_tokens"] == request["input_length"]
        assert event["completion_tokens"] == request["output_length"]
        elapsed = (moment(event) - ANCHOR).total_seconds() * 1000
        assert round(elapsed) == request["timestamp"]


def test_the_sample_holds_valid_events_and_nothing_invented() -> None:
    lines = gzip.decompress(SAMPLE.read_bytes()).splitlines()
    assert {reason_of(line) for line in lines} == {None}
    events = [json.loads(line) for line in lines]
    assert len({event["event_id"] for event in events}) == len(events) == 12_031
    invented = {"query", "user_id", "model", "response_time", "cost", "match_type", "session_id"}
    assert not any(invented & event.keys() for event in events)


def test_a_key_seen_before_is_a_hit_in_the_sample() -> None:
    seen: set[str] = set()
    hits = 0
    for event in events_of(SAMPLE):
        assert event["cache_hit"] is (event["cache_key"] in seen)
        seen.add(event["cache_key"])
        hits += event["cache_hit"]
    assert hits == 4_658


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"timestamp": 0, "input_length": 5}\n', r"line 1: .*output_length"),
        (b"[1]\n", r"line 1: "),
        (b"no json\n", r"line 1: "),
    ],
)
def test_what_is_no_trace_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    trace = tmp_path / "trace.jsonl"
    trace.write_bytes(content)
    with pytest.raises(TraceError, match=message):
        convert(trace, tmp_path / "events.jsonl.gz")
    assert not (tmp_path / "events.jsonl.gz").exists()


def test_a_trace_that_is_absent_or_cut_is_named(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="absent"):
        convert(tmp_path / "absent.jsonl", tmp_path / "events.jsonl.gz")
    whole = gzip.compress(write_trace(tmp_path / "t.jsonl", [[0, 1]] * 50).read_bytes())
    (tmp_path / "cut.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(TraceError, match=r"cut\.jsonl\.gz"):
        convert(tmp_path / "cut.jsonl.gz", tmp_path / "events.jsonl.gz")
