"""The same events by this pipeline, by bare DuckDB, by pandas and by dlt, one after another."""

import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from analytics_pipeline_tests.benchmarks.measuring import Figure, in_process_of_its_own
from analytics_pipeline_tests.benchmarks.native_files import write_events
from analytics_pipeline_tests.benchmarks.options import Options

PACKAGE = "analytics_pipeline_tests.benchmarks"
EVENTS = 1_000_000
# dlt goes row by row through Python: twice as many take it twice as long.
EVENTS_OF_DLT = 200_000
DLT = "dlt[parquet]==1.31.0"
DLT_ENVIRONMENT = Path("benchmark-results/dlt-environment")


def tools(scratch: Path, options: Options) -> Iterator[Figure]:
    """Native JSON lines to typed Parquet, each in a process of its own, without its imports."""
    file = scratch / "landing/source/events.jsonl"
    file.parent.mkdir(parents=True)
    write_events(file, options.scaled(EVENTS))
    landing = str(scratch / "landing")
    for privacy, told in (("plain", "privacy off"), ("private", "privacy on")):
        account = in_process_of_its_own(
            f"{PACKAGE}.ingest_process", landing, str(scratch / privacy), privacy, "events"
        )
        yield _pace(f"this pipeline, {told}", account)
    for module in ("bare_load", "pandas_load"):
        account = in_process_of_its_own(f"{PACKAGE}.{module}", str(file), str(scratch / module))
        yield _pace(account["tool"], account)
    first = scratch / "first/events.jsonl"
    first.parent.mkdir()
    with file.open() as lines, first.open("w") as target:
        target.writelines(islice(lines, options.scaled(EVENTS_OF_DLT)))
    account = in_process_of_its_own(
        f"{PACKAGE}.dlt_load", str(first), str(scratch / "dlt"), python=_dlt_python(options)
    )
    yield _pace(f"{account['tool']}, of the first of these events", account)


def _pace(tool: str, account: dict[str, Any]) -> Figure:
    basis = (
        f"{account['events']:,} events in {account['seconds']:.1f} s, at most "
        f"{account['peak_memory_bytes'] / 1e9:.2f} GB of memory"
    )
    return Figure(f"to typed Parquet by {tool}", account["events"] / account["seconds"], None,
                  "events/s", basis)  # fmt: skip


def _dlt_python(options: Options) -> Path:
    """The interpreter of an environment with dlt, which is made where none is given."""
    if options.dlt_python:
        return options.dlt_python.absolute()
    python = DLT_ENVIRONMENT.absolute() / "bin/python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", DLT_ENVIRONMENT], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", DLT], check=True)
    return python
