"""Decompression: whole, in parts, padded, cut, damaged and hostile files."""

import gzip
import hashlib
import io
import os
import random

import pytest
from backports import zstd

from analytics_pipeline.ingestion.reading.compression import Contents
from analytics_pipeline.ingestion.reading.errors import UnreadableFileError

WORDS = [os.urandom(4).hex() for _ in range(2000)]
TEXT = " ".join(random.Random(1).choices(WORDS, k=400_000)).encode()
COMPRESSORS = {"gzip": gzip.compress, "Zstandard": zstd.compress}


def read(stored: bytes, **options: int) -> tuple[bytes, Contents]:
    contents = Contents(io.BytesIO(stored), **options)
    return b"".join(contents.chunks()), contents


@pytest.fixture(params=COMPRESSORS)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


def test_plain_contents_come_as_they_are() -> None:
    text, contents = read(TEXT)
    assert text == TEXT
    assert (contents.size, contents.expanded, contents.problem) == (len(TEXT), len(TEXT), None)
    assert contents.sha256 == hashlib.sha256(TEXT).hexdigest()


def test_several_members_and_zero_padding_are_one_text(name: str) -> None:
    compress = COMPRESSORS[name]
    stored = compress(TEXT) + compress(b"") + compress(b"more") + b"\0" * 200_000
    text, contents = read(stored)
    assert text == TEXT + b"more"
    assert contents.problem is None
    assert (contents.size, contents.expanded) == (len(stored), len(text))
    assert contents.sha256 == hashlib.sha256(stored).hexdigest()
    assert Contents(io.BytesIO(stored)).read_digest() == contents.sha256


def test_a_leading_skippable_frame_is_passed_over() -> None:
    frame = b"\x5a\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"meta"
    assert read(frame + zstd.compress(TEXT))[0] == TEXT


@pytest.mark.parametrize("share", [0.1, 0.5, 0.999])
def test_a_cut_file_gives_its_beginning(name: str, share: float) -> None:
    whole = COMPRESSORS[name](TEXT)
    text, contents = read(whole[: int(len(whole) * share)])
    assert TEXT.startswith(text)
    assert len(text) > len(TEXT) * share * 0.9 - (128 << 10)
    assert contents.problem == f"the {name} data ends before its end: only the beginning was read"


@pytest.mark.parametrize("share", [0.05, 0.5, 0.99])
def test_a_damaged_file_is_read_up_to_the_damage(name: str, share: float) -> None:
    # Stored in many frames, each with its checksum, so that no damage goes unnoticed.
    options = {zstd.CompressionParameter.checksum_flag: 1}
    slices = [TEXT[start : start + 20_000] for start in range(0, len(TEXT), 20_000)]
    frames = [
        gzip.compress(part) if name == "gzip" else zstd.compress(part, options=options)
        for part in slices
    ]
    hit = int(len(frames) * share)
    damaged = bytearray(frames[hit])
    damaged[len(damaged) // 2] ^= 0xFF
    stored = b"".join([*frames[:hit], bytes(damaged), *frames[hit + 1 :]])
    text, contents = read(stored)
    assert text.startswith(b"".join(slices[:hit]))
    assert len(text) < 20_000 * (hit + 2)
    assert contents.problem
    assert f"the {name} data is damaged: only the beginning was read" in contents.problem
    assert contents.sha256 == hashlib.sha256(stored).hexdigest()
    assert contents.size == len(stored)


def test_garbage_after_the_last_member_is_a_problem(name: str) -> None:
    text, contents = read(COMPRESSORS[name](TEXT) + b"garbage")
    assert text == TEXT
    assert contents.problem


def test_a_bomb_is_refused_before_it_fills_the_memory(name: str) -> None:
    bomb = COMPRESSORS[name](bytes(200_000_000))
    contents = Contents(io.BytesIO(bomb), max_expanded_bytes=5_000_000)
    largest = seen = 0
    with pytest.raises(UnreadableFileError, match=r"ingestion\.max_expanded_bytes"):
        for chunk in contents.chunks():
            largest, seen = max(largest, len(chunk)), seen + len(chunk)
    assert largest <= 1 << 20
    assert seen <= 5_000_000


def test_the_limit_is_on_compressed_files_and_exact(name: str) -> None:
    assert read(TEXT, max_expanded_bytes=10)[0] == TEXT
    assert read(COMPRESSORS[name](TEXT), max_expanded_bytes=len(TEXT))[0] == TEXT
    with pytest.raises(UnreadableFileError):
        read(COMPRESSORS[name](TEXT), max_expanded_bytes=len(TEXT) - 1)


def test_a_file_that_cannot_seek_is_read_too(name: str) -> None:
    class Stream(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise io.UnsupportedOperation

        def seek(self, *_: int) -> int:
            raise io.UnsupportedOperation

    damaged = bytearray(COMPRESSORS[name](TEXT))
    damaged[-300_000:-299_990] = bytes(10)
    contents = Contents(Stream(bytes(damaged)))
    text = b"".join(contents.chunks())
    assert text[:100_000] == TEXT[:100_000]
