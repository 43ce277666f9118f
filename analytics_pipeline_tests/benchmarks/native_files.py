"""The same native events in each of the forms in which they can come."""

import gzip
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
from backports import zstd

from analytics_pipeline.samples.generation import generate
from analytics_pipeline_tests.benchmarks.floor import flat_columns, typed_json

LAST = date(2026, 11, 20)


def write_events(file: Path, events: int) -> int:
    """Valid native events as JSON lines in one file; returns how many there are."""
    folder = file.with_name(f"{file.name}-by-day")
    generate(
        folder, events=events, days=3, end=LAST, seed=1,
        late_share=0, duplicate_share=0, bad_share=0,
    )  # fmt: skip
    with file.open("wb") as handle:
        for day in sorted(folder.rglob("*.jsonl")):
            with day.open("rb") as lines:
                shutil.copyfileobj(lines, handle)
    shutil.rmtree(folder)
    return events


def _as_array(lines: Path, file: Path) -> None:
    text = lines.read_bytes().rstrip(b"\n").replace(b"\n", b",\n")
    file.write_bytes(b"[\n" + text + b"\n]\n")


def _as_gzip(lines: Path, file: Path) -> None:
    with lines.open("rb") as source, gzip.open(file, "wb", compresslevel=6) as target:
        shutil.copyfileobj(source, target)


def _as_zstd(lines: Path, file: Path) -> None:
    with lines.open("rb") as source, zstd.open(file, "wb") as target:
        shutil.copyfileobj(source, target)


def _as_csv(lines: Path, file: Path) -> None:
    names = ", ".join(f'{_member(path)} AS "{path}"' for path in flat_columns())
    _copy(f"SELECT {names} FROM {typed_json(lines)}", file, "format csv, header")


def _as_parquet(lines: Path, file: Path) -> None:
    _copy(f"FROM {typed_json(lines)}", file, "format parquet")


def _member(path: str) -> str:
    return ".".join(f'"{part}"' for part in path.split("."))


def _copy(query: str, file: Path, options: str) -> None:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"COPY ({query}) TO '{file}' ({options})")


FORMS: dict[str, tuple[str, Callable[[Path, Path], None]]] = {
    "json_array": ("events.json", _as_array),
    "csv": ("events.csv", _as_csv),
    "parquet": ("events.parquet", _as_parquet),
    "gzip": ("events.jsonl.gz", _as_gzip),
    "zstd": ("events.jsonl.zst", _as_zstd),
}
