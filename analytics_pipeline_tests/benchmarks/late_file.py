"""Times the update that a late file causes, on a lake with a given number of days of history.

Prints the seconds of the pipeline's own work, and those of the two Dagster runs that do the same
with all their bookkeeping, in a process that has already done both, so that imports do not count.
"""

import json
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path

from analytics_pipeline.forecasting.building import build_demand
from analytics_pipeline.ingestion.intake import take_in
from analytics_pipeline.ingestion.pending_updates import PendingUpdates
from analytics_pipeline.ingestion.validation import validate
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.samples.generation import generate
from analytics_pipeline.settings import Settings
from analytics_pipeline_tests.benchmarks.measuring import seconds_of
from analytics_pipeline_tests.benchmarks.pipeline_work import (
    build_everything,
    build_metrics,
    settings_of_process,
)

LAST = date(2026, 11, 20)
LATE_EVENTS = 1000
ROUNDS = 4


def main(history_days: int) -> None:
    """Build the history up to its metrics and its demand, then measure late files."""
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_of_process(Path(folder))
        from analytics_pipeline.execution import bring_up_to_date, open_instance

        generate(
            settings.landing_zone, events=history_days * 1000, days=history_days, end=LAST, seed=11
        )
        lake = Lake.of(settings)
        days = list(take_in(lake, settings).event_dates)
        _build_history(lake, settings, days)
        work, runs = [], []
        with open_instance(settings) as instance:
            for number in range(ROUNDS):
                # Each late day has the two weeks of history that a forecast needs.
                day = LAST - timedelta(days=1 + number)
                _drop_late_file(settings.landing_zone, f"work-{number}", day)
                work.append(seconds_of(lambda: _work(lake, settings)))
                _drop_late_file(settings.landing_zone, f"run-{number}", day)
                runs.append(seconds_of(lambda: bring_up_to_date(settings, instance)))
        print(json.dumps({"work": work[1:], "runs": runs[1:]}))


def _work(lake: Lake, settings: Settings) -> None:
    build_everything(lake, settings, take_in(lake, settings).event_dates)
    _settle(lake)


def _build_history(lake: Lake, settings: Settings, days: list[date]) -> None:
    validate(lake, settings, days)
    build_metrics(lake, days)
    build_demand(lake, days)
    _settle(lake)


def _settle(lake: Lake) -> None:
    """Record that no date awaits an update."""
    with PendingUpdates.open(lake.state) as pending:
        pending.begin_update("benchmark", pending.awaiting_update())
        pending.finish_update("benchmark")


def _drop_late_file(landing: Path, name: str, day: date) -> None:
    lines = (
        json.dumps({
            "event_type": "cache_query", "cache_hit": index % 3 > 0, "response_time": 0.2,
            "timestamp": f"{day}T{index % 24:02}:00:00Z", "event_id": f"{name}-{index}",
            "user_id": f"user-{index % 50}", "query": f"question {index % 100}",
        })
        for index in range(LATE_EVENTS)
    )  # fmt: skip
    (landing / f"{name}.jsonl").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
