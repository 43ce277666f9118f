"""Loads JSON lines with dlt into typed Parquet; prints how long it took.

It runs in an environment that has dlt and not this project's dependencies. Arguments: file of JSON
lines, destination folder.
"""

import json
import os
import sys
from pathlib import Path

import dlt
from dlt.destinations import filesystem
from dlt.sources.filesystem import filesystem as files
from dlt.sources.filesystem import read_jsonl

from analytics_pipeline_tests.benchmarks.measuring import peak_memory_bytes, seconds_of

TIMES = ("timestamp", "started_at", "finished_at")


def load(file: Path, destination: Path) -> int:
    """Run a pipeline of dlt; returns how many events it loaded."""
    pipeline = dlt.pipeline(
        "benchmark", pipelines_dir=str(destination / "state"),
        destination=filesystem(bucket_url=(destination / "tables").as_uri()), dataset_name="lake",
    )  # fmt: skip
    lines = files(bucket_url=file.parent.as_uri(), file_glob=file.name) | read_jsonl()
    events = lines.with_name("events")
    events.apply_hints(columns={name: {"data_type": "timestamp"} for name in TIMES})
    pipeline.run(events, loader_file_format="parquet").raise_on_failed_jobs()
    return pipeline.last_trace.last_normalize_info.row_counts["events"]


if __name__ == "__main__":
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    found: list[int] = []
    seconds = seconds_of(lambda: found.append(load(Path(sys.argv[1]), Path(sys.argv[2]))))
    print(json.dumps({
        "tool": f"dlt {dlt.__version__}", "seconds": seconds, "events": found[0],
        "peak_memory_bytes": peak_memory_bytes(),
    }))  # fmt: skip
