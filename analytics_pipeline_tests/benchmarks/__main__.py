"""Measure every speed figure and print the table; exits with 1 where one is beyond its limit."""

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.table import Table

from analytics_pipeline.ingestion.intake import take_in
from analytics_pipeline.ingestion.validation import validate
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.samples.generation import generate
from analytics_pipeline_tests.benchmarks.floor import bare_script
from analytics_pipeline_tests.benchmarks.measuring import (
    Figure,
    in_process_of_its_own,
    ratio,
    seconds_of,
)
from analytics_pipeline_tests.benchmarks.pipeline_work import build_metrics, settings_of

LAST = date(2026, 11, 20)
PACKAGE = "analytics_pipeline_tests.benchmarks"
RESULTS = Path("benchmark-results/figures.json")


def ingest(scratch: Path) -> Iterator[Figure]:
    """From the landing zone to daily metrics, against the bare script."""
    landing = scratch / "landing"
    summary = generate(landing, events=1_000_000, days=3, end=LAST, seed=1)
    settings = settings_of(landing, scratch / "lake")
    rounds = iter(range(1000))

    def work() -> None:
        lake = Lake(scratch / f"lake-{next(rounds)}", settings.engine)
        days = take_in(lake, settings).event_dates
        validate(lake, settings, days)
        build_metrics(lake, days)

    threads = settings.engine.threads
    value, basis = ratio(work, lambda: bare_script(landing, scratch / "bare", threads))
    megabytes = summary.bytes / 1e6
    yield Figure(
        f"ingest to daily metrics, 1M events in {megabytes:.0f} MB, to a bare DuckDB script",
        value, 2.5, "times", basis,
    )  # fmt: skip


def late_file(_: Path) -> Iterator[Figure]:
    """The update that a late file of 1,000 events causes, on short and long histories."""
    measured = {
        days: in_process_of_its_own(f"{PACKAGE}.late_file", str(days)) for days in (20, 400)
    }
    work, runs = (
        {days: statistics.median(result[kind]) for days, result in measured.items()}
        for kind in ("work", "runs")
    )
    basis = "{0[400]:.2f} s with 400 days, {0[20]:.2f} s with 20 days of history"
    yield Figure("late file to report, the work", work[400], 3, "s", basis.format(work))
    yield Figure("late file to report, as two Dagster runs", runs[400], 3, "s",
                 basis.format(runs))  # fmt: skip
    yield Figure("late file, the work with 400 to 20 days", work[400] / work[20], 1.3, "times",
                 basis.format(work))  # fmt: skip
    yield Figure("late file, the runs with 400 to 20 days", runs[400] / runs[20], 1.3, "times",
                 basis.format(runs))  # fmt: skip


def definitions(_: Path) -> Iterator[Figure]:
    """Loading the definitions against importing Dagster, whole processes."""

    def importing(module: str) -> float:
        command = [sys.executable, "-c", f"import {module}"]
        return seconds_of(lambda: subprocess.run(command, check=True))

    importing("analytics_pipeline.definitions")
    pairs = [(importing("analytics_pipeline.definitions"), importing("dagster")) for _ in range(5)]
    ours, floor = (statistics.median(column) for column in zip(*pairs, strict=True))
    yield Figure("loading the definitions to import dagster", ours / floor, 1.5, "times",
                 f"{ours:.2f} s to {floor:.2f} s, medians of 5 processes")  # fmt: skip


def backfill(_: Path) -> Iterator[Figure]:
    """A backfill of 30 days in a single run against the pure work."""
    result = in_process_of_its_own(f"{PACKAGE}.single_run")
    yield Figure("backfill of 30 days in one run to its pure work", result["ratio"], 3, "times",
                 result["basis"])  # fmt: skip


def memory(scratch: Path) -> Iterator[Figure]:
    """Peak memory of ingesting 5M events."""
    landing = scratch / "large"
    generate(landing, events=5_000_000, days=3, end=LAST, seed=2)
    result = in_process_of_its_own(
        f"{PACKAGE}.ingest_memory", str(landing), str(scratch / "large-lake")
    )
    yield Figure("peak memory, ingest of 5M events to daily metrics",
                 result["peak_memory_bytes"] / 1e9, 2, "GB",
                 f"{result['lines']:,} lines")  # fmt: skip


def sensor(_: Path) -> Iterator[Figure]:
    """A tick of the landing zone's sensor that knows 100,000 files."""
    for layout, where in (("flat", "one folder"), ("dated", "date folders")):
        result = in_process_of_its_own(f"{PACKAGE}.sensor_tick", layout, "100000")
        seconds, looks = result["seconds"], result["found_after"]
        yield Figure(
            f"longest sensor tick with 100,000 known files in {where}", max(seconds), 1, "s",
            f"{len(seconds)} ticks, median {statistics.median(seconds):.2f} s; new files found "
            f"after {', '.join(map(str, looks))} ticks",
        )  # fmt: skip


MEASUREMENTS = {
    measurement.__name__: measurement
    for measurement in (ingest, late_file, definitions, backfill, memory, sensor)
}


def main() -> None:
    """Take the measurements named as arguments, or all."""
    console = Console(highlight=False)
    table = Table("figure", "measured", "limit", "", "from", box=None)
    figures = []
    for name in sys.argv[1:] or MEASUREMENTS:
        with tempfile.TemporaryDirectory() as folder:
            for figure in MEASUREMENTS[name](Path(folder)):
                figures.append(figure)
                verdict = "holds" if figure.holds else "EXCEEDED"
                table.add_row(
                    figure.name, f"{figure.value:.2f} {figure.unit}",
                    f"{figure.limit:g} {figure.unit}", verdict, figure.basis,
                )  # fmt: skip
    console.print(table)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps([asdict(figure) for figure in figures], indent=2) + "\n")
    sys.exit(0 if all(figure.holds for figure in figures) else 1)


if __name__ == "__main__":
    main()
