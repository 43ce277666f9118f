"""Measure every speed figure and print the table; exits with 1 where one is beyond its limit."""

import json
import math
import shutil
import statistics
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from analytics_pipeline.ingestion.intake import take_in
from analytics_pipeline.ingestion.validation import validate
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.samples.generation import generate
from analytics_pipeline_tests.benchmarks.alert_rules import rules_of_a_day
from analytics_pipeline_tests.benchmarks.dashboard_view import dashboard_first_view
from analytics_pipeline_tests.benchmarks.floor import bare_script
from analytics_pipeline_tests.benchmarks.ingestion_speed import FORMAT_MEASUREMENTS, events
from analytics_pipeline_tests.benchmarks.measuring import (
    Figure,
    in_process_of_its_own,
    ratio,
    seconds_of,
)
from analytics_pipeline_tests.benchmarks.metric_layer import (
    loading_models,
    marts_of_90_days,
    marts_of_a_day,
)
from analytics_pipeline_tests.benchmarks.native_files import LAST
from analytics_pipeline_tests.benchmarks.options import Options, read_options
from analytics_pipeline_tests.benchmarks.other_tools import tools
from analytics_pipeline_tests.benchmarks.pipeline_work import build_metrics, settings_of
from analytics_pipeline_tests.benchmarks.report_speed import daily_reports_of_a_year

PACKAGE = "analytics_pipeline_tests.benchmarks"
FILE_WIDTH = 200
BARE_MARTS = (
    "daily_cache_metrics",
    "daily_engagement_metrics",
    "daily_metric_values",
    "daily_system_metrics",
)
RESULTS = Path("benchmark-results/figures.json")


def ingest(scratch: Path, options: Options) -> Iterator[Figure]:
    """From the landing zone to daily metrics, against the bare script."""
    landing = scratch / "landing"
    summary = generate(landing, events=options.scaled(1_000_000), days=3, end=LAST, seed=1)
    settings = settings_of(landing, scratch / "lake")
    rounds = iter(range(1000))

    def work() -> None:
        lake = Lake(scratch / f"lake-{next(rounds)}", settings.engine)
        days = take_in(lake, settings).event_dates
        validate(lake, settings, days)
        build_metrics(lake, days, BARE_MARTS)

    threads = settings.engine.threads
    value, basis = ratio(work, lambda: bare_script(landing, scratch / "bare", threads))
    megabytes = summary.bytes / 1e6
    yield Figure(
        f"ingest to daily metrics, {summary.events:,} events in {megabytes:.0f} MB, to a bare "
        "DuckDB script",
        value, 2.5, "times", basis,
    )  # fmt: skip


def late_file(_: Path, __: Options) -> Iterator[Figure]:
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


def definitions(_: Path, __: Options) -> Iterator[Figure]:
    """Loading the definitions against importing Dagster, whole processes."""

    def importing(module: str) -> float:
        command = [sys.executable, "-c", f"import {module}"]
        return seconds_of(lambda: subprocess.run(command, check=True))

    importing("analytics_pipeline.definitions")
    pairs = [(importing("analytics_pipeline.definitions"), importing("dagster")) for _ in range(5)]
    ours, floor = (statistics.median(column) for column in zip(*pairs, strict=True))
    yield Figure("loading the definitions to import dagster", ours / floor, 1.5, "times",
                 f"{ours:.2f} s to {floor:.2f} s, medians of 5 processes")  # fmt: skip


def backfill(_: Path, __: Options) -> Iterator[Figure]:
    """A backfill of 30 days in a single run against the pure work."""
    result = in_process_of_its_own(f"{PACKAGE}.single_run")
    yield Figure("backfill of 30 days in one run to its pure work", result["ratio"], 3, "times",
                 result["basis"])  # fmt: skip


def memory(scratch: Path, options: Options) -> Iterator[Figure]:
    """Peak memory of ingesting 5M events."""
    yield from _peak_memory(scratch, options.scaled(5_000_000), ("private",))


def memory_10m(scratch: Path, options: Options) -> Iterator[Figure]:
    """Peak memory of ingesting 10M events, with and without pseudonyms and redaction."""
    yield from _peak_memory(scratch, options.scaled(10_000_000), ("plain", "private"))


def _peak_memory(scratch: Path, events: int, privacies: Sequence[str]) -> Iterator[Figure]:
    landing = scratch / "large"
    generate(landing, events=events, days=3, end=LAST, seed=2)
    told = {"plain": "privacy off", "private": "privacy on"}
    for privacy in privacies:
        lake = scratch / privacy
        result = in_process_of_its_own(
            f"{PACKAGE}.ingest_process", str(landing), str(lake), privacy, "metrics"
        )
        shutil.rmtree(lake)
        yield Figure(
            f"peak memory, {events:,} events to daily metrics; {told[privacy]}",
            result["peak_memory_bytes"] / 1e9, 2, "GB",
            f"{result['lines']:,} lines in {result['seconds']:.0f} s",
        )  # fmt: skip


def sensor(_: Path, __: Options) -> Iterator[Figure]:
    """A tick of the landing zone's sensor that knows 100,000 files."""
    for layout, where in (("flat", "one folder"), ("dated", "date folders")):
        result = in_process_of_its_own(f"{PACKAGE}.sensor_tick", layout, "100000")
        seconds, looks = result["seconds"], result["found_after"]
        yield Figure(
            f"longest sensor tick with 100,000 known files in {where}", max(seconds), 1, "s",
            f"{len(seconds)} ticks, median {statistics.median(seconds):.2f} s; new files found "
            f"after {', '.join(map(str, looks))} ticks",
        )  # fmt: skip


MEASUREMENTS: dict[str, Callable[[Path, Options], Iterator[Figure]]] = {
    "ingest": ingest,
    "events": events,
    **FORMAT_MEASUREMENTS,
    "tools": tools,
    "memory": memory,
    "memory_10m": memory_10m,
    "late_file": late_file,
    "definitions": definitions,
    "backfill": backfill,
    "sensor": sensor,
    "marts_day": marts_of_a_day,
    "marts_90_days": marts_of_90_days,
    "loading_models": loading_models,
    "dashboard_first_view": dashboard_first_view,
    "rules_day": rules_of_a_day,
    "reports_year": daily_reports_of_a_year,
}


def main() -> None:
    """Take the measurements named as arguments, or all."""
    options = read_options(sys.argv[1:], list(MEASUREMENTS))
    console = Console(highlight=False, width=None if sys.stdout.isatty() else FILE_WIDTH)
    progress = Console(stderr=True, highlight=False)
    table = Table("figure", "measured", "limit", "", "from", box=None)
    figures = []
    for name in options.names:
        progress.print(f"{name} …", style="dim")
        with tempfile.TemporaryDirectory() as folder:
            for figure in _figures(name, Path(folder), options):
                figures.append(figure)
                table.add_row(*_row(figure))
    if options.scale != 1:
        table.title = f"a trial with {options.scale:g} of the usual data: no result"
    console.print(table)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps([asdict(figure) for figure in figures], indent=2) + "\n")
    sys.exit(0 if all(figure.holds for figure in figures) else 1)


def _figures(name: str, scratch: Path, options: Options) -> Iterator[Figure]:
    """The figures of a measurement; where it fails, one that says why, and the others go on."""
    try:
        yield from MEASUREMENTS[name](scratch, options)
    except Exception as error:
        traceback.print_exc()
        yield Figure(name, math.nan, None, "", str(error).strip().split("\n")[0])


def _row(figure: Figure) -> tuple[str, ...]:
    measured = f"{figure.value:,.2f}" if figure.value < 1000 else f"{figure.value:,.0f}"
    if math.isnan(figure.value):
        return figure.name, "", "", "FAILED", figure.basis
    if figure.limit is None:
        return figure.name, f"{measured} {figure.unit}", "", "", figure.basis
    verdict = "holds" if figure.holds else "EXCEEDED"
    limit = f"{figure.limit:g} {figure.unit}"
    return figure.name, f"{measured} {figure.unit}", limit, verdict, figure.basis


if __name__ == "__main__":
    main()
