"""Rows of a CSV file with a header, each as the text of a JSON object."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analytics_pipeline.ingestion.reading.batches import (
    LINES_SCHEMA,
    Positions,
    batch_of_ranges,
    string_views,
)
from analytics_pipeline.ingestion.reading.csv_structure import (
    QUOTE,
    Header,
    Rows,
    delimiters_of,
    header_of,
    rows_of,
)
from analytics_pipeline.ingestion.reading.errors import UnreadableFileError
from analytics_pipeline.ingestion.reading.json_engine import open_json_engine
from analytics_pipeline.ingestion.reading.json_object_sql import object_of
from analytics_pipeline.ingestion.reading.wide_rows import MOST_COLUMNS, WideRows

LONGEST_HEADER_BYTES = 1 << 20
# A quoted field that goes on for longer lacks its closing quote.
LONGEST_ROW_BYTES = 16 << 20
# To bind the query costs some milliseconds for each block.
BLOCK_BYTES = 2 << 20


def csv_batches(
    chunks: Iterator[bytes],
    *,
    json_columns: Sequence[str] = ("context",),
    nest_dotted: bool = False,
) -> Iterator[pa.RecordBatch]:
    """Read the rows after the header: objects of the texts of the cells that are not empty.

    The delimiter is the comma, semicolon, tab or bar that divides the header into most names. A
    JSON object in one of ``json_columns`` is embedded; with ``nest_dotted`` the column ``a.b`` is
    the member b of the member a. A row that has not as many fields as the header, is badly
    quoted or not UTF-8 comes as it stands in the file, as does a blank line. Raises
    UnreadableFileError where the file has no header.
    """
    header, block = _header(chunks)
    if header is None:
        return
    writer = _RowWriter(header, json_columns, nest_dotted=nest_dotted)
    block = block[header.size :]
    for chunk in chunks:
        block += chunk
        if len(block) < BLOCK_BYTES:
            continue
        rows = rows_of(block, header.delimiter, last=False)
        if not rows.size and len(block) > LONGEST_ROW_BYTES:
            whole = _ended(block[: block.rfind(b"\n") + 1] or block)
            yield writer.batch(whole, rows_of(whole, header.delimiter, last=True))
            block = block[len(whole) :]
        elif rows.size:
            yield writer.batch(block, rows)
            block = block[rows.size :]
    if block:
        yield writer.batch(_ended(block), rows_of(_ended(block), header.delimiter, last=True))


def _header(chunks: Iterator[bytes]) -> tuple[Header | None, bytes]:
    head = b""
    for chunk in chunks:
        head += chunk
        if header := header_of(head):
            return header, head
        if len(head) > LONGEST_HEADER_BYTES:
            raise UnreadableFileError("its first row, the header, does not end. Is it a CSV file?")
    return header_of(head + b"\n"), head


def _ended(block: bytes) -> bytes:
    return block if block.endswith((b"\n", b"\r")) else block + b"\n"


def unique_names(names: Sequence[str]) -> tuple[str, ...]:
    """Column names made unique: ``a, a,`` and an empty one become ``a, a_2, column_3``."""
    unique: dict[str, None] = {}
    for number, name in enumerate(names, start=1):
        base = candidate = name or f"column_{number}"
        occurrence = 1
        while candidate in unique or (candidate != name and candidate in names):
            occurrence += 1
            candidate = f"{base}_{occurrence}"
        unique[candidate] = None
    return tuple(unique)


class _RowWriter:
    def __init__(self, header: Header, json_columns: Sequence[str], *, nest_dotted: bool) -> None:
        self._delimiter = header.delimiter
        self._columns = [f"c{number}" for number in range(len(header.names))]
        self._records = 0
        self._engine = open_json_engine()

        self._names = unique_names(header.names)
        self._json_columns = json_columns
        self._nest_dotted = nest_dotted
        self._queries: dict[tuple[int, ...], str] = {}
        self._wide: WideRows | None = None
        if len(self._names) > MOST_COLUMNS:
            self._wide = WideRows(self._names, json_columns, nest_dotted=nest_dotted)

    def batch(self, block: bytes, rows: Rows) -> pa.RecordBatch:
        """The records of the rows of a block."""
        delimiters, row = delimiters_of(block, rows, self._delimiter)
        fields = np.bincount(row, minlength=len(rows.starts)) + 1
        good = rows.sound & (fields == len(self._columns)) & (rows.ends > rows.starts)
        good &= _utf8(block, rows)
        inner = delimiters[good[row]].reshape(int(good.sum()), -1 + len(self._columns))
        texts = self._objects(block, rows.starts[good], inner, rows.ends[good])
        first = self._records + 1
        self._records += len(good)
        if good.all():
            numbers = pa.array(np.arange(first, self._records + 1))
            raw = pa.nulls(len(good), pa.binary_view())
            return pa.record_batch([numbers, texts, raw], schema=LINES_SCHEMA)
        bad = batch_of_ranges(block, rows.starts[~good], rows.ends[~good], 1)
        order = np.argsort(np.concatenate([np.flatnonzero(good), np.flatnonzero(~good)]))
        return pa.record_batch(
            [
                pa.array(np.arange(first, self._records + 1)),
                _ordered([texts, bad["line"]], order),
                _ordered([pa.nulls(len(texts), pa.binary_view()), bad["bytes"]], order),
            ],
            schema=LINES_SCHEMA,
        )

    def _objects(
        self, block: bytes, starts: Positions, inner: Positions, ends: Positions
    ) -> pa.Array:
        characters = np.frombuffer(block, dtype=np.uint8)
        first = np.concatenate([starts[:, None], inner + 1], axis=1)
        last = np.concatenate([inner, ends[:, None]], axis=1)
        escaped = tuple(_columns_with_doubled_quotes(characters, first))
        quoted = characters[first] == QUOTE
        first, last = first + quoted, last - quoted
        if self._wide is not None:
            return self._wide.objects(block, first, last, escaped)
        cells = string_views(block, first.T.ravel(), last.T.ravel())
        columns = [
            cells.slice(number * len(starts), len(starts)) for number in range(len(self._columns))
        ]
        self._engine.register("cells", pa.table(columns, names=self._columns))
        if escaped not in self._queries:
            self._queries[escaped] = self._query(escaped)
        table = self._engine.sql(self._queries[escaped]).to_arrow_table()
        return table.column(0).combine_chunks()

    def _query(self, escaped: Sequence[int]) -> str:
        members = []
        for number, (name, column) in enumerate(zip(self._names, self._columns, strict=True)):
            cell = f"""replace({column}, '""', '"')""" if number in escaped else column
            text = f"to_json({cell})::VARCHAR"
            if name in self._json_columns:
                is_object = f"json_valid({cell}) AND json_type({cell}) = 'OBJECT'"
                text = f"CASE WHEN {is_object} THEN {cell} ELSE {text} END"
            members.append((name, f"CASE WHEN {column} <> '' THEN {text} END"))
        return f"SELECT {object_of(members, nest_dotted=self._nest_dotted)} FROM cells"


def _columns_with_doubled_quotes(
    characters: npt.NDArray[np.uint8], first: npt.NDArray[np.int64]
) -> Iterator[int]:
    """Numbers of columns, given where the fields of the rows begin."""
    quotes = np.flatnonzero(characters == QUOTE)
    doubled = quotes[1:][np.diff(quotes) == 1]
    fields = np.searchsorted(first.ravel(), doubled, side="right") - 1
    yield from np.unique(fields[fields >= 0] % first.shape[1]).tolist()


def _ordered(views: Sequence[pa.Array], order: npt.NDArray[np.intp]) -> pa.Array:
    # Arrow takes from texts and not yet from views.
    held = pa.string() if views[0].type == pa.string_view() else pa.binary()
    texts = pa.concat_arrays([array.cast(held) for array in views])
    return texts.take(pa.array(order)).cast(views[0].type)


def _utf8(block: bytes, rows: Rows) -> npt.NDArray[np.bool_]:
    valid = np.ones(len(rows.starts), dtype=np.bool_)
    if block.isascii():
        return valid
    try:
        block[: rows.size].decode()
    except UnicodeDecodeError:
        for number, (start, end) in enumerate(zip(rows.starts, rows.ends, strict=True)):
            try:
                block[start:end].decode()
            except UnicodeDecodeError:
                valid[number] = False
    return valid
