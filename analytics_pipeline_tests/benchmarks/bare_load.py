"""Reads JSON lines with DuckDB, typed, and writes Parquet; prints how long it took.

Arguments: file of JSON lines, destination folder.
"""

import json
import sys
from pathlib import Path

import duckdb
import pyarrow.dataset as ds

from analytics_pipeline.settings import EngineSettings
from analytics_pipeline_tests.benchmarks.floor import bare_engine, write_parquet
from analytics_pipeline_tests.benchmarks.format_floors import native_json
from analytics_pipeline_tests.benchmarks.measuring import peak_memory_bytes, seconds_of


def load(file: Path, destination: Path) -> None:
    """Write typed Parquet by date."""
    with bare_engine(EngineSettings().threads) as connection:
        write_parquet(connection, native_json(file), destination)


if __name__ == "__main__":
    source, destination = Path(sys.argv[1]), Path(sys.argv[2])
    seconds = seconds_of(lambda: load(source, destination))
    print(json.dumps({
        "tool": f"bare DuckDB {duckdb.__version__}", "seconds": seconds,
        "peak_memory_bytes": peak_memory_bytes(), "events": ds.dataset(destination).count_rows(),
    }))  # fmt: skip
