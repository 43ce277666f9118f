"""From a file to its lines, as Arrow batches that share the memory of the bytes read."""

import hashlib
import itertools
import zlib
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa

# Blocks of this size are allocated again and again from the same memory; larger ones are mapped
# anew each time, which costs more than reading them.
CHUNK_BYTES = 1 << 20
LONGEST_LINE_BYTES = 1 << 30
GZIP_MAGIC = b"\x1f\x8b"
GZIP_WINDOW = zlib.MAX_WBITS | 16
GZIP_SLICE_BYTES = 64 << 10
BEGINNING = "only the beginning was read"
UTF8_MARK = b"\xef\xbb\xbf"
INLINE_BYTES = 12
PREFIX_BYTES = 4
NEWLINE, CARRIAGE_RETURN = 10, 13

LINES_SCHEMA = pa.schema(
    [("line_number", pa.int64()), ("line", pa.string_view()), ("bytes", pa.binary_view())]
)


class UnreadableFileError(Exception):
    """A file cannot be taken as a whole; the message says why and what to do."""


class LineReader:
    """Reads a plain or gzip file line by line, in batches, and accounts for what it read.

    A line ends with LF or CRLF, which are not part of it; the last line may lack its end. A byte
    order mark at the start is no part of the first line. After all batches are consumed ``sha256``
    is the digest of the bytes of the file, ``lines`` the number of lines, and ``problem`` says
    what is wrong with a gzip file of which only the beginning could be read.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self.lines = 0
        self.problem: str | None = None

    @property
    def sha256(self) -> str:
        """Hexadecimal digest of the bytes read so far."""
        return self._digest.hexdigest()

    def read_digest(self) -> str:
        """Read the file to its end for nothing but its digest."""
        for _ in self._chunks():
            """The digest grows with each chunk."""
        return self.sha256

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Read the lines: line_number, line (null where not UTF-8), bytes (only where not UTF-8).

        Raises UnreadableFileError for a line over 1 GiB, which no engine could hold.
        """
        pending: list[bytes] = []
        for chunk in self._contents():
            end = chunk.rfind(b"\n") + 1
            if end:
                yield self._batch(b"".join([*pending, chunk[:end]]))
                pending = []
            pending.append(chunk[end:])
            if sum(map(len, pending)) > LONGEST_LINE_BYTES:
                raise UnreadableFileError(
                    f"line {self.lines + 1} is longer than 1 GiB. Is it a file of lines?"
                )
        last = b"".join(pending)
        if last:
            yield self._batch(last + b"\n")

    def _contents(self) -> Iterator[bytes]:
        chunks = self._chunks()
        first = next(chunks, b"")
        if first.startswith(GZIP_MAGIC):
            contents = self._decompressed(first, chunks)
            first = next(contents, b"")
        else:
            contents = chunks
        yield first.removeprefix(UTF8_MARK)
        yield from contents

    def _chunks(self) -> Iterator[bytes]:
        while chunk := self._file.read(CHUNK_BYTES):
            self._digest.update(chunk)
            yield chunk

    def _decompressed(self, first: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
        member = zlib.decompressobj(GZIP_WINDOW)
        for chunk in itertools.chain([first], chunks):
            for start in range(0, len(chunk), GZIP_SLICE_BYTES):
                data = chunk[start : start + GZIP_SLICE_BYTES]
                while data and self.problem is None:
                    if member.eof:
                        # Writers for tapes pad the file with zeros after its last member.
                        data = data.lstrip(b"\0")
                        if not data:
                            break
                        member = zlib.decompressobj(GZIP_WINDOW)
                    before = member.copy()
                    try:
                        yield member.decompress(data)
                    except zlib.error as error:
                        self.problem = f"the gzip data is damaged: {BEGINNING} ({error})"
                        yield from _up_to_the_damage(before, data)
                    data = member.unused_data
        if not member.eof and self.problem is None:
            yield member.flush()
            self.problem = f"the gzip data ends before its end: {BEGINNING}"

    def _batch(self, block: bytes) -> pa.RecordBatch:
        characters = np.frombuffer(block, dtype=np.uint8)
        ends = np.flatnonzero(characters == NEWLINE)
        starts = np.empty_like(ends)
        starts[0], starts[1:] = 0, ends[:-1] + 1
        ends = ends - ((ends > starts) & (characters[ends - 1] == CARRIAGE_RETURN))
        numbers = np.arange(self.lines + 1, self.lines + len(starts) + 1)
        self.lines += len(starts)
        line = _views(block, characters, starts, (ends - starts).astype(np.int32))
        raw = pa.nulls(len(starts), pa.binary_view())
        if not block.isascii():
            try:
                line.validate(full=True)
            except pa.ArrowInvalid:
                line, raw = _sorted_by_encoding(
                    [block[a:b] for a, b in zip(starts, ends, strict=True)]
                )
        return pa.record_batch([pa.array(numbers), line, raw], schema=LINES_SCHEMA)


def _up_to_the_damage(member: "zlib._Decompress", data: bytes) -> Iterator[bytes]:
    try:
        for position in range(len(data)):
            yield member.decompress(data[position : position + 1])
    except zlib.error:
        return


def _views(
    block: bytes,
    characters: npt.NDArray[np.uint8],
    starts: npt.NDArray[np.int64],
    lengths: npt.NDArray[np.int32],
) -> pa.Array:
    """Arrow string views into the block, laid out as the Arrow columnar format describes them.

    A view is 16 bytes: the length, then either up to 12 bytes of text, or the first 4 bytes, the
    number of the buffer and the offset in it.
    """
    views = np.zeros((len(starts), 4), dtype=np.int32)
    view_bytes = views.view(np.uint8)
    views[:, 0] = lengths
    long: slice | npt.NDArray[np.int64] = slice(None)
    if lengths.min() <= INLINE_BYTES:
        long = np.flatnonzero(lengths > INLINE_BYTES)
    for position in range(PREFIX_BYTES):
        view_bytes[long, 4 + position] = characters[starts[long] + position]
    views[long, 3] = starts[long]
    if not isinstance(long, slice):
        for position in range(INLINE_BYTES):
            short = np.flatnonzero((lengths <= INLINE_BYTES) & (lengths > position))
            view_bytes[short, 4 + position] = characters[starts[short] + position]
    buffers = [None, pa.py_buffer(views), pa.py_buffer(block)]
    return pa.Array.from_buffers(pa.string_view(), len(starts), buffers)


def _sorted_by_encoding(lines: list[bytes]) -> tuple[pa.Array, pa.Array]:
    text: list[str | None] = []
    raw: list[bytes | None] = []
    for line in lines:
        try:
            text.append(line.decode())
            raw.append(None)
        except UnicodeDecodeError:
            text.append(None)
            raw.append(line)
    return pa.array(text, pa.string_view()), pa.array(raw, pa.binary_view())
