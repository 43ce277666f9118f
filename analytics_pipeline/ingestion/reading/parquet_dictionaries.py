"""How long a row of a Parquet file may be whose texts are stored once and named by many rows."""

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

# Each text may repeat the beginning of the one before, and is at most as long as all of it.
REPEATING = "DELTA_BYTE_ARRAY"


def longest_row_bytes(file: BinaryIO, metadata: pq.FileMetaData, negligible: int) -> int:
    """A bound of the text of a row, by the longest text of each dictionary; at least 1.

    Dictionaries are only read where a row of up to ``negligible`` bytes is not certain. A text
    in a list counts once.
    """
    longest = 1
    for group in range(metadata.num_row_groups):
        columns = list(_of_texts(metadata.row_group(group)))
        repeating = [column for column in columns if REPEATING in column.encodings]
        shared = [each for each in columns if each.has_dictionary_page and each not in repeating]
        row = sum(column.total_uncompressed_size for column in repeating)
        if row + sum(column.total_uncompressed_size for column in shared) <= negligible:
            continue
        if shared:
            names = [column.path_in_schema for column in shared]
            parquet = pq.ParquetFile(file, read_dictionary=names, pre_buffer=False)
            first = next(parquet.iter_batches(1, row_groups=[group], columns=names))
            row += sum(map(_longest_text, first.columns))
        longest = max(longest, row)
    return longest


def _of_texts(group: pq.RowGroupMetaData) -> Iterator[pq.ColumnChunkMetaData]:
    for number in range(group.num_columns):
        column = group.column(number)
        if column.physical_type == "BYTE_ARRAY" and column.num_values:
            yield column


def _longest_text(array: pa.Array) -> int:
    kind = array.type
    if pa.types.is_dictionary(kind):
        return pc.max(pc.binary_length(array.dictionary)).as_py() or 0
    if pa.types.is_struct(kind):
        return sum(map(_longest_text, array.flatten()))
    if pa.types.is_map(kind):
        return _longest_text(array.keys) + _longest_text(array.items)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _longest_text(array.values)
    return int(array.nbytes)
