"""Reads JSON lines with pandas, types them and writes Parquet; prints how long it took.

Arguments: file of JSON lines, destination folder.
"""

import json
import sys
from pathlib import Path

import pandas as pd

from analytics_pipeline_tests.benchmarks.measuring import peak_memory_bytes, seconds_of

LINES_OF_A_CHUNK = 100_000
TIMES = ("timestamp", "started_at", "finished_at")


def load(file: Path, destination: Path) -> int:
    """Write a Parquet file for each chunk; returns how many events there are."""
    destination.mkdir(parents=True)
    events = 0
    with pd.read_json(file, lines=True, chunksize=LINES_OF_A_CHUNK) as chunks:
        for number, chunk in enumerate(chunks):
            for name in set(TIMES) & set(chunk):
                chunk[name] = pd.to_datetime(chunk[name], utc=True, format="ISO8601")
            chunk.to_parquet(destination / f"{number:05}.parquet", index=False)
            events += len(chunk)
    return events


if __name__ == "__main__":
    found: list[int] = []
    seconds = seconds_of(lambda: found.append(load(Path(sys.argv[1]), Path(sys.argv[2]))))
    print(json.dumps({
        "tool": f"pandas {pd.__version__}", "seconds": seconds, "events": found[0],
        "peak_memory_bytes": peak_memory_bytes(),
    }))  # fmt: skip
