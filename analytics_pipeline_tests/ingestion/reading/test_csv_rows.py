"""CSV rows: sound ones equal the standard library's reading, unsound ones come as they stand."""

import csv
import io
import json
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics_pipeline.ingestion.reading import csv_rows
from analytics_pipeline.ingestion.reading.csv_rows import csv_batches, unique_names
from analytics_pipeline.ingestion.reading.errors import UnreadableFileError
from analytics_pipeline_tests.ingestion.reading.reading import chunks_of, records_of

NAMES = ("event_id", "query", "context", "model.name")
CELLS = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from('",;\t|\r\n\\ {}'), max_size=8
)


def read(text: bytes, size: int = 1 << 20, **options: bool) -> list[bytes]:
    return records_of(csv_batches(chunks_of(text, size), **options))


def written(rows: list[tuple[str, ...]], **options: object) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, **options).writerows(rows)  # type: ignore[arg-type]
    return text.getvalue().encode()


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(*[CELLS] * 4), max_size=4),
    st.sampled_from(",;\t|"),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    st.integers(1, 30),
)
def test_rows_equal_the_standard_librarys_reading(
    rows: list[tuple[str, ...]], delimiter: str, end: str, quoting: int, size: int
) -> None:
    if quoting == csv.QUOTE_MINIMAL:
        # The standard library does not quote every line end.
        rows = [tuple(re.sub(r"[\r\n]", "", cell) for cell in row) for row in rows]
    text = written([NAMES, *rows], delimiter=delimiter, lineterminator=end, quoting=quoting)
    reading = csv.reader(io.StringIO(text.decode(), newline=""), delimiter=delimiter)
    expected = [
        {name: cell for name, cell in zip(NAMES, row, strict=True) if cell} for row in reading
    ][1:]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_rows, "BLOCK_BYTES", 1)
        assert [json.loads(record) for record in read(text, size)] == expected


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.sampled_from([b'"', b",", b"\n", b"\r", b"a", b"\xff", b'""', b'a,"b"\n'])),
    st.integers(1, 9),
)
def test_of_any_bytes_every_row_is_a_record_whatever_the_chunks(
    parts: list[bytes], size: int
) -> None:
    rows = b"".join(parts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_rows, "BLOCK_BYTES", 1)
        records = read(b"id,name\n" + rows, size)
    assert records == read(b"id,name\n" + rows)
    letters = b"".join(
        "".join(json.loads(record).values()).encode() if record.startswith(b"{") else record
        for record in records
    )
    assert [c for c in letters if c in b"a\xff"] == [c for c in rows if c in b"a\xff"]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (b"1,a\n\n2,b\n", [b'{"id":"1","name":"a"}', b"", b'{"id":"2","name":"b"}']),
        (b"1\n1,2,3\n1,2", [b"1", b"1,2,3", b'{"id":"1","name":"2"}']),
        (b'1,"a\nb"\r\n2,"c""d"\r\n', [b'{"id":"1","name":"a\\nb"}', b'{"id":"2","name":"c\\"d"}']),
        (b"1,\xff\n2,\xc3\xa4\n", [b"1,\xff", '{"id":"2","name":"ä"}'.encode()]),
        (b'1,"a\n2,b\n3,"c"\n', [b'1,"a', b'{"id":"2","name":"b"}', b'{"id":"3","name":"c"}']),
        (b'1,5" disk\n2,b\n', [b'1,5" disk', b'{"id":"2","name":"b"}']),
        (b'1,"a" b\n2,b\n', [b'1,"a" b', b'{"id":"2","name":"b"}']),
        (b",\n1,\n", [b"{}", b'{"id":"1"}']),
        (b"1,a\x00b\n", [b'{"id":"1","name":"a\\u0000b"}']),
        (b"1,NaN\n99999999999999999999999,1e999\n",
         [b'{"id":"1","name":"NaN"}', b'{"id":"99999999999999999999999","name":"1e999"}']),
        (b"", []),
    ],
)  # fmt: skip
def test_faults(rows: bytes, expected: list[bytes]) -> None:
    assert read(b"id,name\n" + rows) == expected


def test_an_object_in_a_json_column_is_embedded_as_it_stands() -> None:
    text = written(
        [
            ("id", "context"),
            ("1", '{"n": 12345678901234567890123, "n": '),
            ("2", '{"n": 12345678901234567890123, "n": 1}'),
            ("3", "[1]"),
        ]
    )
    assert read(text) == [
        b'{"id":"1","context":"{\\"n\\": 12345678901234567890123, \\"n\\": "}',
        b'{"id":"2","context":{"n": 12345678901234567890123, "n": 1}}',
        b'{"id":"3","context":"[1]"}',
    ]


def test_dotted_columns_nest_on_demand() -> None:
    text = b"id,c.a.x,c.a.y,c.b,d,d.e\n1,2,,3,4,5\n6,,,,,\n"
    assert json.loads(read(text)[0]) == {"id": "1", "c.a.x": "2", "c.b": "3", "d": "4", "d.e": "5"}
    nested = [json.loads(record) for record in read(text, nest_dotted=True)]
    assert nested == [
        {"id": "1", "c": {"a": {"x": "2"}, "b": "3"}, "d": "4", "d.e": "5"},
        {"id": "6"},
    ]


def test_names_become_unique() -> None:
    assert unique_names(["a", "b", "a", "", "a_2", "a"]) == (
        "a", "b", "a_3", "column_4", "a_2", "a_4",
    )  # fmt: skip
    assert read(b"it's,it's\n1,2\n") == [b'{"it\'s":"1","it\'s_2":"2"}']


def test_a_header_of_one_name_and_a_header_alone() -> None:
    assert read(b"name\na\n\nb") == [b'{"name":"a"}', b"", b'{"name":"b"}']
    assert read(b"name,id") == read(b"name,id\r\n") == read(b"") == []


def test_a_file_without_any_line_end_is_no_csv() -> None:
    with pytest.raises(UnreadableFileError, match="header"):
        read(b"x" * 3_000_000)


@pytest.mark.parametrize(
    "rows",
    [
        b'"a,1\n' * 100_000,
        b'1,"' + (b"x" * 99 + b"\n") * 200_000,
        b'a"b,"\n' * 100_000,
        b"\n" * 1_000_000,
    ],
    ids=["unclosed", "endless", "stray", "blank"],
)
def test_hostile_texts_take_no_longer_than_their_size_asks(rows: bytes) -> None:
    started = time.monotonic()
    batches = csv_batches(chunks_of(b"id,name\n" + rows, 1 << 20))
    assert sum(map(len, batches)) >= 50_000
    assert time.monotonic() - started < 30


def test_a_wide_table_is_written_as_a_narrow_one(monkeypatch: pytest.MonkeyPatch) -> None:
    header = 'a.b,a.c,context,d,"e""f"\n'
    rows = header + '1,"x ""y""","{""k"": [1.0]}",,\u00e4\n,,not an object,\x01,"\n"\n'
    narrow = records_of(csv_batches(chunks_of(rows.encode(), 7), nest_dotted=True))
    monkeypatch.setattr(csv_rows, "MOST_COLUMNS", 2)
    wide = records_of(csv_batches(chunks_of(rows.encode(), 7), nest_dotted=True))
    assert [json.loads(row) for row in wide] == [json.loads(row) for row in narrow]
    assert json.loads(wide[0])["a"] == {"b": "1", "c": 'x "y"'}
