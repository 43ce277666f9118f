"""Records of JSON documents: arrays of objects, and objects over many lines, one after another."""

import json
import re
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analytics_pipeline.ingestion.reading.batches import (
    LONGEST_RECORD_BYTES,
    Positions,
    batch_of_ranges,
    too_long,
)
from analytics_pipeline.ingestion.reading.json_structure import (
    CLOSE_ARRAY,
    OPEN_OBJECT,
    JsonStructure,
)

SPACE = b" \t\r\n"
COMMA = ord(",")
IS_SPACE = np.isin(np.arange(256), list(SPACE))
LONG_GAP_BYTES = 1 << 20
NOT_CLOSED = "the last JSON value is not closed: the file may be cut short"
# Strings, and whatever else stands between records, up to a comma or the end of the line.
TOKEN = re.compile(rb'(?:"(?:[^"\\\n]|\\[^\n])*"?|[^",\n])+|,')

Range = tuple[int, int]


class JsonDocuments:
    """Splits contents into the elements of the outermost arrays and the other outermost values.

    A record is the text of its value as it came. What is no JSON between values, and a comma that
    separates nothing, is a record too. A value that is not closed is divided at the lines that
    look like the beginning of a further one; ``problem`` tells of it at the end of the contents.
    """

    def __init__(self) -> None:
        self._structure = JsonStructure()
        self._starts = np.array([], dtype=np.int64)
        self._marks = np.array([], dtype=np.int64)
        self._before: bytes = b""
        self._offset = 0
        self._records = 0
        self.problem: str | None = None

    def batches(self, chunks: Iterator[bytes]) -> Iterator[pa.RecordBatch]:
        """Read the records; raises UnreadableFileError for one over LONGEST_RECORD_BYTES."""
        pending: list[bytes] = []
        for chunk in chunks:
            pending.append(chunk)
            found = self._structure.scan(chunk)
            self._starts = np.concatenate([self._starts, found.starts])
            self._marks = np.concatenate([self._marks, found.marks])
            size = sum(map(len, pending))
            if len(found.ends):
                block = b"".join(pending)
                yield self._batch(block, found.ends - self._offset)
                pending = [self._rest(block, int(found.ends[-1]) - self._offset)]
            elif size > LONG_GAP_BYTES and not len(self._starts):
                block = b"".join(pending)
                cut = block.rfind(b",")
                if cut > max(block.rfind(b'"'), block.rfind(b"\n"), 0):
                    yield self._batch_of(block, self._between(block, 0, cut, last=False))
                    block = self._rest(block, cut)
                pending = [block]
            if size > LONGEST_RECORD_BYTES:
                raise too_long(f"the JSON value {self._records + 1} is not closed, or")
        yield self._batch_of(rest := b"".join(pending), self._at_the_end(rest))

    def _rest(self, block: bytes, cut: int) -> bytes:
        self._offset += cut
        self._starts = self._starts[self._starts >= self._offset]
        self._marks = self._marks[self._marks >= self._offset]
        return block[cut:]

    def _batch(self, block: bytes, ends: Positions) -> pa.RecordBatch:
        starts = self._starts[: len(ends)] - self._offset
        gap_starts = np.concatenate([[0], ends[:-1]])
        extra: list[Range] = []
        for gap in np.flatnonzero(~self._plain(block, gap_starts, starts)):
            extra += self._between(block, int(gap_starts[gap]), int(starts[gap]), last=False)
            self._before = b"{"
        self._before = b"{"
        characters = np.frombuffer(block, dtype=np.uint8)
        # The bracket that closes the array also closes a last object that lacks its own.
        crossed = (characters[starts] == OPEN_OBJECT) == (characters[ends - 1] == CLOSE_ARRAY)
        for number in np.flatnonzero(crossed):
            extra += _divided(block, int(starts[number]), int(ends[number]))
        starts, ends = starts[~crossed], ends[~crossed]
        if extra:
            ranges = np.array(extra, dtype=np.int64)
            starts = np.sort(np.concatenate([starts, ranges[:, 0]]))
            ends = np.sort(np.concatenate([ends, ranges[:, 1]]))
        return self._numbered(block, starts, ends)

    def _batch_of(self, block: bytes, ranges: list[Range]) -> pa.RecordBatch:
        both = np.array(ranges, dtype=np.int64).reshape(-1, 2)
        return self._numbered(block, both[:, 0], both[:, 1])

    def _numbered(self, block: bytes, starts: Positions, ends: Positions) -> pa.RecordBatch:
        batch = batch_of_ranges(block, starts, ends, self._records + 1)
        self._records += len(batch)
        return batch

    def _plain(self, block: bytes, starts: Positions, ends: Positions) -> npt.NDArray[np.bool_]:
        """Which gaps hold nothing but space and a comma between two records."""
        lengths = ends - starts
        gap = np.repeat(np.arange(len(starts)), lengths)
        first = np.cumsum(lengths) - lengths
        positions = np.arange(int(lengths.sum())) + np.repeat(starts - first, lengths)
        characters = np.frombuffer(block, dtype=np.uint8)[positions]
        commas = np.bincount(gap[characters == COMMA], minlength=len(starts))
        others = ~IS_SPACE[characters] & (characters != COMMA)
        plain: npt.NDArray[np.bool_] = (commas <= 1) & (
            np.bincount(gap[others], minlength=len(starts)) == 0
        )
        plain[0] &= self._before == b"{"
        return plain

    def _between(self, block: bytes, start: int, end: int, *, last: bool) -> list[Range]:
        """What stands in a gap between records and is a record too, in its order."""
        items: list[tuple[bytes, int, int]] = [(self._before, start, start)]
        first, after = np.searchsorted(self._marks, [start + self._offset, end + self._offset])
        inner = (self._marks[first:after] - self._offset).tolist()
        for left, right in zip([start, *(m + 1 for m in inner)], [*inner, end], strict=True):
            for token in TOKEN.finditer(block, left, right):
                text = token.group()
                if stripped := text.strip(SPACE):
                    at = token.start() + len(text) - len(text.lstrip(SPACE))
                    kind = b"," if stripped == b"," else b"{"
                    items.append((kind, at, at + len(stripped)))
            if right < end:
                items.append((block[right : right + 1], right, right + 1))
        self._before = items[-1][0]
        items.append((b"" if last else b"{", end, end))
        return [
            (item[1], item[2])
            for before, item, after in zip(items, items[1:], items[2:], strict=False)
            if item[0] == b"{"
            or (item[0] == b"," and (before[0] in (b"", b",", b"[") or after[0] in (b"", b"]")))
        ]

    def _at_the_end(self, block: bytes) -> list[Range]:
        if self._structure.depth:
            self.problem = NOT_CLOSED
        if not len(self._starts):
            return self._between(block, 0, len(block), last=True)
        start = int(self._starts[0]) - self._offset
        return [
            *self._between(block, 0, start, last=False),
            *_divided(block, start, len(block)),
        ]


def _divided(block: bytes, start: int, end: int) -> Iterator[Range]:
    """The parts of a value that is not closed, each beginning a line indented like the value."""
    line = block[block.rfind(b"\n", 0, start) + 1 : start]
    indent = re.escape(b"" if line.strip(SPACE) else line)
    second_line = re.compile(rb"[^\n]*\n" + indent + rb"[ \t{]")
    beginning = re.compile(rb"\n" + indent + rb"(?=\{)")
    cuts = [start]
    if second_line.match(block, start, end):
        cuts += [match.end() for match in beginning.finditer(block, start, end)]
    decoder = json.JSONDecoder()
    for cut, following in zip(cuts, [*cuts[1:], end], strict=True):
        text = block[cut:following].rstrip(SPACE)
        try:
            # In Latin-1 a character is a byte.
            length = decoder.raw_decode(text.decode("latin-1"))[1]
        except (ValueError, RecursionError):
            length = len(text.removesuffix(b",").rstrip(SPACE))
        else:
            if text[length:].strip(SPACE + b",]"):
                length = len(text)
        yield cut, cut + length
