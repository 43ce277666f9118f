"""Writes lines that lie in Arrow buffers into one file a day."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import IO, cast

import numpy as np
import pyarrow as pa

from analytics_pipeline.samples.generation.period import Ints

GZIP_LEVEL = 4


@dataclass
class WrittenFile:
    """A finished file."""

    path: Path
    lines: int
    bytes: int


def _open(path: Path, *, compressed: bool) -> IO[bytes]:
    if not compressed:
        return path.open("wb")
    # Neither name nor time of writing in the header: the same seed gives the same bytes.
    return cast(
        "IO[bytes]",
        gzip.GzipFile(filename="", mode="wb", compresslevel=GZIP_LEVEL,
                      fileobj=path.open("wb"), mtime=0),
    )  # fmt: skip


class _OpenFile:
    """A file that bears a temporary name until it is complete."""

    def __init__(self, path: Path, *, compressed: bool) -> None:
        self.path = path
        self.lines = 0
        self._unfinished = path.with_name(path.name + ".part")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = _open(self._unfinished, compressed=compressed)

    def write(self, lines: int, content: memoryview) -> None:
        self._file.write(content)
        self.lines += lines

    def finish(self) -> WrittenFile:
        underlying = getattr(self._file, "fileobj", None)
        self._file.close()
        if underlying is not None:
            underlying.close()
        self._unfinished.replace(self.path)
        return WrittenFile(self.path, self.lines, self.path.stat().st_size)


def _blocks(batch: "pa.RecordBatch") -> "list[tuple[int, int, memoryview]]":
    """Day, number of lines and bytes of each run of one day in a batch.

    The values of a binary Arrow array lie one after another in its buffer: the slice between two
    offsets is the text of the file, and no line has to be touched.
    """
    days: Ints = batch.column(0).to_numpy()
    lines = batch.column(1)
    if pa.types.is_large_binary(lines.type):
        width: type[np.generic] = np.int64
    else:
        width = np.int32
    _, offset_buffer, values = lines.buffers()
    offsets = np.frombuffer(offset_buffer, dtype=width)[lines.offset :]
    content = memoryview(values)
    edges = [0, *(np.flatnonzero(np.diff(days)) + 1), len(days)]
    return [
        (int(days[left]), int(right - left), content[offsets[left] : offsets[right]])
        for left, right in pairwise(edges)
    ]


def write_files(
    reader: "pa.RecordBatchReader", path_of_day: Callable[[int], Path], *, compressed: bool
) -> list[WrittenFile]:
    """Write lines that come ordered by day into one file a day.

    The reader gives the day (an integer) and the line (binary, with its line end).
    """
    written: list[WrittenFile] = []
    current: tuple[int, _OpenFile] | None = None
    for batch in reader:
        if not batch.num_rows:
            continue
        for day, lines, content in _blocks(batch):
            if current is None or current[0] != day:
                if current is not None:
                    written.append(current[1].finish())
                current = (day, _OpenFile(path_of_day(day), compressed=compressed))
            current[1].write(lines, content)
    if current is not None:
        written.append(current[1].finish())
    return written
