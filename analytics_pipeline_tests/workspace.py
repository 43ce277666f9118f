"""A landing zone and a lake of their own, and what tests do with them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline.ingestion.intake import Intake, take_in
from analytics_pipeline.ingestion.pending_updates import PendingUpdates
from analytics_pipeline.ingestion.tables import FILE_LINE_COUNTS, QUARANTINED_LINES
from analytics_pipeline.ingestion.validation import validate
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import Table
from analytics_pipeline.settings import Settings, read_settings

COUNTS = ["lines", "validated", "duplicate", "quarantined", "blank"]
# Tests that are not about privacy see the values that they wrote.
PRIVACY_OFF = {"fields": {"user_id": "keep"}, "redact_text": False}


@dataclass(frozen=True)
class Workspace:
    """A landing zone and a lake in one folder."""

    settings: Settings

    @classmethod
    def create(cls, root: Path, **overrides: Any) -> "Workspace":
        (root / "landing").mkdir(parents=True)
        ingestion = {"settle_seconds": 0, **overrides.pop("ingestion", {})}
        privacy = overrides.pop("privacy", PRIVACY_OFF)
        return cls(
            read_settings(
                landing_zone=root / "landing",
                lake=root / "lake",
                ingestion=ingestion,
                privacy=privacy,
                **overrides,
            )
        )

    @property
    def landing(self) -> Path:
        return self.settings.landing_zone

    @property
    def lake(self) -> Lake:
        return Lake.of(self.settings)

    def drop(self, name: str, content: bytes | Iterable[Any]) -> Path:
        """Put a file into the landing zone: bytes as they are, or a JSON line for each object."""
        file = self.landing / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if not isinstance(content, bytes):
            content = b"".join(json.dumps(line).encode() + b"\n" for line in content)
        # Renamed into place, so that each drop is another file even within one clock tick.
        staged = file.with_name(f".{file.name}.new")
        staged.write_bytes(content)
        staged.replace(file)
        return file

    def ingest(self) -> Intake:
        """Take what is new and validate every date that awaits it."""
        intake = take_in(self.lake, self.settings)
        with PendingUpdates.open(self.lake.state) as pending:
            days = list(pending.awaiting_update())
            pending.begin_update("test", days)
            validate(self.lake, self.settings, days)
            pending.finish_update("test")
        return intake

    def frame(self, table: Table) -> pd.DataFrame:
        with self.lake.engine() as connection:
            return self.lake.frame(connection, table)

    def events(self) -> pd.DataFrame:
        return self.frame(VALIDATED_EVENTS)

    def quarantine(self) -> pd.DataFrame:
        return self.frame(QUARANTINED_LINES)

    def accounts(self) -> pd.DataFrame:
        """Sums of what became of the lines, a row for each file."""
        return self.frame(FILE_LINE_COUNTS).groupby("path")[COUNTS].sum().astype(int)

    def partition_bytes(self, table: Table) -> dict[str, bytes]:
        """The bytes of each non-empty partition of a table."""
        with self.lake.engine() as connection:
            rows = self.lake.row_counts(connection, table, self.lake.dates(table))
        return {
            str(day): self.lake.partition_file(table, day).read_bytes()
            for day, count in rows.items()
            if count
        }

    def partition_bytes_of_all(self) -> dict[str, dict[str, bytes]]:
        """The bytes of the partitions that validation writes, by table."""
        tables = (VALIDATED_EVENTS, QUARANTINED_LINES, FILE_LINE_COUNTS)
        return {table.name: self.partition_bytes(table) for table in tables}


def query_event(**fields: Any) -> dict[str, Any]:
    """A valid cache_query event, with the given fields in place of its own."""
    return {
        "event_type": "cache_query",
        "timestamp": "2026-11-10T12:00:00Z",
        "cache_hit": True,
    } | fields
