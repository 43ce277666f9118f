"""Files of every format that can be written anew with any part of their records."""

import json
import random
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analytics_pipeline_tests.ingestion.formats.reading_samples import FORMATS
from analytics_pipeline_tests.ingestion.native_containers import (
    csv_text,
    json_array,
    json_lines,
    parquet,
)
from analytics_pipeline_tests.workspace import query_event


@dataclass(frozen=True)
class MixedFile:
    """The parts of a file, how a file of some of them is written, and the records of a part."""

    parts: Sequence[Any]
    write: Callable[[Sequence[Any]], bytes]
    records: Callable[[Any], int] = lambda part: 1


def _lines(sample: str, records: Callable[[Any], int] = lambda part: 1) -> MixedFile:
    lines = (FORMATS / sample).read_bytes().splitlines()
    # Each with its end, also the last, so that they can stand in any order.
    return MixedFile([line + b"\n" for line in lines], b"".join, records)


def _rows_below_a_header(sample: str) -> MixedFile:
    header, *rows = (FORMATS / sample).read_bytes().splitlines()
    return MixedFile(rows, lambda some: b"".join(row + b"\n" for row in (header, *some)))


def _elements(sample: str) -> MixedFile:
    return MixedFile(json.loads((FORMATS / sample).read_bytes()), json_array)


def _elements_of_an_object(sample: str, key: str) -> MixedFile:
    def write(elements: Sequence[Any]) -> bytes:
        return json.dumps({"total_count": len(elements), key: list(elements)}, indent=2).encode()

    return MixedFile(json.loads((FORMATS / sample).read_bytes())[key], write)


def _rows_of_a_database(sample: str, table: str) -> MixedFile:
    with closing(sqlite3.connect(FORMATS / sample)) as database:
        row_ids = [row_id for (row_id,) in database.execute(f"SELECT rowid FROM {table}")]

    def write(wanted: Sequence[int]) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "copy.db"
            copy.write_bytes((FORMATS / sample).read_bytes())
            with closing(sqlite3.connect(copy)) as database, database:
                database.execute(
                    f"DELETE FROM {table} WHERE rowid NOT IN (SELECT value FROM json_each(?))",
                    [json.dumps(list(wanted))],
                )
            return copy.read_bytes()

    return MixedFile(row_ids, write)


def _spans(line: bytes) -> int:
    return sum(
        len(scope["spans"])
        for resource in json.loads(line)["resourceSpans"]
        for scope in resource["scopeSpans"]
    )


def _native(
    seed: int, write: Callable[[Sequence[Any]], bytes], *, refused: bool = True
) -> MixedFile:
    chance = random.Random(seed)
    events = [
        query_event(
            timestamp=f"2026-11-{chance.randint(8, 11):02}T0{chance.randint(0, 9)}:00:00Z",
            user_id=f"u{seed}-{number}",
            cache_hit="?" if refused and chance.random() < 0.1 else "true",
        )
        for number in range(60)
    ]
    return MixedFile(events, write)


# No event is in two of them, so that it does not matter which of them was read first.
MIXED_FILES = {
    "native/lines.jsonl": _native(1, json_lines),
    "native/array.json": _native(2, json_array),
    "native/table.csv": _native(3, csv_text),
    "native/table.parquet": _native(4, parquet),
    "toon/operations.jsonl": _lines("toon/operations.jsonl"),
    "toon/compact.json": _elements("toon/compact.json"),
    "toon/export.csv": _rows_below_a_header("toon/export.csv"),
    "aicache/behavioral.db": _rows_of_a_database("behavioral/behavioral.db", "query_sequences"),
    "litellm/sdk.jsonl": _lines("litellm/sdk.jsonl"),
    "litellm/spend_logs.json": _elements("litellm/spend_logs.json"),
    "otel/openai.jsonl": _lines("opentelemetry/litellm_1_110_2_traces.jsonl", _spans),
    "ci/webhooks.jsonl": _lines("github/webhooks.jsonl"),
    "ci/runs.json": _elements_of_an_object("github/workflow_runs.json", "workflow_runs"),
    "ci/pipelines.json": _elements("gitlab/pipelines.json"),
    "logs/access.log": _lines("text_logs/nginx_access.log"),
    "logs/syslog.log": _lines("text_logs/syslog_rfc5424.log"),
    "logs/pino.jsonl": _lines("json_logs/pino.jsonl"),
}
