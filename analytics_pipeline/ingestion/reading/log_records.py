"""Records of a text log: each line that begins one, with the lines that continue it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analytics_pipeline.ingestion.reading.batches import LINES_SCHEMA

Mask = npt.NDArray[np.bool_]

# Few of Arrow's functions know views.
TEXT = pa.large_string()
NEWLINE_BYTES = 1


def joined(
    batches: Iterator[pa.RecordBatch], pattern: str, max_record_bytes: int
) -> Iterator[pa.RecordBatch]:
    """Join the lines of a log that continue a record to the line that begins it.

    ``pattern`` is an RE2 pattern that the first line of a record matches from its beginning. The
    lines that do not, such as a stack trace, continue the record before them, with a line feed
    between. A record has the number of its first line. Lines before the first record are records
    of their own, and so are blank lines after which none continues the record, and lines that are
    not UTF-8: these do not end the record that they interrupt. A record that would exceed
    ``max_record_bytes`` ends before that, and what continues it is a record again; only a single
    line may be longer.
    """
    log = _Log(f"^(?:{pattern})", max_record_bytes)
    for batch in batches:
        yield from log.closed(batch)
    yield from log.rest()


@dataclass(frozen=True)
class _Lines:
    """Lines of text, and which of them begin a record."""

    number: pa.Array
    text: pa.Array
    begins: Mask

    @classmethod
    def none(cls) -> "_Lines":
        return cls(pa.array([], pa.int64()), pa.array([], TEXT), np.zeros(0, bool))

    def __len__(self) -> int:
        return len(self.begins)

    def __add__(self, following: "_Lines") -> "_Lines":
        return _Lines(
            pa.concat_arrays([self.number, following.number]),
            pa.concat_arrays([self.text, following.text]),
            np.concatenate([self.begins, following.begins]),
        )

    def part(self, start: int, end: int) -> "_Lines":
        return _Lines(self.number[start:end], self.text[start:end], self.begins[start:end])


class _Log:
    def __init__(self, pattern: str, max_record_bytes: int) -> None:
        self._pattern = pattern
        self._max_record_bytes = max_record_bytes
        # The lines of the last record, to which the next batch may add.
        self._open = _Lines.none()

    def closed(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """The records that a batch of lines completes."""
        is_text = batch["line"].is_valid()
        text = batch["line"].cast(TEXT)
        number = batch["line_number"]
        if batch["line"].null_count:
            raw = batch["bytes"].cast(pa.large_binary())
            others = pc.invert(is_text)
            yield _batch(number.filter(others), text.filter(others), raw.filter(others))
            number, text = number.filter(is_text), text.filter(is_text)
        begins = pc.match_substring_regex(text, self._pattern)
        lines = self._open + _Lines(number, text, begins.to_numpy(zero_copy_only=False))
        lines = _cut(lines, self._max_record_bytes)
        firsts = np.flatnonzero(lines.begins)
        end = int(firsts[-1]) if len(firsts) else len(lines)
        yield from _records(lines.part(0, end))
        self._open = lines.part(end, len(lines))

    def rest(self) -> Iterator[pa.RecordBatch]:
        """The last record, which only the end of the log completes."""
        yield from _records(self._open)


def _cut(lines: _Lines, max_bytes: int) -> _Lines:
    """The lines, of which further ones begin a record where one would be too long."""
    sizes = _lengths(lines.text) + NEWLINE_BYTES
    ends = np.cumsum(sizes)
    firsts = np.flatnonzero(lines.begins)
    lasts = np.append(firsts, len(lines))[1:] - 1
    begins = lines.begins.copy()
    too_long = ends[lasts] - ends[firsts] + sizes[firsts] > max_bytes + NEWLINE_BYTES
    for first, last in zip(firsts[too_long], lasts[too_long], strict=True):
        start = first
        while True:
            limit = ends[start] - sizes[start] + max_bytes + NEWLINE_BYTES
            start = max(start + 1, np.searchsorted(ends, limit, side="right"))
            if start > last:
                break
            begins[start] = True
    return _Lines(lines.number, lines.text, begins)


def _records(lines: _Lines) -> Iterator[pa.RecordBatch]:
    if not len(lines):
        return
    continues = _continuing(lines)
    firsts = pa.array(~continues)
    text = lines.text.filter(firsts)
    if continues.any():
        members = lines.begins | continues
        starts = np.append(np.flatnonzero(lines.begins[members]), members.sum())
        starts = pa.array(starts, pa.int32())
        lists = pa.ListArray.from_arrays(starts, lines.text.filter(pa.array(members)))
        is_record = pa.array(lines.begins[~continues])
        text = pc.replace_with_mask(text, is_record, pc.binary_join(lists, pa.scalar("\n", TEXT)))
    yield _batch(lines.number.filter(firsts), text, pa.nulls(len(text), pa.large_binary()))


def _continuing(lines: _Lines) -> Mask:
    """Which lines continue the record before them: not the blank lines at its end."""
    if lines.begins.all():
        return ~lines.begins
    record = np.cumsum(lines.begins)
    positions = np.arange(len(lines))
    blank = ~lines.begins & (_lengths(pc.utf8_trim_whitespace(lines.text)) == 0)
    ends = np.zeros(record[-1] + 1, np.int64)
    ends[record[~blank]] = positions[~blank]
    ends[0] = -1
    return ~lines.begins & (positions <= ends[record])


def _lengths(text: pa.Array) -> npt.NDArray[np.int64]:
    lengths: npt.NDArray[np.int64] = pc.binary_length(text).to_numpy(zero_copy_only=False)
    return lengths


def _batch(number: pa.Array, text: pa.Array, raw: pa.Array) -> pa.RecordBatch:
    columns = [number, text.cast(pa.string_view()), raw.cast(pa.binary_view())]
    return pa.record_batch(columns, schema=LINES_SCHEMA)
