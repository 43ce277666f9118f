"""JSON documents: sound ones equal the standard library's reading, unsound ones lose nothing."""

import json
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analytics_pipeline.ingestion.reading.json_documents import JsonDocuments
from analytics_pipeline_tests.ingestion.reading.reading import chunks_of, records_of

TEXTS = st.text(max_size=8) | st.sampled_from(['"', "\\", '\\"', "\\\\", "[{", "}],", "\n", "ä😀"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4)
)
OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=5)
SIZES = st.integers(1, 40) | st.just(1 << 20)
INDENTS = st.sampled_from([None, 0, 2, "\t"])


def read(text: bytes, size: int = 1 << 20) -> tuple[list[bytes], str | None]:
    documents = JsonDocuments()
    return records_of(documents.batches(chunks_of(text, size))), documents.problem


@settings(deadline=None)
@given(st.lists(VALUES), INDENTS, st.booleans(), SIZES)
@example(['\\"', {'"': "\\"}], None, True, 1)
def test_an_array_equals_the_standard_librarys_reading(
    elements: list[object], indent: int | str | None, ascii_only: bool, size: int
) -> None:
    text = json.dumps(elements, indent=indent, ensure_ascii=ascii_only)
    records, problem = read(text.encode("utf-8", "surrogatepass"), size)
    assert [json.loads(record.decode("utf-8", "surrogatepass")) for record in records] == elements
    assert problem is None


@settings(deadline=None)
@given(st.lists(OBJECTS), INDENTS, st.sampled_from(["", "\n", "\r\n", " ", "\n\n", ",\n"]), SIZES)
def test_objects_one_after_another_equal_the_standard_librarys_reading(
    objects: list[object], indent: int | str | None, between: str, size: int
) -> None:
    text = between.join(json.dumps(value, indent=indent) for value in objects)
    records, problem = read(text.encode(), size)
    assert [json.loads(record) for record in records] == objects
    assert problem is None


FRAGMENTS = [
    b"{", b"}", b"[", b"]", b",", b'"', b"\\", b"\n", b" ", b'{"a": 1}', b"1", b"x", b"\xff", b":",
    b'"b"', b"\r\n", b"\0",
]  # fmt: skip
SEPARATORS = b" \t\r\n,[]"


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=40).map(b"".join), SIZES)
def test_of_any_bytes_only_separators_are_no_record(text: bytes, size: int) -> None:
    content = bytes(character for character in text if character not in SEPARATORS)
    records = read(text, size)[0]
    assert bytes(c for record in records for c in record if c not in SEPARATORS) == content
    assert records == read(text)[0], "the records do not depend on the chunks"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", []),
        (b"[]", []),
        (b'[{"a":1},]', [b'{"a":1}', b","]),
        (b'[,{"a":1},,{"b":2}]', [b",", b'{"a":1}', b",", b'{"b":2}']),
        (b'[{"a":1}\n oops, {"b":2}]', [b'{"a":1}', b"oops", b'{"b":2}']),
        (b'[{"a":1}, nul, "x, y", {"b":2}]', [b'{"a":1}', b"nul", b'"x, y"', b'{"b":2}']),
        (b'[{"a":1}]\n[{"b":2}]\n{"c":3}', [b'{"a":1}', b'{"b":2}', b'{"c":3}']),
        (b'{"a":1}}\n{"b":2}', [b'{"a":1}', b"}", b'{"b":2}']),
        (b'[{"a":"\xff"},{"b":2}]', [b'{"a":"\xff"}', b'{"b":2}']),
        (b'[{"a":1,"a":2}]', [b'{"a":1,"a":2}']),
        (b'[{"a":NaN,"b":Infinity}]', [b'{"a":NaN,"b":Infinity}']),
        (b'[{"a":12345678901234567890123.0e-1}]', [b'{"a":12345678901234567890123.0e-1}']),
        (b'[{"a":"\\ud800"}]', [b'{"a":"\\ud800"}']),
        (b'[\r\n{"a":\r\n1},\r{"b":2}\n]', [b'{"a":\r\n1}', b'{"b":2}']),
        (b'{"a": "no end\n}\n{"b":2}', [b'{"a": "no end\n}', b'{"b":2}']),
    ],
)  # fmt: skip
def test_faults(text: bytes, expected: list[bytes]) -> None:
    assert read(text) == (expected, None)


def test_a_truncated_last_element_is_a_record_and_a_problem() -> None:
    records, problem = read(b'[{"a":1},\n {"b":"trunc')
    assert records == [b'{"a":1}', b'{"b":"trunc']
    assert problem == "the last JSON value is not closed: the file may be cut short"


def test_an_array_cut_between_elements_is_a_problem() -> None:
    assert read(b'[{"a":1}') == ([b'{"a":1}'], read(b"[")[1])


def test_values_after_one_that_is_not_closed_are_found_again() -> None:
    documents = [json.dumps({"n": n, "c": {"d": [{}]}}, indent=2) for n in range(4)]
    broken = documents[1].removesuffix("\n}")
    records, problem = read("\n".join([documents[0], broken, *documents[2:]]).encode())
    assert [r.decode() for r in records] == [documents[0], broken, *documents[2:]]
    assert problem


def test_elements_after_one_that_is_not_closed_are_found_again() -> None:
    text = b'[\n  {"a":1},\n  {"b":{"c":2},\n  {"d":4},\n  {"e":5}\n]\n'
    assert read(text)[0] == [b'{"a":1}', b'{"b":{"c":2}', b'{"d":4}', b'{"e":5}']


def test_nesting_of_ten_thousand_levels_is_one_record() -> None:
    deep = b'{"a":' * 10_000 + b"1" + b"}" * 10_000
    assert read(b"[" + deep + b",\n" + deep + b"]", 777) == ([deep, deep], None)
    opened = b"[" * 10_000
    records, problem = read(b'[{"a":1},' + opened)
    assert records == [b'{"a":1}', opened]
    assert problem


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":"' + b"x" * 30_000_000,
        b"{\n" * 300_000,
        b"[{}" + b",1" * 400_000,
        b"{" + b'"\\' * 5_000_000,
        b"," * 1_000_000,
        b"[{}]" * 200_000,
        b"{]\n" * 200_000,
    ],
    ids=["string", "openings", "scalars", "quotes", "commas", "arrays", "crossed"],
)
def test_hostile_texts_take_no_longer_than_their_size_asks(text: bytes) -> None:
    started = time.monotonic()
    records = sum(map(len, JsonDocuments().batches(chunks_of(text, 1 << 16))))
    assert records > 0
    assert time.monotonic() - started < 15
