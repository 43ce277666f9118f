"""From a file to its contents: plain, gzip or Zstandard, told apart by their first bytes."""

import hashlib
import itertools
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple, Protocol

from backports.zstd import ZstdDecompressor, ZstdError

from analytics_pipeline.ingestion.reading.errors import UnreadableFileError

# Blocks of this size are allocated again and again from the same memory; larger ones are mapped
# anew each time, which costs more than reading them.
CHUNK_BYTES = 1 << 20
PIECE_BYTES = 64 << 10
GZIP_MAGIC = b"\x1f\x8b"
GZIP_WINDOW = zlib.MAX_WBITS | 16
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
ZSTD_SKIPPABLE_MAGICS = tuple(bytes([low]) + b"\x2a\x4d\x18" for low in range(0x50, 0x60))
BEGINNING = "only the beginning was read"
UTF8_MARK = b"\xef\xbb\xbf"


class Contents:
    """The contents of a file, and the account of its bytes.

    After all ``chunks`` are consumed, ``sha256`` and ``size`` are those of the bytes of the file
    as it lies there, ``expanded`` is the size of the contents, and ``problem`` says what is wrong
    with a compressed file of which only the beginning could be read.
    """

    def __init__(self, file: BinaryIO, *, max_expanded_bytes: int | None = None) -> None:
        self._file = file
        self._max_expanded_bytes = max_expanded_bytes
        self._digest = hashlib.sha256()
        self._piece_start = 0
        self.compressed = False
        self.size = 0
        self.expanded = 0
        self.problem: str | None = None

    @property
    def sha256(self) -> str:
        """Hexadecimal digest of the bytes read so far."""
        return self._digest.hexdigest()

    def read_digest(self) -> str:
        """Read the file to its end for nothing but its digest."""
        for _ in self._stored():
            """The digest grows with each chunk."""
        return self.sha256

    def chunks(self) -> Iterator[bytes]:
        """Read the contents, decompressed, in chunks of at most 1 MiB.

        Compressed data is read up to where it is damaged. Raises UnreadableFileError where it
        expands to more than ``max_expanded_bytes``.
        """
        start = self._file.tell() if self._file.seekable() else None
        stored = self._stored()
        first = next(stored, b"")
        compression = _compression_of(first)
        stored = itertools.chain([first], stored)
        if compression is None:
            for chunk in stored:
                self.expanded += len(chunk)
                yield chunk
            return
        self.compressed = True
        try:
            yield from self._within_limit(_expand(self._pieces(stored), compression))
        except EOFError:
            self.problem = f"the {compression.name} data ends before its end: {BEGINNING}"
        except compression.error as error:
            self.problem = f"the {compression.name} data is damaged: {BEGINNING} ({error})"
            if start is not None:
                position = self._file.tell()
                self._file.seek(start)
                yield from self._within_limit(self._up_to_the_damage(compression))
                self._file.seek(position)
            self.read_digest()

    def _stored(self) -> Iterator[bytes]:
        while chunk := self._file.read(CHUNK_BYTES):
            self._digest.update(chunk)
            self.size += len(chunk)
            yield chunk

    def _pieces(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        position = 0
        for chunk in chunks:
            for start in range(0, len(chunk), PIECE_BYTES):
                self._piece_start = position + start
                yield chunk[start : start + PIECE_BYTES]
            position += len(chunk)

    def _within_limit(self, contents: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in contents:
            self.expanded += len(chunk)
            if self._max_expanded_bytes is not None and self.expanded > self._max_expanded_bytes:
                raise UnreadableFileError(
                    f"its {self.size:,} compressed bytes read so far expand to more than "
                    f"{self._max_expanded_bytes:,} bytes. If it is no attack, raise the setting "
                    "ingestion.max_expanded_bytes."
                )
            yield chunk

    def _up_to_the_damage(self, compression: "_Compression") -> Iterator[bytes]:
        """What the failing piece still holds, found by a second reading.

        Neither library returns what it made of a piece before the damage in it; fed byte by byte
        they have returned it all when they fail.
        """
        known = self.expanded
        read = 0
        try:
            for chunk in _expand(_bytewise_from(self._file, self._piece_start), compression):
                new = min(len(chunk), max(0, read + len(chunk) - known))
                read += len(chunk)
                if new:
                    yield chunk[-new:]
        except (compression.error, EOFError):
            return


def without_mark(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks without a UTF-8 byte order mark at their start."""
    for first in chunks:
        yield first.removeprefix(UTF8_MARK)
        break
    yield from chunks


class _Member(Protocol):
    """A decompressor of one gzip member or Zstandard frame."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _GzipMember:
    def __init__(self) -> None:
        self._member = zlib.decompressobj(GZIP_WINDOW)

    @property
    def eof(self) -> bool:
        return self._member.eof

    @property
    def needs_input(self) -> bool:
        return not self._member.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._member.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._member.decompress(self._member.unconsumed_tail + data, max_length)


class _Compression(NamedTuple):
    name: str
    member: Callable[[], _Member]
    error: type[Exception]


GZIP = _Compression("gzip", _GzipMember, zlib.error)
ZSTD = _Compression("Zstandard", ZstdDecompressor, ZstdError)


def _compression_of(first: bytes) -> _Compression | None:
    if first.startswith(GZIP_MAGIC):
        return GZIP
    if first.startswith((ZSTD_MAGIC, *ZSTD_SKIPPABLE_MAGICS)):
        return ZSTD
    return None


def _expand(pieces: Iterator[bytes], compression: _Compression) -> Iterator[bytes]:
    """Decompress; raises EOFError where the data is cut off."""
    member = compression.member()
    for piece in pieces:
        data = piece
        while data or not (member.needs_input or member.eof):
            if member.eof:
                # Writers for tapes pad the file with zeros after its last member.
                data = data.lstrip(b"\0")
                if not data:
                    break
                member = compression.member()
            yield member.decompress(data, CHUNK_BYTES)
            data = member.unused_data
    if not member.eof:
        while rest := member.decompress(b"", CHUNK_BYTES):
            yield rest
    if not member.eof:
        raise EOFError


def _bytewise_from(file: BinaryIO, offset: int) -> Iterator[bytes]:
    while offset > 0 and (piece := file.read(min(PIECE_BYTES, offset))):
        offset -= len(piece)
        yield piece
    for value in file.read(PIECE_BYTES):
        yield bytes([value])
