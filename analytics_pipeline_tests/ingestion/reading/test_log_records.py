"""Records of text logs, against a reading of the whole log one line after the other."""

from collections.abc import Iterator

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics_pipeline.ingestion.reading.batches import LINES_SCHEMA
from analytics_pipeline.ingestion.reading.log_records import joined

PATTERN = r"(?s)(?P<level>[A-Z]+): (?P<message>.*)"
UNLIMITED = 1 << 20
Record = tuple[int, str | None, bytes | None]


def batches(lines: list[bytes], size: int) -> Iterator[pa.RecordBatch]:
    for start in range(0, len(lines), size):
        part = lines[start : start + size]
        decoded = [_decoded(line) for line in part]
        raw = [None if text is not None else line for text, line in zip(decoded, part, strict=True)]
        numbers = range(start + 1, start + len(part) + 1)
        yield pa.record_batch(
            [pa.array(numbers, pa.int64()), pa.array(decoded, pa.string_view()),
             pa.array(raw, pa.binary_view())],
            schema=LINES_SCHEMA,
        )  # fmt: skip


def _decoded(line: bytes) -> str | None:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return None


def read(lines: list[bytes], size: int = 3, limit: int = UNLIMITED) -> list[Record]:
    records: list[Record] = []
    for batch in joined(batches(lines, size), PATTERN, limit):
        assert batch.schema == LINES_SCHEMA
        batch.validate(full=True)
        records += list(zip(*batch.to_pydict().values(), strict=True))
    return sorted(records, key=lambda record: record[0])


def test_a_stack_trace_is_one_record_with_the_line_that_begins_it() -> None:
    lines = [
        b"ERROR: failed", b"Traceback (most recent call last):", b'  File "a.py", line 1', b"",
        b"ValueError: no", b"INFO: \xc3\xa4", b"", b" ", b"INFO: next",
    ]  # fmt: skip
    # "ValueError: no" does not begin with capitals up to the colon.
    expected = [
        (1, "\n".join(line.decode() for line in lines[:5]), None),
        (6, "INFO: ä", None),
        (7, "", None),
        (8, " ", None),
        (9, "INFO: next", None),
    ]
    for size in range(1, 10):
        assert read(lines, size) == expected


def test_what_comes_before_the_first_record_stays_line_by_line() -> None:
    assert read([b"  at x", b"", b"# log", b"INFO: a", b"  b"]) == [
        (1, "  at x", None), (2, "", None), (3, "# log", None), (4, "INFO: a\n  b", None),
    ]  # fmt: skip


def test_a_line_that_is_no_text_neither_gets_lost_nor_ends_a_record() -> None:
    for size in range(1, 5):
        assert read([b"INFO: a", b" b", b" \xff", b" c"], size) == [
            (1, "INFO: a\n b\n c", None),
            (3, None, b" \xff"),
        ]


def test_the_pattern_counts_from_the_beginning_of_the_line() -> None:
    assert read([b"INFO: a", b"and ERROR: b"]) == [(1, "INFO: a\nand ERROR: b", None)]


def test_a_record_ends_before_it_is_too_long() -> None:
    lines = [b"INFO: a", *[b"1234"] * 5, b"INFO: b"]
    for size in range(1, 8):
        assert read(lines, size, limit=12) == [
            (1, "INFO: a\n1234", None), (3, "1234\n1234", None), (5, "1234\n1234", None),
            (7, "INFO: b", None),
        ]  # fmt: skip


def test_only_a_single_line_may_be_too_long() -> None:
    assert read([b"INFO: " + b"a" * 50, b"b", b"c" * 50, b"d"], limit=20) == [
        (1, "INFO: " + "a" * 50, None), (2, "b", None), (3, "c" * 50, None), (4, "d", None),
    ]  # fmt: skip


LINES = st.lists(
    st.sampled_from(
        [b"INFO: a", b"ERROR: \xe2\x82\xac", b"", b"  ", b"  at b", b"\xff\xfe", b"x" * 30, b"\tc"]
    ),
    max_size=40,
)


def one_by_one(lines: list[bytes]) -> list[Record]:
    """The records by the definition, read by a loop."""
    records: list[list] = []
    is_open = False
    blanks: list[list] = []
    for number, line in enumerate(lines, start=1):
        text = _decoded(line)
        if text is None:
            records.append([number, None, line])
            continue
        begins = text.split(":")[0] in ("INFO", "ERROR")
        if not begins and is_open:
            current = next(each for each in reversed(records) if each[2] is None)
            blanks.append([number, text, None])
            if text.strip():
                current[1] = "\n".join([current[1], *(blank[1] for blank in blanks)])
                blanks = []
        else:
            records += blanks
            blanks = []
            records.append([number, text, None])
            is_open = is_open or begins
    return sorted([tuple(record) for record in records + blanks], key=lambda record: record[0])


@given(LINES, st.integers(1, 7))
@settings(max_examples=300, deadline=None)
def test_batches_do_not_matter(lines: list[bytes], size: int) -> None:
    assert read(lines, size) == one_by_one(lines)


@given(LINES, st.integers(1, 7), st.integers(1, 60))
@settings(max_examples=300, deadline=None)
def test_nothing_is_lost_or_too_long(lines: list[bytes], size: int, limit: int) -> None:
    records = read(lines, size, limit)
    written = [line for _, text, raw in records for line in (raw or text.encode()).split(b"\n")]
    assert sorted(written) == sorted(lines)
    assert all(len(text.encode()) <= limit for _, text, _ in records if text and "\n" in text)
    assert [number for number, _, _ in records] == sorted({number for number, _, _ in records})
