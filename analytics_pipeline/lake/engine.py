"""The DuckDB engine: in-memory, private to this process, spilling to scratch space on disk."""

import atexit
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import duckdb
import psutil

from analytics_pipeline.settings import EngineSettings

DATABASES_KEPT = 4


@contextmanager
def open_engine(
    scratch_root: Path, settings: EngineSettings, *, exclusive: bool = False
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an engine that works in UTC and within the configured memory and threads.

    The engines that a process opens with the same settings share these limits, and nothing else
    as long as they create only temporary tables. An ``exclusive`` one has limits of its own, and
    its cursors can share ordinary tables.
    """
    key = (scratch_root.absolute(), settings.memory_limit, settings.threads)
    database = _Database(*key) if exclusive else _shared_database(*key)
    try:
        with database.open() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute("SET enable_progress_bar = false")
            yield connection
    finally:
        if exclusive:
            database.close()


class _Database:
    def __init__(self, scratch_root: Path, memory_limit: str, threads: int) -> None:
        self.scratch = scratch_root / f"{scratch_prefix()}{uuid.uuid4().hex}"
        self._connection = duckdb.connect(
            config={
                "temp_directory": str(self.scratch / "spill"),
                "memory_limit": memory_limit,
                "threads": threads,
                "autoinstall_known_extensions": "false",
                # With it, whether Parquet calls a column required depends on what other days share
                # the engine's tables, and equal rows would not give equal bytes.
                "disabled_optimizers": "statistics_propagation",
            }
        )

    def open(self) -> duckdb.DuckDBPyConnection:
        self.scratch.mkdir(parents=True, exist_ok=True)
        return self._connection.cursor()

    def close(self) -> None:
        self._connection.close()
        shutil.rmtree(self.scratch, ignore_errors=True)


# To create a database takes longer than most queries of an update.
@lru_cache(maxsize=DATABASES_KEPT)
def _shared_database(scratch_root: Path, memory_limit: str, threads: int) -> _Database:
    database = _Database(scratch_root, memory_limit, threads)
    atexit.register(shutil.rmtree, database.scratch, ignore_errors=True)
    return database


def scratch_prefix() -> str:
    """How the names of this process's folders in the scratch space begin.

    By it they are found and removed once the process no longer lives.
    """
    return f"{os.getpid()}-"


def remove_abandoned_scratch(scratch_root: Path) -> None:
    """Remove the scratch folders of processes that no longer live."""
    if not scratch_root.is_dir():
        return
    for folder in scratch_root.iterdir():
        process_id = folder.name.split("-")[0]
        if process_id.isdigit() and not psutil.pid_exists(int(process_id)):
            shutil.rmtree(folder, ignore_errors=True)
