"""Lines: every byte of a text comes out again, whatever the text and the chunks."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from analytics_pipeline.ingestion.reading.lines import line_batches
from analytics_pipeline_tests.ingestion.reading.reading import chunks_of, records_of

BYTES = st.lists(
    st.sampled_from([b"\n", b"\r", b"\r\n", b"a", b'{"a": 1}', "ä€😀".encode(), b"\xff", b"\0"])
    | st.binary(max_size=20)
).map(b"".join)


@settings(deadline=None)
@given(BYTES, st.integers(1, 30))
def test_lines_are_the_text_without_its_line_ends(text: bytes, size: int) -> None:
    expected = re.split(rb"\r?\n", text)
    expected[-1] = expected[-1].removesuffix(b"\r")
    if not re.search(rb"[^\n]\Z", text):
        expected.pop()
    assert records_of(line_batches(chunks_of(text, size))) == expected


def test_a_million_empty_lines_come_in_batches() -> None:
    batches = list(line_batches(chunks_of(b"\n" * 1_000_000, 1 << 16)))
    assert sum(map(len, batches)) == 1_000_000
    assert max(map(len, batches)) <= 1 << 16
    assert batches[-1]["line_number"][-1].as_py() == 1_000_000


def test_only_what_is_no_utf8_comes_as_bytes() -> None:
    [batch] = line_batches(iter([b"a\n\xed\xa0\x80\n\xc3\xa4\n"]))
    assert batch["line"].to_pylist() == ["a", None, "ä"]
    assert batch["bytes"].to_pylist() == [None, b"\xed\xa0\x80", None]
