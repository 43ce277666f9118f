"""Ingests a landing zone in a process of its own, and prints how much memory that took."""

import json
import sys
from pathlib import Path

from analytics_pipeline.ingestion.intake import take_in
from analytics_pipeline.ingestion.validation import validate
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline_tests.benchmarks.measuring import peak_memory_bytes
from analytics_pipeline_tests.benchmarks.pipeline_work import build_metrics, settings_of

if __name__ == "__main__":
    settings = settings_of(Path(sys.argv[1]), Path(sys.argv[2]))
    lake = Lake.of(settings)
    days = take_in(lake, settings).event_dates
    counts = validate(lake, settings, days)
    build_metrics(lake, days)
    lines = sum(count.lines for count in counts.values())
    print(json.dumps({"peak_memory_bytes": peak_memory_bytes(), "lines": lines}))
