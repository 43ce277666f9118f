"""What is new in the landing zone: compared with the ledger, and left alone long enough."""

import time
from collections.abc import Sequence
from dataclasses import replace

from analytics_pipeline.ingestion.discovery import LandedFile, Listing
from analytics_pipeline.ingestion.ledger import Ledger
from analytics_pipeline.settings import Settings


def new_files(listing: Listing, ledger: Ledger, prefix: str, *, retry: bool) -> list[LandedFile]:
    """The files whose state is not the one in which they were taken (or refused, unless retry).

    Their paths get ``prefix`` before them.
    """
    known = ledger.known_states()
    if not retry:
        known |= ledger.refused_states()
    files = [replace(file, path=prefix + file.path) for file in listing.files]
    return [file for file in files if known.get(file.path) != file.state]


def settled_files(files: Sequence[LandedFile], settings: Settings) -> list[LandedFile]:
    """Those of the files that were left alone for the settle time."""
    now = time.time_ns()
    return [file for file in files if file.state.settled(now, settings.ingestion.settle_seconds)]
