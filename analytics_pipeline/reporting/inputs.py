"""The versions of what a report is made from: the partitions it read, and the files behind them."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from functools import lru_cache
from hashlib import file_digest

from analytics_pipeline.ingestion.ledger import Ledger
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import Table
from analytics_pipeline.reporting.document import InputVersion

HASHES_KEPT = 50_000


def partition_versions(
    lake: Lake, tables: Iterable[Table], days: Collection[date]
) -> tuple[InputVersion, ...]:
    """The SHA-256 of each table's file of each of the days, as far as there is one."""
    return tuple(
        InputVersion("partition", table.name, day, digest)
        for table in sorted(tables, key=lambda table: table.name)
        for day in sorted(set(days))
        if (digest := _partition_sha256(lake, table, day))
    )


def file_versions(lake: Lake, days: Sequence[date]) -> tuple[InputVersion, ...]:
    """The landed file versions with lines under the days, by path and date.

    A file that is being taken again at this moment has no version; the update that then follows
    names it.
    """
    if not lake.state.is_dir():
        return ()
    with Ledger.open(lake.state) as ledger:
        found = ledger.versions_behind(days)
    return tuple(InputVersion("file", path, day, digest) for path, day, digest in found)


def input_versions(
    lake: Lake, days_read: Iterable[tuple[Table, Collection[date]]], days: Sequence[date]
) -> tuple[InputVersion, ...]:
    """What was read of tables on some days, and the landed files with lines under ``days``.

    Ordered by kind, name and date. A partition's file is read again only where it has changed
    since it was last asked for in this process.
    """
    found = {
        version for table, read in days_read for version in partition_versions(lake, [table], read)
    }
    ordered = sorted(found, key=lambda version: (version.name, version.event_date))
    return (*ordered, *file_versions(lake, days))


def _partition_sha256(lake: Lake, table: Table, day: date) -> str | None:
    file = lake.partition_file(table, day)
    try:
        state = file.stat()
    except FileNotFoundError:
        return None
    return _sha256(str(file), state.st_ino, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=HASHES_KEPT)
def _sha256(file: str, *_state: int) -> str | None:
    try:
        with open(file, "rb") as handle:  # noqa: PTH123 - the name is the key of the cache
            return file_digest(handle, "sha256").hexdigest()
    except FileNotFoundError:
        return None
