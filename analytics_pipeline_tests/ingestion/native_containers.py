"""Native events written as each kind of file that ingestion reads."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from backports import zstd

Event = dict[str, Any]


def json_lines(events: Sequence[Event]) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def json_array(events: Sequence[Event]) -> bytes:
    return json.dumps(list(events), indent=1, ensure_ascii=False).encode()


def pretty_documents(events: Sequence[Event]) -> bytes:
    return "\n".join(json.dumps(event, indent=2) for event in events).encode()


def dotted(event: Event) -> Event:
    flat = {name: value for name, value in event.items() if name != "context"}
    return flat | {f"context.{name}": value for name, value in event["context"].items()}


def csv_text(rows: Sequence[Event], delimiter: str = ",") -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def csv_dotted(events: Sequence[Event]) -> bytes:
    return csv_text([dotted(event) for event in events])


def csv_with_json(events: Sequence[Event]) -> bytes:
    rows = [event | {"context": json.dumps(event["context"])} for event in events]
    return csv_text(rows, delimiter=";")


def parquet(events: Sequence[Event]) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(events)), buffer, row_group_size=7)
    return buffer.getvalue()


def parquet_dotted(events: Sequence[Event]) -> bytes:
    buffer = io.BytesIO()
    rows = [
        dotted(event) | {"timestamp": pd.Timestamp(event["timestamp"]).to_pydatetime()}
        for event in events
    ]
    pq.write_table(pa.Table.from_pylist(rows), buffer)
    return buffer.getvalue()


CONTAINERS: dict[str, Callable[[Sequence[Event]], bytes]] = {
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
