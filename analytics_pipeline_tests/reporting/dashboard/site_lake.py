"""A lake of generated events with its dashboard, and how its files are read without its scripts."""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from analytics_pipeline.lake.table import Table
from analytics_pipeline.metrics.tables import current_project, mart_tables
from analytics_pipeline.reporting.dashboard.site import (
    BuiltDashboard,
    build_dashboard,
    dashboard_folder,
)
from analytics_pipeline.samples.generation import generate
from analytics_pipeline_tests.reporting.report_lake import build_tables, store, store_forecast
from analytics_pipeline_tests.workspace import Workspace

LAST = date(2026, 11, 9)
DAYS = 20
TEAM = "search"
CALL = re.compile(r"dashboard\.(\w+)\((.*)\);\n", re.DOTALL)


def generated_workspace(root: Path) -> Workspace:
    """A lake whose marts are made from generated events of DAYS days up to LAST."""
    workspace = Workspace.create(root)
    generate(workspace.landing, events=3000, days=DAYS, end=LAST, seed=3)
    days = workspace.ingest().event_dates
    build_tables(workspace.lake, workspace.settings, days)
    for day in sorted(days)[-2:]:
        store_forecast(workspace.lake, day)
    return workspace


def build(workspace: Workspace, team: str | None = None, **options: Any) -> BuiltDashboard:
    """Bring a dashboard of the workspace up to date."""
    folder = dashboard_folder(workspace.lake, team)
    return build_dashboard(
        workspace.lake, folder, current_project(), workspace.settings, team=team, **options
    )


def called(file: Path) -> tuple[str, list[Any]]:
    """The call that a script makes, with its arguments."""
    found = CALL.fullmatch(file.read_text(encoding="ascii"))
    assert found, f"{file} is not one call of the dashboard"
    return found[1], json.loads(f"[{found[2]}]")


def shown_rows(folder: Path, table: str) -> pd.DataFrame:
    """All rows that a dashboard has of a table."""
    frames = []
    for file in sorted((folder / "data" / table).glob("*.js")):
        _, (name, month, content) = called(file)
        assert (name, month) == (table, file.stem)
        columns = {column: _values(packed) for column, packed in content["columns"].items()}
        dates = [f"{month}-{day:02}" for day in content["days"]]
        frames.append(pd.DataFrame({"event_date": dates, **columns}))
    return pd.concat(frames, ignore_index=True)


def _values(packed: Any) -> list[Any]:
    if isinstance(packed, list):
        return packed
    return [None if at is None else packed["words"][at] for at in packed["at"]]


def stored_rows(workspace: Workspace, table: str) -> pd.DataFrame:
    """All rows that the lake has of a table, read by pandas from its files."""
    frames = []
    for file in sorted((workspace.lake.root / table).glob("event_date=*/data.parquet")):
        frame = pd.read_parquet(file, partitioning=None)
        frame.insert(0, "event_date", file.parent.name.partition("=")[2])
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def files_of(folder: Path) -> dict[str, bytes]:
    """All files of a dashboard by their name."""
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def store_rows(
    workspace: Workspace, name: str, day: date, rows: Iterable[Mapping[str, Any]]
) -> Table:
    """Replace a partition of a mart by rows, whose missing columns are null."""
    table = mart_tables()[name]
    store(workspace.lake, table, day, rows)
    return table
