"""Which runs of an instance have ended since the last look: none is missed, none comes twice.

The log of runs is read by the number of its entries. Where several processes write it, an entry
can become visible after later ones: so a look goes back to what was seen some minutes ago, and
passes over what it has seen.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import dagster as dg

ENDS = {
    dg.DagsterEventType.RUN_SUCCESS: dg.DagsterRunStatus.SUCCESS,
    dg.DagsterEventType.RUN_FAILURE: dg.DagsterRunStatus.FAILURE,
    dg.DagsterEventType.RUN_CANCELED: dg.DagsterRunStatus.CANCELED,
}
OVERLAP = timedelta(minutes=10)
PAGE = 100

SCHEMA = """
CREATE TABLE IF NOT EXISTS looked_at_runs (
    instance TEXT PRIMARY KEY,
    position TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""


@dataclass(frozen=True)
class EndedRun:
    """The entry of the log that says that a run ended; ``run`` is null where it was deleted."""

    storage_id: int
    run: dg.DagsterRun | None
    status: dg.DagsterRunStatus
    ended_at: datetime


@dataclass(frozen=True)
class Position:
    """How far the log was read: entries up to ``floor`` are done, and those in ``seen``.

    ``since`` is the time at which reading began, before there was a floor. ``seen`` has the time at
    which each entry was.
    """

    since: float
    floor: int | None = None
    seen: Mapping[int, float] = field(default_factory=dict)

    def with_seen(self, storage_id: int, now: datetime) -> "Position":
        """The position once another entry is done; what was long ago becomes the floor."""
        seen = {**self.seen, storage_id: now.timestamp()}
        before = (now - OVERLAP).timestamp()
        floors = [each for each, at in seen.items() if at < before]
        floor = max([*floors, *([] if self.floor is None else [self.floor])], default=None)
        kept = {each: at for each, at in seen.items() if floor is None or each > floor}
        return replace(self, floor=floor, seen=kept)

    def written(self) -> str:
        """As a cursor."""
        return json.dumps({"since": self.since, "floor": self.floor, "seen": self.seen})


def read_position(written: str) -> Position:
    """The position of a cursor."""
    content = json.loads(written)
    seen = {int(each): float(at) for each, at in content["seen"].items()}
    return Position(content["since"], content["floor"], seen)


def position_of(
    connection: sqlite3.Connection, instance: dg.DagsterInstance, begin: datetime
) -> Position:
    """How far the log of an instance was read; at first, what ended before begin is left out."""
    row = connection.execute(
        "SELECT position FROM looked_at_runs WHERE instance = ?", [_name(instance)]
    ).fetchone()
    return read_position(row[0]) if row else Position(begin.timestamp())


def store_position(
    connection: sqlite3.Connection, instance: dg.DagsterInstance, position: Position
) -> None:
    """Remember how far the log of an instance was read."""
    connection.execute(
        "INSERT OR REPLACE INTO looked_at_runs VALUES (?, ?)",
        [_name(instance), position.written()],
    )


def _name(instance: dg.DagsterInstance) -> str:
    """What tells instances apart: the number that the storage of runs gave itself."""
    given = getattr(instance.run_storage, "get_run_storage_id", None)
    return str(given() if given else instance.root_directory)


def ended_since(
    instance: dg.DagsterInstance, position: Position, limit: int = PAGE
) -> list[EndedRun]:
    """The runs that ended since a position, in the order of the log, at most ``limit``."""
    found: list[tuple[int, str, dg.DagsterRunStatus, datetime]] = []
    for event_type, status in ENDS.items():
        found += _ends(instance, event_type, status, position, limit)
    found = sorted(found)[:limit]
    names = list({run_id for _, run_id, _, _ in found})
    records = instance.get_run_records(dg.RunsFilter(run_ids=names)) if names else []
    runs = {record.dagster_run.run_id: record.dagster_run for record in records}
    return [
        EndedRun(storage_id, runs.get(run_id), status, at)
        for storage_id, run_id, status, at in found
    ]


def _ends(
    instance: dg.DagsterInstance,
    event_type: dg.DagsterEventType,
    status: dg.DagsterRunStatus,
    position: Position,
    limit: int,
) -> list[tuple[int, str, dg.DagsterRunStatus, datetime]]:
    found: list[tuple[int, str, dg.DagsterRunStatus, datetime]] = []
    begin = position.since if position.floor is None else None
    cursor = None
    wanted = dg.RunStatusChangeRecordsFilter(
        event_type,  # type: ignore[arg-type]
        after_timestamp=begin,
        after_storage_id=position.floor,
    )
    while len(found) < limit:
        page = instance.fetch_run_status_changes(wanted, limit=PAGE, cursor=cursor, ascending=True)
        found += [
            (
                record.storage_id,
                record.run_id,
                status,
                datetime.fromtimestamp(record.timestamp, UTC),
            )
            for record in page.records
            if record.storage_id not in position.seen
        ]
        if not page.has_more:
            break
        cursor = page.cursor
    return found


def _time(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)
