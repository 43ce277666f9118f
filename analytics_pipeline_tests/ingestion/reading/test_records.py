"""The same records from every container, plain and compressed, with the account of the file."""

import csv
import gzip
import hashlib
import io
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from backports import zstd

from analytics_pipeline.ingestion.reading.errors import UnreadableFileError
from analytics_pipeline.ingestion.reading.records import ReadingOptions, RecordReader
from analytics_pipeline_tests.ingestion.reading.reading import records_of

EVENTS = [
    {"event_id": f"e{number}", "event_type": "cache_query", "query": f"Größe {number}?"}
    for number in range(3000)
]


def as_csv(_: Path) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(EVENTS[0]))
    writer.writeheader()
    writer.writerows(EVENTS)
    return text.getvalue().encode("utf-8-sig")


def as_parquet(_: Path) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(EVENTS), file)
    return file.getvalue()


def as_database(folder: Path) -> bytes:
    path = folder / "written.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE events (event_id, event_type, query)")
        connection.executemany(
            "INSERT INTO events VALUES (?, ?, ?)", [tuple(event.values()) for event in EVENTS]
        )
    return path.read_bytes()


CONTAINERS: dict[str, Callable[[Path], bytes]] = {
    "lines": lambda _: "\n".join(map(json.dumps, EVENTS)).encode(),
    "array": lambda _: json.dumps(EVENTS).encode(),
    "documents": lambda _: "\n".join(json.dumps(event, indent=2) for event in EVENTS).encode(),
    "CSV": as_csv,
    "Parquet": as_parquet,
    "database": as_database,
}
COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda content: content,
    "gzip": gzip.compress,
    "Zstandard": zstd.compress,
}


def reader_of(content: bytes, folder: Path, limit: int = 1 << 30) -> RecordReader:
    # The name is wrong on purpose.
    path = folder / "events.log"
    path.write_bytes(content)
    options = ReadingOptions(folder / "scratch", limit, tables=("events",))
    return RecordReader(path.name, path.open("rb"), path, options)


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("container", CONTAINERS)
def test_the_records_are_the_same_whatever_contains_them(
    container: str, compression: str, tmp_path: Path
) -> None:
    content = COMPRESSIONS[compression](CONTAINERS[container](tmp_path))
    reader = reader_of(content, tmp_path)
    assert [json.loads(text) for text in reader.head(5)] == EVENTS[:5]
    assert [json.loads(record) for record in records_of(reader.batches())] == EVENTS
    assert reader.sha256 == reader.digest() == hashlib.sha256(content).hexdigest()
    assert reader.problem is None
    assert not list(tmp_path.glob("scratch/*"))


@pytest.mark.parametrize("container", CONTAINERS)
def test_what_expands_too_far_is_refused(container: str, tmp_path: Path) -> None:
    content = gzip.compress(CONTAINERS[container](tmp_path))
    with pytest.raises(UnreadableFileError, match=r"ingestion\.max_expanded_bytes"):
        list(reader_of(content, tmp_path, limit=20_000).batches())


@pytest.mark.parametrize("container", ["lines", "array", "documents", "CSV"])
def test_of_a_truncated_file_the_beginning_is_read(container: str, tmp_path: Path) -> None:
    content = gzip.compress(CONTAINERS[container](tmp_path))
    cut = content[: len(content) * 2 // 3]
    reader = reader_of(cut, tmp_path)
    records = records_of(reader.batches())
    assert [json.loads(record) for record in records[:1500]] == EVENTS[:1500]
    assert reader.problem == "the gzip data ends before its end: only the beginning was read"
    assert reader.sha256 == hashlib.sha256(cut).hexdigest()


@pytest.mark.parametrize("container", ["Parquet", "database"])
def test_of_a_truncated_binary_file_nothing_is_read(container: str, tmp_path: Path) -> None:
    content = CONTAINERS[container](tmp_path)
    for cut in (content[: len(content) // 2], gzip.compress(content)[:-2000]):
        with pytest.raises(UnreadableFileError, match=r"damaged|cannot be read"):
            list(reader_of(cut, tmp_path).batches())
