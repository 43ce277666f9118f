"""Ingests a landing zone in a process of its own; prints how long it took and how much memory.

Arguments: landing zone, lake, ``private`` or ``plain``, ``events`` or ``metrics`` for how far.
"""

import json
import sys
from pathlib import Path

from analytics_pipeline.ingestion.intake import take_in
from analytics_pipeline.ingestion.validation import validate
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline_tests.benchmarks.measuring import peak_memory_bytes, seconds_of
from analytics_pipeline_tests.benchmarks.pipeline_work import build_metrics, settings_of


def main(landing: Path, folder: Path, privacy: str, last: str) -> None:
    """Ingest, and print the account as JSON."""
    settings = settings_of(landing, folder, private=privacy == "private")
    lake = Lake.of(settings)
    account: dict[str, float] = {}

    def work() -> None:
        days = take_in(lake, settings).event_dates
        counts = validate(lake, settings, days).values()
        account["lines"] = sum(count.lines for count in counts)
        account["events"] = sum(count.validated for count in counts)
        if last == "metrics":
            build_metrics(lake, days)

    account["seconds"] = seconds_of(work)
    account["peak_memory_bytes"] = peak_memory_bytes()
    print(json.dumps(account))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4])
