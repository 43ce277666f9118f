"""The string literals of a batch of JSON records, as columns.

Reading them at once, and each distinct one once, is what makes a look at every token affordable.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analytics_pipeline.ingestion.privacy.json_text import decoded

Characters = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]

QUOTE, BACKSLASH, COLON = ord('"'), ord("\\"), ord(":")
OPENING, CLOSING = (ord("{"), ord("[")), (ord("}"), ord("]"))
SPACES = np.isin(np.arange(256), [9, 10, 13, 32])
STRUCTURAL = bytes(character in b'"\\{}[]' for character in range(256))


@dataclass(frozen=True)
class Literals:
    """The literals of valid JSON texts that lie in ``text``, each up to the next of ``offsets``.

    Literal number i stands at ``starts[i]`` to ``ends[i]``, quotes included, in the record
    ``records[i]``. It is a key where ``is_key`` says so: then its value begins at
    ``value_starts[i]``. ``distinct`` are the different literals, and ``numbers[i]`` says which of
    them it is.
    """

    text: Characters
    offsets: Positions
    starts: Positions
    ends: Positions
    records: Positions
    is_key: Flags
    value_starts: Positions
    numbers: Numbers
    distinct: pa.StringArray
    bracket_places: Positions
    bracket_characters: Characters

    @cached_property
    def depths(self) -> Positions:
        """Into how many objects and lists each bracket leads, or leads back."""
        return np.cumsum(np.where(self.opens, 1, -1))

    @cached_property
    def opens(self) -> Flags:
        """Which brackets are opening ones."""
        return np.isin(self.bracket_characters, OPENING)

    def depths_at(self, literals: Positions) -> Positions:
        """In how many objects and lists some literals lie."""
        before = np.searchsorted(self.bracket_places, self.starts[literals]) - 1
        return np.where(before >= 0, self.depths[before], 0)

    def at(self, places: Positions) -> Characters:
        """The characters at some places; 0 behind the end."""
        return _at(self.text, places)

    def first_characters(self) -> Characters:
        """The first character of each record that is no white space."""
        return self.at(_after_spaces(self.text, self.offsets[:-1]))

    def keys_before(self, literals: Positions) -> Positions:
        """The last key before each of some literals in its record; -1 where there is none."""
        keys = np.flatnonzero(self.is_key)
        if not len(keys):
            return np.full(len(literals), -1)
        place = np.searchsorted(keys, literals) - 1
        found = np.where(place >= 0, keys[place], -1)
        return np.where(self.records[found] == self.records[literals], found, -1)

    def distinct_keys(self) -> dict[int, str]:
        """The text of each distinct literal that is a key somewhere."""
        numbers = np.unique(self.numbers[self.is_key])
        literals = self.distinct.take(pa.array(numbers)).to_pylist()
        return {
            number: decoded(literal)
            for number, literal in zip(numbers.tolist(), literals, strict=True)
        }


def literals_of(records: pa.StringArray) -> Literals | None:
    """Read the literals of valid JSON records; None where a text is not what it should be."""
    buffers = records.buffers()
    offsets = np.frombuffer(buffers[1], dtype=np.int32)[
        records.offset : records.offset + len(records) + 1
    ].astype(np.int64)
    text = np.frombuffer(buffers[2] or b"", dtype=np.uint8)[offsets[0] : offsets[-1]]
    offsets = offsets - offsets[0]
    places = np.flatnonzero(np.frombuffer(text.tobytes().translate(STRUCTURAL), dtype=bool))
    characters = text[places]
    places, characters = _unescaped(places, characters)
    is_quote = characters == QUOTE
    quotes = places[is_quote]
    before = np.searchsorted(quotes, offsets)
    if np.any(before % 2):
        return None
    starts, ends = quotes[0::2], quotes[1::2] + 1
    inside = (np.cumsum(is_quote, dtype=np.int8) & 1).view(np.bool_)
    outside = ~is_quote & ~inside
    colons = _after_spaces(text, ends)
    is_key = _at(text, colons) == COLON
    value_starts = np.where(is_key, colons + 1, colons)
    value_starts[is_key] = _after_spaces(text, value_starts[is_key])
    encoded = _texts(text, starts, ends).dictionary_encode()
    numbers_of_records = np.repeat(np.arange(len(records)), np.diff(before) // 2)
    return Literals(
        text, offsets, starts, ends, numbers_of_records, is_key,
        value_starts, encoded.indices.to_numpy(), encoded.dictionary,
        places[outside], characters[outside],
    )  # fmt: skip


def _unescaped(places: Positions, characters: Characters) -> tuple[Positions, Characters]:
    """Structural characters without backslashes and what an odd number of them stands before."""
    is_backslash = characters == BACKSLASH
    if not is_backslash.any():
        return places, characters
    runs = places[is_backslash]
    first = np.flatnonzero(np.diff(runs, prepend=-2) != 1)
    last = np.append(first[1:], len(runs)) - 1
    escaped = runs[last[(last - first) % 2 == 0]] + 1
    where = np.searchsorted(places, escaped)
    hit = np.minimum(where, len(places) - 1)
    kept = ~is_backslash
    kept[hit[places[hit] == escaped]] = False
    return places[kept], characters[kept]


def _texts(text: Characters, starts: Positions, ends: Positions) -> pa.StringArray:
    """The texts at some ranges that do not overlap."""
    steps = np.zeros(len(text) + 1, np.int8)
    steps[starts] = 1
    steps[ends] -= 1
    inside = np.cumsum(steps[:-1], dtype=np.int8).view(np.bool_)
    offsets = np.zeros(len(starts) + 1, np.int32)
    np.cumsum(ends - starts, out=offsets[1:])
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(text[inside])]
    return pa.Array.from_buffers(pa.string(), len(starts), buffers)


def _at(text: Characters, places: Positions) -> Characters:
    """The characters at some places; 0 behind the end."""
    if not len(text):
        return np.zeros(len(places), np.uint8)
    inside = places < len(text)
    return np.where(inside, text[np.where(inside, places, 0)], 0).astype(np.uint8)


def _after_spaces(text: Characters, places: Positions) -> Positions:
    """The next places at which there is no white space."""
    found = places.copy()
    still = np.flatnonzero(SPACES[_at(text, found)])
    while len(still):
        found[still] += 1
        still = still[SPACES[_at(text, found[still])]]
    return found
