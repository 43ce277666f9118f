"""Parquet rows: every type as JSON, and files that are no sound Parquet."""

import io
import json
import math
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analytics_pipeline.ingestion.reading.errors import UnreadableFileError
from analytics_pipeline.ingestion.reading.parquet_rows import parquet_batches
from analytics_pipeline_tests.ingestion.reading.reading import records_of


def stored(table: pa.Table, **options: object) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file, **options)
    return file.getvalue()


def read(content: bytes, **options: object) -> list[bytes]:
    return records_of(parquet_batches(io.BytesIO(content), **options))  # type: ignore[arg-type]


HOUR_AHEAD = timezone(timedelta(hours=1))
ZONED = datetime(2026, 3, 1, 12, 0, 0, 500_000, tzinfo=HOUR_AHEAD)


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        ("a\"\\\n\0ä", pa.string(), '"a\\"\\\\\\n\\u0000ä"'),
        ("x", pa.dictionary(pa.int8(), pa.string()), '"x"'),
        (2**64 - 1, pa.uint64(), "18446744073709551615"),
        (True, pa.bool_(), "true"),
        (0.1, pa.float32(), "0.1"),
        (0.1, pa.float64(), "0.1"),
        (0.5, pa.float16(), "0.5"),
        (math.inf, pa.float64(), "Infinity"),
        (Decimal("1.50"), pa.decimal128(5, 2), "1.50"),
        (Decimal("-12345678901234567890.123"), pa.decimal128(38, 3), "-12345678901234567890.123"),
        (ZONED, pa.timestamp("us", "Europe/Berlin"), '"2026-03-01T11:00:00.5Z"'),
        (ZONED, pa.timestamp("s", "UTC"), '"2026-03-01T11:00:00Z"'),
        (1, pa.timestamp("ns", "UTC"), '"1970-01-01T00:00:00.000000001Z"'),
        (datetime(2026, 3, 1, 12), pa.timestamp("ms"), '"2026-03-01T12:00:00"'),  # noqa: DTZ001
        (date(2026, 3, 1), pa.date32(), '"2026-03-01"'),
        (time(1, 2, 3), pa.time64("us"), '"01:02:03"'),
        (b"text", pa.binary(), '"text"'),
        (b"\xff\xfe", pa.binary(), '"//4="'),
        ([1, None], pa.list_(pa.int64()), "[1,null]"),
        ([], pa.list_(pa.int64()), "[]"),
        ([ZONED], pa.list_(pa.timestamp("us", "UTC")), '["2026-03-01T11:00:00.5Z"]'),
        ({"a": None, "b": [{"c": ZONED}]},
         pa.struct({"a": pa.int8(), "b": pa.list_(pa.struct({"c": pa.timestamp("us", "UTC")}))}),
         '{"b":[{"c":"2026-03-01T11:00:00.5Z"}]}'),
        ([("k", 1), ('"', None)], pa.map_(pa.string(), pa.int64()), '{"k":1,"\\"":null}'),
    ],
)  # fmt: skip
def test_a_value_as_json(value: object, kind: pa.DataType, expected: str) -> None:
    table = pa.table({"it's": pa.array([value, None], kind)})
    assert read(stored(table)) == [b'{"it\'s":' + expected.encode() + b"}", b"{}"]


def test_rows_over_several_row_groups_keep_their_order() -> None:
    rows = [
        {"id": n, "context.language": "python" if n % 2 else None, "context": '{"a": 1, "a": 2}'}
        for n in range(50_000)
    ]
    records = read(stored(pa.Table.from_pylist(rows), row_group_size=7_000))
    assert [json.loads(record)["id"] for record in records] == list(range(50_000))
    assert records[:2] == [
        b'{"id":0,"context":{"a": 1, "a": 2}}',
        b'{"id":1,"context.language":"python","context":{"a": 1, "a": 2}}',
    ]


def test_dotted_columns_nest_on_demand() -> None:
    table = pa.table({"c.a": [1, None], "c.b": [2, None]})
    assert read(stored(table), nest_dotted=True) == [b'{"c":{"a":1,"b":2}}', b"{}"]


def test_a_table_without_rows_or_with_equal_names() -> None:
    assert read(stored(pa.table({"a": pa.array([], pa.int64())}))) == []
    assert read(stored(pa.table([[1], [2]], names=["a", "a"]))) == [b'{"a":1,"a_2":2}']


TABLE = pa.table({"a": range(100_000), "b": [str(n * 7919 % 100_003) for n in range(100_000)]})


@pytest.mark.parametrize("cut", [8, 1000, 300_000])
def test_a_truncated_file_is_refused(cut: int) -> None:
    with pytest.raises(UnreadableFileError, match="Parquet data is damaged, cut short"):
        read(stored(TABLE)[:cut])


@pytest.mark.parametrize("place", [100, 200_000, -10, -60])
def test_a_damaged_file_is_refused(place: int) -> None:
    content = bytearray(stored(TABLE, write_page_checksum=True))
    content[place : place + 4] = b"\xff\xff\xff\xff"
    with pytest.raises(UnreadableFileError, match="Parquet data is damaged"):
        read(bytes(content))


def test_a_bomb_is_refused() -> None:
    bomb = stored(pa.table({"a": pa.array(["x" * 1000] * 100_000).dictionary_encode()}))
    assert len(bomb) < 20_000
    with pytest.raises(UnreadableFileError, match=r"ingestion\.max_expanded_bytes"):
        read(bomb, max_expanded_bytes=5_000_000)
