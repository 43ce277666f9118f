"""Times a backfill of 30 days as one Dagster run against the pure work of those days."""

import json
import tempfile
from datetime import date, timedelta
from pathlib import Path

from analytics_pipeline.ingestion.intake import take_in
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.samples.generation import generate
from analytics_pipeline_tests.benchmarks.measuring import ratio
from analytics_pipeline_tests.benchmarks.pipeline_work import build_everything, settings_of_process

LAST = date(2026, 11, 20)
DAYS = [LAST - timedelta(days=offset) for offset in reversed(range(30))]


def main() -> None:
    """Print the ratio and the measurements behind it."""
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_of_process(Path(folder))
        from analytics_pipeline.execution import open_instance, update

        generate(settings.landing_zone, events=45_000, days=45, end=LAST, seed=5)
        lake = Lake.of(settings)
        days = take_in(lake, settings).event_dates
        build_everything(lake, settings, days)
        with open_instance(settings) as instance:
            update(instance, DAYS[0], DAYS[0])
            value, basis = ratio(
                lambda: update(instance, DAYS[0], DAYS[-1]),
                lambda: build_everything(lake, settings, DAYS),
                rounds=2,
            )
        print(json.dumps({"ratio": value, "basis": basis}))


if __name__ == "__main__":
    main()
