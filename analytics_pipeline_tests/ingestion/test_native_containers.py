"""The same events in any container, compressed or not, in any split and order, are the same."""

import csv
import gzip
import io
import json
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from backports import zstd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline_tests.workspace import Workspace, query_event

Event = dict[str, Any]

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


def json_lines(events: list[Event]) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def json_array(events: list[Event]) -> bytes:
    return json.dumps(events, indent=1, ensure_ascii=False).encode()


def pretty_documents(events: list[Event]) -> bytes:
    return "\n".join(json.dumps(event, indent=2) for event in events).encode()


def dotted(event: Event) -> Event:
    flat = {name: value for name, value in event.items() if name != "context"}
    return flat | {f"context.{name}": value for name, value in event["context"].items()}


def csv_text(rows: list[Event], delimiter: str = ",") -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def csv_dotted(events: list[Event]) -> bytes:
    return csv_text([dotted(event) for event in events])


def csv_with_json(events: list[Event]) -> bytes:
    rows = [event | {"context": json.dumps(event["context"])} for event in events]
    return csv_text(rows, delimiter=";")


def parquet(events: list[Event]) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(events), buffer, row_group_size=7)
    return buffer.getvalue()


def parquet_dotted(events: list[Event]) -> bytes:
    buffer = io.BytesIO()
    rows = [
        dotted(event) | {"timestamp": pd.Timestamp(event["timestamp"]).to_pydatetime()}
        for event in events
    ]
    pq.write_table(pa.Table.from_pylist(rows), buffer)
    return buffer.getvalue()


CONTAINERS: dict[str, Callable[[list[Event]], bytes]] = {
    each.__name__: each
    for each in (
        json_lines,
        json_array,
        pretty_documents,
        csv_dotted,
        csv_with_json,
        parquet,
        parquet_dotted,
    )
}
COMPRESSIONS = {"plain": bytes, "gzip": gzip.compress, "zstd": zstd.compress}


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
