"""Where the rows and fields of a CSV text begin and end."""

import csv
import io
import re
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from analytics_pipeline.ingestion.reading.batches import Positions

DELIMITERS = ",;\t|"
QUOTE, LINE_FEED, CARRIAGE_RETURN = b'"\n\r'
FIRST_ROW = re.compile(rb'[\r\n]*((?:"[^"]*+"|[^"\r\n])++)(?:\r\n|\n|\r(?=.))', re.DOTALL)
LINE = re.compile(rb"[^\r\n]*+(\r\n|\n|\r)")


class Header(NamedTuple):
    """The first row: the delimiter, the names in it, and how many bytes it takes."""

    delimiter: bytes
    names: tuple[str, ...]
    size: int


class Rows(NamedTuple):
    """The rows of a block, without their line ends; ``size`` is how far they reach in it."""

    starts: Positions
    ends: Positions
    sound: npt.NDArray[np.bool_]
    size: int


def header_of(head: bytes) -> Header | None:
    """The header of a CSV text; None where its first row does not end within the head."""
    match = FIRST_ROW.match(head)
    if match is None:
        return None
    text = match.group(1).decode(errors="replace")
    names, delimiter = max(
        ((_split(text, delimiter), delimiter) for delimiter in DELIMITERS),
        key=lambda split: len(split[0]),
    )
    return Header(delimiter.encode(), tuple(name.strip() for name in names), match.end())


def _split(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error:
        return text.split(delimiter)


def rows_of(block: bytes, delimiter: bytes, *, last: bool) -> Rows:
    """The whole rows of a block; with ``last`` it ends with a line end, and all of it is rows.

    A row ends with LF, CRLF or CR outside quotes. A row in which a quote stands where none may
    ends with its line and is not sound.
    """
    characters = np.frombuffer(block, dtype=np.uint8)
    ends = _line_ends(characters, last=last)
    quotes = np.flatnonzero(characters == QUOTE)
    if len(quotes):
        if (last and len(quotes) % 2) or not _well_quoted(characters, quotes, delimiter[0]):
            return _rows_one_by_one(block, delimiter, last=last)
        ends = ends[np.searchsorted(quotes, ends) % 2 == 0]
    starts = np.concatenate([[0], ends + 1])
    size = int(starts[-1])
    starts = starts[:-1]
    ends = ends - ((ends > starts) & (characters[ends - 1] == CARRIAGE_RETURN))
    return Rows(starts, ends, np.ones(len(starts), dtype=np.bool_), size)


def delimiters_of(
    block: bytes, rows: Rows, delimiter: bytes
) -> tuple[Positions, npt.NDArray[np.int64]]:
    """Where the rows have delimiters outside quotes, and in which row each stands."""
    characters = np.frombuffer(block, dtype=np.uint8)
    found = np.flatnonzero(characters[: rows.size] == delimiter[0])
    row = np.searchsorted(rows.starts, found, side="right") - 1
    quotes = np.flatnonzero(characters == QUOTE)
    if len(quotes):
        before = np.searchsorted(quotes, found) - np.searchsorted(quotes, rows.starts)[row]
        found, row = found[before % 2 == 0], row[before % 2 == 0]
    return found, row


def _line_ends(characters: npt.NDArray[np.uint8], *, last: bool) -> Positions:
    ends = characters == LINE_FEED
    returns = np.flatnonzero(characters == CARRIAGE_RETURN)
    if len(returns):
        # What follows a carriage return at the end of the block is not known yet.
        following = np.append(characters, np.uint8(0 if last else LINE_FEED))[returns + 1]
        ends[returns[following != LINE_FEED]] = True
    return np.flatnonzero(ends)


def _well_quoted(characters: npt.NDArray[np.uint8], quotes: Positions, delimiter: int) -> bool:
    """Whether quotes open only where a field begins and close only where it ends."""
    neighbours = [delimiter, QUOTE, LINE_FEED, CARRIAGE_RETURN]
    framed = np.concatenate([[LINE_FEED], characters, [LINE_FEED]])
    allowed = np.isin(np.arange(256), neighbours)
    return bool(allowed[framed[quotes[0::2]]].all() and allowed[framed[quotes[1::2] + 2]].all())


class _Patterns(NamedTuple):
    row: re.Pattern[bytes]
    unclosed: re.Pattern[bytes]


@lru_cache
def _patterns(delimiter: bytes) -> _Patterns:
    between = re.escape(delimiter)
    opened = rb'"[^"]*+(?:""[^"]*+)*+'
    field = rb"(?:" + opened + rb'"|[^"\r\n' + between + rb"]*+)"
    return _Patterns(
        re.compile(field + rb"(?:" + between + field + rb")*+(\r\n|\n|\r|\Z)"),
        re.compile(rb"(?:" + field + between + rb")*+" + opened + rb"\Z"),
    )


def _rows_one_by_one(block: bytes, delimiter: bytes, *, last: bool) -> Rows:
    patterns = _patterns(delimiter)
    rows: list[tuple[int, int, bool]] = []
    at = 0
    while at < len(block):
        sound = patterns.row.match(block, at)
        match = sound
        if sound is None:
            if not last and patterns.unclosed.match(block, at):
                break
            match = LINE.match(block, at)
        if match is None or (not last and match.end() == len(block) and block[-1:] != b"\n"):
            break
        rows.append((at, match.start(1), sound is not None))
        at = match.end()
    table = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return Rows(table[:, 0], table[:, 1], table[:, 2].astype(np.bool_), at)
