"""Events read from raw files by Python and pandas alone, to compute metrics independently."""

import gzip
import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analytics_pipeline.ingestion.intake import take_in
from analytics_pipeline.ingestion.validation import validate
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.metrics.building import build
from analytics_pipeline.metrics.project import Project
from analytics_pipeline.samples.generation.generate import generate
from analytics_pipeline_tests.benchmarks.pipeline_work import settings_of

REQUIRED = {
    "cache_query": {"cache_hit": bool},
    "failed_query": {"error": str},
    "cache_store": {"cache_key": str},
    "ui_interaction": {"action": str},
    "system_metric": {"metric_name": str, "value": (int, float)},
    "log_entry": {"level": str, "message": str},
    "build": {"repository": str, "status": str},
    "deployment": {"repository": str, "status": str, "environment": str},
}
TEXTS = ("user_id", "session_id", "team", "model", "match_type", "cache_key", "query", "host",
         "unit", "component", "pipeline", "commit", "page", "element", "action")  # fmt: skip


@dataclass(frozen=True)
class RawLake:
    """A lake whose marts are built, and its events as read from the raw files.

    ``events`` has a row for each valid event and a column for each field (context.language is
    ``language``), with ``timestamp`` in UTC and ``event_date``. ``days`` are those that were built;
    the last one has no events.
    """

    lake: Lake
    project: Project
    events: pd.DataFrame
    days: Sequence[date]

    def of_type(self, *event_types: str) -> pd.DataFrame:
        """The events of some types."""
        return self.events[self.events.event_type.isin(event_types)]

    def mart(self, name: str) -> pd.DataFrame:
        """All rows of a mart, with event_date as dates."""
        with self.lake.engine() as connection:
            frame = self.lake.frame(connection, self.project.marts[name].table)
        return frame.assign(event_date=frame.event_date.dt.date)


def read_events(landing: Path) -> pd.DataFrame:
    """The valid events of the JSON lines below a folder, each once."""
    found: dict[tuple[date, str], dict[str, Any]] = {}
    for file in sorted(landing.rglob("*.jsonl*")):
        content = file.read_bytes()
        seen: Counter[str] = Counter()
        for line in (gzip.decompress(content) if file.suffix == ".gz" else content).split(b"\n"):
            event = _valid(line)
            if event is None:
                continue
            text = json.dumps(event, sort_keys=True, default=str)
            seen[text] += 1
            identity = event.get("event_id") or f"{text} {seen[text]}"
            found.setdefault((event["event_date"], identity), event)
    return pd.DataFrame.from_records(list(found.values())).reindex(
        columns=sorted({*TEXTS, *(name for event in found.values() for name in event)})
    )


def _valid(line: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(line.decode())
    except ValueError:
        return None
    if not isinstance(event, dict) or event.get("event_type") not in REQUIRED:
        return None
    for name, kind in REQUIRED[event["event_type"]].items():
        if not isinstance(event.get(name), kind):
            return None
    if not isinstance(event.get("prompt_tokens", 0), int) or event.get("response_time", 0) < 0:
        return None
    time = pd.to_datetime(
        event.get("timestamp") or event.get("started_at"), utc=True, errors="coerce"
    )
    if pd.isna(time) or not 2005 <= time.year < 2900:
        return None
    times = {
        name: pd.Timestamp(event[name]).tz_convert(None)
        for name in ("started_at", "finished_at")
        if event.get(name)
    }
    context = event.pop("context", None) or {}
    moment = time.tz_convert(None)
    return {**event, **context, **times, "timestamp": moment, "event_date": moment.date()}


def generated_lake(folder: Path, project: Project, *, events: int, days: int) -> RawLake:
    """Generated events, late and repeated ones among them, that arrived in two halves."""
    generated = folder / "generated"
    generate(
        generated,
        events=events,
        days=days,
        end=date(2026, 10, 31),
        seed=5,
        late_share=0.02,
        duplicate_share=0.02,
        bad_share=0.005,
    )
    files = sorted(generated.rglob("*.jsonl*"))
    half = len(files) // 2
    return _built(folder, generated, project, [files[:half], files[half:]])


def copied_lake(
    folder: Path, landing: Path, project: Project, models: Collection[str] | None = None
) -> RawLake:
    """The files of a folder, which arrive at once; with all marts, or some."""
    return _built(folder, landing, project, [sorted(landing.rglob("*.jsonl*"))], models)


def _built(
    folder: Path,
    source: Path,
    project: Project,
    arrivals: Sequence[Sequence[Path]],
    models: Collection[str] | None = None,
) -> RawLake:
    landing = folder / "landing"
    lake = Lake(folder / "lake")
    settings = settings_of(landing, lake.root, private=False)
    for files in arrivals:
        for file in files:
            target = landing / file.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
        touched = sorted(take_in(lake, settings).event_dates)
        validate(lake, settings, touched)
        _build(lake, project, touched, models)
    events = read_events(landing)
    present = sorted(set(events.event_date))
    days = [present[0] + timedelta(days=n) for n in range((present[-1] - present[0]).days + 2)]
    silent = sorted(set(days) - set(present))
    _build(lake, project, silent, models)
    return RawLake(lake, project, events, days)


def _build(
    lake: Lake, project: Project, days: Sequence[date], models: Collection[str] | None
) -> None:
    with lake.engine() as connection:
        build(lake, connection, project, list(days), models)


def assert_same_rows(
    mart: pd.DataFrame, expected: pd.DataFrame, keys: Sequence[str], columns: Sequence[str]
) -> None:
    """The mart has just the expected keys, with equal values: exact, or 1e-9 for fractions."""
    left, right = (
        frame.set_index(list(keys)).sort_index()[list(columns)] for frame in (mart, expected)
    )
    assert list(left.index) == list(right.index)
    for name in columns:
        found = left[name].to_numpy(dtype=object, na_value=None)
        wanted = right[name].to_numpy(dtype=object, na_value=None)
        for index, one, other in zip(left.index, found, wanted, strict=True):
            same = (
                one is None and other is None
                if one is None or other is None
                else np.isclose(one, other, rtol=1e-9, atol=1e-9)
                if isinstance(one, float) or isinstance(other, float)
                else one == other
            )
            assert same, f"{name} of {index}: the mart has {one}, expected is {other}"
