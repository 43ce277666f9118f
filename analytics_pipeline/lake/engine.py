"""The DuckDB engine: one private, in-memory database for a piece of work, spilling to scratch."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import psutil

from analytics_pipeline.settings import EngineSettings


@contextmanager
def open_engine(
    scratch_root: Path, settings: EngineSettings
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an engine that works in UTC, within the configured memory, and clean up behind it."""
    scratch = scratch_root / f"{os.getpid()}-{uuid.uuid4().hex}"
    scratch.mkdir(parents=True)
    try:
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute("SET temp_directory = ?", [str(scratch / "spill")])
            connection.execute("SET memory_limit = ?", [settings.memory_limit])
            connection.execute("SET threads = ?", [settings.threads])
            connection.execute("SET autoinstall_known_extensions = false")
            connection.execute("SET enable_progress_bar = false")
            # With it, whether Parquet calls a column required depends on what other days share
            # the engine's tables, and equal rows would not give equal bytes.
            connection.execute("SET disabled_optimizers = 'statistics_propagation'")
            yield connection
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def remove_abandoned_scratch(scratch_root: Path) -> None:
    """Remove the scratch folders of processes that no longer live."""
    if not scratch_root.is_dir():
        return
    for folder in scratch_root.iterdir():
        process_id = folder.name.split("-")[0]
        if process_id.isdigit() and not psutil.pid_exists(int(process_id)):
            shutil.rmtree(folder, ignore_errors=True)
