"""Where the values of a JSON text begin and end, found by counting brackets outside strings."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from analytics_pipeline.ingestion.reading.batches import Positions

QUOTE, BACKSLASH, NEWLINE, OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT = b'"\\\n[]{'
# The bit in which "[" differs from "{", and "]" from "}".
BRACE_BIT = 0x20


class Found(NamedTuple):
    """Positions in a text: where records begin, where they end, and brackets that only hold them.

    ``marks`` are the brackets of outermost arrays.
    """

    starts: Positions
    ends: Positions
    marks: Positions


class JsonStructure:
    """Scans a text chunk by chunk.

    Records are the outermost objects, and the objects and arrays directly in an outermost array.
    No string of JSON spans lines, so that a string without its end spoils no more than its line.
    """

    def __init__(self) -> None:
        self._offset = 0
        self._in_array = False
        self._in_string = False
        self._escaped = False
        self.depth = 0

    def scan(self, chunk: bytes) -> Found:
        """Positions, in the whole text, of what the next chunk of it holds."""
        characters = np.frombuffer(chunk, dtype=np.uint8)
        shapes = characters & ~np.uint8(BRACE_BIT)
        brackets = np.flatnonzero((shapes == OPEN_ARRAY) | (shapes == CLOSE_ARRAY))
        brackets = brackets[~self._inside_string(characters, brackets)]
        found = self._records(brackets + self._offset, characters[brackets])
        self._offset += len(chunk)
        return found

    def _inside_string(
        self, characters: npt.NDArray[np.uint8], positions: Positions
    ) -> npt.NDArray[np.bool_]:
        quotes = np.flatnonzero(characters == QUOTE)
        backslashes = np.flatnonzero(characters == BACKSLASH)
        if self._escaped or len(backslashes):
            escaped = self._escaped_by(backslashes, len(characters))
            quotes = quotes[~_contained(quotes, escaped)]
        newlines = np.flatnonzero(characters == NEWLINE)
        # How many quotes stand before the line of a position; before the chunk for the first line.
        before_line = np.concatenate([[-int(self._in_string)], np.searchsorted(quotes, newlines)])
        count = np.searchsorted(quotes, positions)
        count -= before_line[np.searchsorted(newlines, positions)]
        self._in_string = bool((len(quotes) - before_line[-1]) % 2)
        inside: npt.NDArray[np.bool_] = count % 2 == 1
        return inside

    def _escaped_by(self, backslashes: Positions, size: int) -> Positions:
        """Positions of the characters that follow a run of an odd number of backslashes."""
        if self._escaped:
            backslashes = np.concatenate([[-1], backslashes])
        last = np.flatnonzero(np.diff(backslashes, append=size + 1) != 1)
        lengths = np.diff(last, prepend=-1)
        escaped: Positions = backslashes[last[lengths % 2 == 1]] + 1
        self._escaped = bool(len(escaped) and escaped[-1] == size)
        return escaped

    def _records(self, positions: Positions, kinds: npt.NDArray[np.uint8]) -> Found:
        if not len(positions):
            return Found(positions, positions, positions)
        opening = (kinds == OPEN_ARRAY) | (kinds == OPEN_OBJECT)
        depth = self.depth + np.cumsum(np.where(opening, 1, -1))
        # A closing bracket too many leads to no depth below zero.
        depth -= np.minimum(np.minimum.accumulate(depth), 0)
        before = np.concatenate([[self.depth], depth[:-1]])
        outermost = opening & (before == 0)
        latest = np.maximum.accumulate(np.where(outermost, np.arange(len(kinds)), -1))
        in_array = np.where(latest < 0, self._in_array, kinds[latest] == OPEN_ARRAY)
        starts = opening & (before == in_array)
        ends = ~opening & (depth == in_array) & (before == in_array + 1)
        closing_array = in_array & (before == 1) & (kinds == CLOSE_ARRAY)
        marks = (outermost & in_array) | closing_array
        self.depth = int(depth[-1])
        self._in_array = bool(in_array[-1])
        return Found(positions[starts], positions[ends] + 1, positions[marks])


def _contained(positions: Positions, others: Positions) -> npt.NDArray[np.bool_]:
    """Which of the positions are among the others; both ascend."""
    at = np.searchsorted(positions, others)
    others, at = others[at < len(positions)], at[at < len(positions)]
    contained = np.zeros(len(positions), dtype=np.bool_)
    contained[at[positions[at] == others]] = True
    return contained
