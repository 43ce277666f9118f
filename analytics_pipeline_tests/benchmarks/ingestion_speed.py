"""How long it takes from files to validated events, against the floor of each format."""

import math
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path

from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.samples.generation import generate
from analytics_pipeline_tests.benchmarks import format_files, format_floors
from analytics_pipeline_tests.benchmarks.floor import bare_script
from analytics_pipeline_tests.benchmarks.measuring import Figure, ratios
from analytics_pipeline_tests.benchmarks.native_files import FORMS, LAST, write_events
from analytics_pipeline_tests.benchmarks.options import Options
from analytics_pipeline_tests.benchmarks.pipeline_work import ingest_into, settings_of

ROUNDS = 5
ROUNDS_OF_A_FORMAT = 3
EVENTS = 1_000_000
NATIVE_EVENTS = 200_000
FILE_BYTES = 60_000_000
PRIVACY = {"privacy off": False, "privacy on": True}

READ_JSON = "DuckDB read_json of mapped columns, to Parquet"
READ_LINES = "DuckDB read_csv of lines, regexp_extract, to Parquet"

# Of each format: the name of its file, what writes it, and what its floor is.
FORMATS: dict[str, tuple[str, Callable[[Path, int], int], str]] = {
    "toon": ("operations.jsonl", format_files.write_toon, READ_JSON),
    "litellm": ("calls.jsonl", format_files.write_litellm, READ_JSON),
    "litellm_spend_logs": ("rows.jsonl", format_files.write_litellm_spend_logs, READ_JSON),
    "opentelemetry": ("traces.jsonl", format_files.write_opentelemetry, READ_JSON),
    "github": ("runs.jsonl", format_files.write_github, READ_JSON),
    "access_log": ("access.log", format_files.write_access_log, READ_LINES),
    "python_logging": ("service.log", format_files.write_python_logging, READ_LINES),
    "syslog": ("syslog.log", format_files.write_syslog, READ_LINES),
    "behavioral": ("behavioral.db", format_files.write_behavioral,
                   "Python's sqlite3 and Arrow, to Parquet"),
}  # fmt: skip


def events(scratch: Path, options: Options) -> Iterator[Figure]:
    """Native JSON lines to validated events, against a bare typed read and Parquet write."""
    landing = scratch / "landing"
    summary = generate(landing, events=options.scaled(EVENTS), days=3, end=LAST, seed=1)
    threads = settings_of(landing, scratch / "lake").engine.threads
    ingesting = [_ingesting(scratch, landing, private) for private in PRIVACY.values()]
    found = ratios(
        ingesting,
        lambda: bare_script(landing, scratch / "bare", threads, metrics=False),
        options.rounds or ROUNDS,
    )
    for (value, basis), limit, told in zip(found, (1.5, 2.5), PRIVACY, strict=True):
        name = f"{summary.events:,} native events to bare DuckDB read_json, to Parquet; {told}"
        size = f"{summary.bytes / 1e6:.0f} MB"
        yield Figure(name, value, limit, "times", f"{basis}; {size}")


def _native_form(form: str, scratch: Path, options: Options) -> Iterator[Figure]:
    file_name, convert = FORMS[form]
    lines = scratch / "events.jsonl"
    records = write_events(lines, options.scaled(NATIVE_EVENTS))
    file = _place_of(scratch, file_name)
    convert(lines, file)
    lines.unlink()
    reader = {"csv": "read_csv", "parquet": "read_parquet"}.get(form, "read_json")
    yield from _against_floor(form, file, records, f"DuckDB {reader}, to Parquet", options)


def _format(name: str, scratch: Path, options: Options) -> Iterator[Figure]:
    file_name, write, floor = FORMATS[name]
    file = _place_of(scratch, file_name)
    records = write(file, options.scaled(FILE_BYTES))
    yield from _against_floor(name, file, records, floor, options)


def _place_of(scratch: Path, file_name: str) -> Path:
    file = scratch / "landing/source" / file_name
    file.parent.mkdir(parents=True)
    return file


def _against_floor(
    name: str, file: Path, records: int, floor: str, options: Options
) -> Iterator[Figure]:
    scratch = file.parents[2]
    landing = scratch / "landing"
    settings = settings_of(landing, scratch / "trial", private=False)
    validated = ingest_into(Lake.of(settings), settings)
    size = f"{records:,} records in {file.stat().st_size / 1e6:.0f} MB"
    if validated != records:
        yield Figure(name, math.nan, None, "times",
                     f"only {validated:,} of {size} became events")  # fmt: skip
        return
    found = ratios(
        [_ingesting(scratch, landing, private) for private in PRIVACY.values()],
        lambda: format_floors.bare(name, file, scratch / "bare", settings.engine.threads),
        options.rounds or ROUNDS_OF_A_FORMAT,
    )
    for (value, basis), told in zip(found, PRIVACY, strict=True):
        yield Figure(f"{name} to {floor}; {told}", value, None, "times", f"{basis}; {size}")


def _ingesting(scratch: Path, landing: Path, private: bool) -> Callable[[], int]:
    """Ingest a landing zone into a new lake at each call."""
    numbers = count()

    def ingest() -> int:
        lake = scratch / f"lake-{private}-{next(numbers)}"
        settings = settings_of(landing, lake, private=private)
        return ingest_into(Lake.of(settings), settings)

    return ingest


FORMAT_MEASUREMENTS: dict[str, Callable[[Path, Options], Iterator[Figure]]] = {
    **{f"format_{form}": partial(_native_form, form) for form in FORMS},
    **{f"format_{name}": partial(_format, name) for name in FORMATS},
}
