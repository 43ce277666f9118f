"""The speed of the alert rules on a lake with 400 days of history."""

import statistics
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from analytics_pipeline.alerting.evaluation import evaluate_days
from analytics_pipeline.alerting.ruleset import rules_of
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline_tests.benchmarks.measuring import Figure, seconds_of
from analytics_pipeline_tests.benchmarks.native_files import LAST
from analytics_pipeline_tests.benchmarks.options import Options
from analytics_pipeline_tests.benchmarks.pipeline_work import build_history, settings_of

HISTORY_DAYS, YEAR = 400, 365


def rules_of_a_day(scratch: Path, options: Options) -> Iterator[Figure]:
    """All rules of one day, and of a year in one call."""
    settings = settings_of(scratch / "landing", scratch / "lake")
    lake = Lake.of(settings)
    build_history(lake, settings, events=options.scaled(400_000), days=HISTORY_DAYS)
    with lake.engine() as connection:
        evaluate_days(lake, connection, [LAST], settings)
        of_days = [
            seconds_of(
                lambda at=at: evaluate_days(  # type: ignore[misc]
                    lake, connection, [LAST - timedelta(days=at)], settings
                )
            )
            for at in range(options.rounds or 7)
        ]
        year = [LAST - timedelta(days=back) for back in range(YEAR)]
        of_year = seconds_of(lambda: evaluate_days(lake, connection, year, settings))
    rules = len(rules_of(settings))
    yield Figure(
        f"all {rules} alert rules of a day, {HISTORY_DAYS} days of history",
        statistics.median(of_days), 1, "s", f"median of {len(of_days)} days",
    )  # fmt: skip
    yield Figure(
        "the same of a year in one call, a day", of_year / YEAR, 0.1, "s",
        f"{of_year:.2f} s for {YEAR} days, once",
    )  # fmt: skip
