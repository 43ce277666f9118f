"""The speed of the daily reports."""

from collections.abc import Iterator
from pathlib import Path

from analytics_pipeline_tests.benchmarks.measuring import Figure, in_process_of_its_own
from analytics_pipeline_tests.benchmarks.options import Options
from analytics_pipeline_tests.benchmarks.report_process import REPORTS

MODULE = "analytics_pipeline_tests.benchmarks.report_process"


def daily_reports_of_a_year(_scratch: Path, options: Options) -> Iterator[Figure]:
    """A page by itself, and 365 reports in one run, each in both views and three formats."""
    taken = in_process_of_its_own(MODULE, str(options.scaled(400_000)))
    yield Figure(
        "a day's page, from the tables to its HTML, the first of a process", taken["page"], 1.5,
        "s", "once, beyond imports, with the alert rules of the day",
    )  # fmt: skip
    yield Figure(
        f"{REPORTS} daily reports in one Dagster run, each", taken["reports"] / REPORTS, 0.5, "s",
        f"{taken['reports']:.1f} s, once; HTML, JSON and CSV for engineers and executives",
    )  # fmt: skip
