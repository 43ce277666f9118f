"""Times the update that a late file causes, on a lake with a given number of days of history.

Prints the seconds of the update as the daemon's runs do it (intake job, then update job), in a
process that has already done one, so that imports do not count.
"""

import json
import os
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path

from analytics_pipeline.forecasting.building import build_demand
from analytics_pipeline.ingestion.intake import take_in
from analytics_pipeline.ingestion.validation import validate
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.samples.generation import generate
from analytics_pipeline.settings import current_settings
from analytics_pipeline_tests.benchmarks.measuring import seconds_of
from analytics_pipeline_tests.benchmarks.pipeline_work import build_metrics

LAST = date(2026, 11, 20)
LATE_EVENTS = 1000


def main(history_days: int) -> None:
    """Build the history up to its metrics and its demand, then measure late files."""
    with tempfile.TemporaryDirectory() as folder:
        landing = Path(folder) / "landing"
        os.environ |= {
            "AICACHE_LANDING_ZONE": str(landing),
            "AICACHE_LAKE": f"{folder}/lake",
            "AICACHE_INGESTION__SETTLE_SECONDS": "0",
            "DAGSTER_HOME": f"{folder}/home",
        }
        generate(landing, events=history_days * 1000, days=history_days, end=LAST, seed=11)
        current_settings.cache_clear()
        settings = current_settings()
        lake = Lake.of(settings)
        from analytics_pipeline.execution import bring_up_to_date, open_instance
        from analytics_pipeline.ingestion.ledger import Ledger

        with open_instance(settings) as instance:
            days = take_in(lake, settings).event_dates
            _build_history(lake, list(days))
            with Ledger.open(lake.state) as ledger:
                ledger.begin_update("history", days)
                ledger.finish_update("history")
            seconds = []
            for number in range(4):
                day = LAST - timedelta(days=10 + number)
                _drop_late_file(landing, number, day)
                seconds.append(seconds_of(lambda: bring_up_to_date(settings, instance)))
            print(json.dumps({"seconds": seconds[1:]}))


def _build_history(lake: Lake, days: list[date]) -> None:
    validate(lake, current_settings(), days)
    build_metrics(lake, days)
    build_demand(lake, days)


def _drop_late_file(landing: Path, number: int, day: date) -> None:
    lines = (
        json.dumps({
            "event_type": "cache_query", "cache_hit": index % 3 > 0, "response_time": 0.2,
            "timestamp": f"{day}T{index % 24:02}:00:00Z", "event_id": f"late-{number}-{index}",
            "user_id": f"user-{index % 50}", "query": f"question {index % 100}",
        })
        for index in range(LATE_EVENTS)
    )  # fmt: skip
    (landing / f"late-{number}.jsonl").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
