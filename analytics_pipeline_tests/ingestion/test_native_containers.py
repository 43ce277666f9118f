"""The same events in any container, compressed or not, in any split and order, are the same."""

import json
import random
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline_tests.ingestion.native_containers import (
    COMPRESSIONS,
    CONTAINERS,
    Event,
    json_array,
    json_lines,
)
from analytics_pipeline_tests.workspace import Workspace, query_event

EVENTS: list[Event] = [
    query_event(
        event_id=f"e{number}",
        timestamp=f"2026-11-{8 + number % 3:02}T{number % 24:02}:00:00.25Z",
        user_id=f"user {number % 7}",
        query=text,
        cache_hit=number % 3 > 0,
        response_time=number / 8,
        prompt_tokens=number,
        context={"language": "Go", "framework": "gin", "lines": number},
        shard=f"s{number}",
    )
    for number, text in enumerate(
        ["plain", 'quoted "words"', "a, comma; and | tab\t", "two\nlines", "ünïcödé 🎈", "{brace",
         "[bracket", "'single'", "=SUM(A1)", " spaces ", "\\n literal", "a" * 3000] * 5
    )
]  # fmt: skip


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_container_gives_the_events_that_were_written(tmp_path: Path, container: str) -> None:
    """Compared with the events in Python, from which the file was written."""
    for compression, compressed in COMPRESSIONS.items():
        workspace = Workspace.create(tmp_path / compression)
        workspace.drop("events", compressed(CONTAINERS[container](EVENTS)))
        [version] = workspace.ingest().taken
        assert (version.lines, version.format) == (len(EVENTS), "native")
        assert workspace.quarantine().empty, workspace.quarantine().message.tolist()
        found = workspace.events().set_index("event_id")
        assert set(found.index) == {event["event_id"] for event in EVENTS}
        for event in EVENTS:
            row = found.loc[event["event_id"]]
            assert row.timestamp == pd.Timestamp(event["timestamp"]).tz_localize(None)
            assert (row.user_id, row["query"]) == (event["user_id"], event["query"])
            assert bool(row.cache_hit) is event["cache_hit"]
            assert row.response_time == event["response_time"]
            assert row.prompt_tokens == event["prompt_tokens"]
            assert (row.language, row.framework) == ("go", "gin")
            extra = json.loads(row.extra)
            assert extra["shard"] == event["shard"]
            assert int(extra["context"]["lines"]) == event["context"]["lines"]


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False))
def test_random_splits_orders_and_containers_give_the_same_bytes(chance: random.Random) -> None:
    """What is text in CSV would be another type in extra, so only declared fields are written."""
    plain = [{name: event[name] for name in event if name != "shard"} for event in EVENTS[:24]]
    for event in plain:
        event["context"] = {"language": "Go"}
    with tempfile.TemporaryDirectory() as folder:
        whole = Workspace.create(Path(folder) / "whole")
        whole.drop("all.jsonl", json_lines(plain))
        whole.ingest()
        pieces = Workspace.create(Path(folder) / "pieces")
        rest = list(plain)
        chance.shuffle(rest)
        while rest:
            size = chance.randint(1, 12)
            part, rest = rest[:size], rest[size:]
            container = chance.choice(list(CONTAINERS.values()))
            compressed = chance.choice(list(COMPRESSIONS.values()))
            pieces.drop(f"{chance.random()}/{len(rest)}", compressed(container(part)))
            if chance.random() < 0.4:
                pieces.ingest()
        pieces.drop("again.json", json_array(plain[: chance.randint(1, 24)]))
        pieces.ingest()
        expected = whole.partition_bytes(VALIDATED_EVENTS)
        assert pieces.partition_bytes(VALIDATED_EVENTS) == expected
        accounts = pieces.accounts()
        assert accounts["validated"].sum() == len(plain)
        assert accounts["quarantined"].sum() == 0
