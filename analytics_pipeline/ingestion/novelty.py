"""What is new in the landing zone: compared with the ledger, and left alone long enough."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from analytics_pipeline.ingestion.discovery import LandedFile
from analytics_pipeline.ingestion.ledger import Ledger
from analytics_pipeline.settings import Settings

SLICE = 1000


def slices(files: Iterable[LandedFile], size: int = SLICE) -> Iterator[list[LandedFile]]:
    """The files in lists of a size that one query compares."""
    remaining = iter(files)
    while files_of_slice := list(islice(remaining, size)):
        yield files_of_slice


def new_files(
    files: Iterable[LandedFile], ledger: Ledger, prefix: str, *, retry: bool
) -> Iterator[LandedFile]:
    """The files whose state is not the one in which they were taken (or refused, unless retry).

    Their paths get ``prefix`` before them. They are compared as they come, with a query for each
    slice, however many files the ledger knows.
    """
    for listed in slices(files):
        yield from new_of_slice(listed, ledger, prefix, retry=retry)


def new_of_slice(
    files: Sequence[LandedFile], ledger: Ledger, prefix: str, *, retry: bool
) -> list[LandedFile]:
    """As ``new_files``, for so many files as one query compares."""
    named = [replace(file, path=prefix + file.path) for file in files] if prefix else files
    paths = [file.path for file in named]
    known = ledger.known_states(paths)
    if not retry:
        known |= ledger.refused_states(paths)
    return [file for file in named if known.get(file.path) != file.state]


def settled_files(files: Sequence[LandedFile], settings: Settings) -> list[LandedFile]:
    """Those of the files that were left alone for the settle time."""
    now, seconds = time.time_ns(), settings.ingestion.settle_seconds
    return [file for file in files if file.settled(now, seconds)]
