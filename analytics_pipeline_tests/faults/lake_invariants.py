"""What must hold of a lake at any time, and what of two lakes that hold the same files."""

import hashlib
from typing import Any

import pandas as pd

from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline.ingestion.ledger import Ledger
from analytics_pipeline.ingestion.pending_updates import PendingUpdates
from analytics_pipeline.ingestion.quality_tables import SOURCE_FIELDS
from analytics_pipeline.ingestion.tables import (
    FILE_LINE_COUNTS,
    OUTCOMES,
    QUARANTINED_LINES,
    RAW_EVENTS,
)
from analytics_pipeline.lake.lake import PARTITION_FILE
from analytics_pipeline_tests.workspace import Workspace

VALIDATION_TABLES = (VALIDATED_EVENTS, QUARANTINED_LINES, SOURCE_FIELDS, FILE_LINE_COUNTS)
RAW_CONTENT = "path, line_number, format, time_zone, event_type, event_time, line, bytes"


def what_is_wrong(workspace: Workspace) -> list[str]:
    """What does not hold of a lake that nobody works on, whatever was killed before."""
    raw, counts = raw_lines(workspace), workspace.frame(FILE_LINE_COUNTS)
    rows = {table.name: rows_by_date(workspace, table) for table in VALIDATION_TABLES}
    problems = []
    if (counts["lines"] != counts[list(OUTCOMES)].sum(axis="columns")).any():
        problems.append("the outcomes of the lines of a file do not add up")
    with PendingUpdates.open(workspace.lake.state) as pending:
        awaiting = {str(day) for day in pending.awaiting_update()}
    by_date = counts.groupby(counts.event_date.map(lambda day: str(day)[:10]))
    counted = {str(day): found for day, found in by_date}
    for day in {*raw.event_date, *counted} - awaiting:
        account = counted.get(day, counts.head(0))
        lines = dict(raw[raw.event_date == day][["path", "lines"]].itertuples(index=False))
        if lines != dict(account[["path", "lines"]].itertuples(index=False)):
            problems.append(f"{day}: the account is not of the lines that stand there")
        for table, outcome in ((VALIDATED_EVENTS, "validated"), (QUARANTINED_LINES, "quarantined")):
            if rows[table.name].get(day, 0) != account[outcome].sum():
                problems.append(f"{day}: {table.name} has other rows than were counted")
    stray = [
        file for file in workspace.settings.lake.glob("[!_]*/**/*.parquet")
        if file.name != PARTITION_FILE
    ]  # fmt: skip
    return (
        problems + wrong_in_ledger(workspace, raw) + [f"{file} is no partition" for file in stray]
    )


def wrong_in_ledger(workspace: Workspace, raw: pd.DataFrame) -> list[str]:
    """What the ledger says of the raw events that is not so."""
    problems = []
    with Ledger.open(workspace.lake.state) as ledger:
        versions = ledger.versions()
        noted = {path: {str(day) for day in ledger.dates_of([path])} for path in set(raw.path)}
    dates = raw.groupby("path").event_date.agg(set).to_dict()
    lines = raw.groupby("path").lines.sum().to_dict()
    for path, found in dates.items():
        if not found <= noted[path]:
            problems.append(f"{path} has lines under dates that the ledger does not know")
    for version in versions:
        # One that was about to be replaced has no digest until it is taken again.
        if version.sha256:
            if lines.get(version.path, 0) != version.lines:
                problems.append(f"{version.path} has other lines than the ledger says")
            if dates.get(version.path, set()) != {str(day) for day in version.event_dates}:
                problems.append(f"{version.path} stands under other dates than the ledger says")
    return problems


def raw_lines(workspace: Workspace) -> pd.DataFrame:
    """How many lines each file has under each date, and a digest of them."""
    with workspace.lake.engine() as connection:
        return connection.execute(
            f"SELECT event_date::VARCHAR AS event_date, path, count(*) AS lines, "
            f"bit_xor(hash({RAW_CONTENT}))::VARCHAR AS digest "
            f"FROM {workspace.lake.scan(RAW_EVENTS)} GROUP BY ALL ORDER BY ALL"
        ).df()


def rows_by_date(workspace: Workspace, table: Any) -> dict[str, int]:
    """How many rows a table has under each date, every value of them read."""
    with workspace.lake.engine() as connection:
        found = connection.execute(
            f"SELECT event_date::VARCHAR, count(*), bit_xor(hash(stored)) "
            f"FROM {workspace.lake.scan(table)} AS stored GROUP BY ALL"
        ).fetchall()
    return {day: rows for day, rows, _ in found}


def content_of(workspace: Workspace) -> dict[str, Any]:
    """All that must be equal in two lakes that hold the same files.

    The partitions are compared by their bytes, the raw events by their rows without the time at
    which they were taken. Which of two files that bring one event has it, and which the duplicate,
    depends on which was taken first; so the two outcomes are compared together for each file, and
    apart for each date.
    """
    content: dict[str, Any] = {
        f"{table.name} {day}": hashlib.sha256(data).hexdigest()
        for table in (VALIDATED_EVENTS, QUARANTINED_LINES, SOURCE_FIELDS)
        for day, data in workspace.partition_bytes(table).items()
    }
    for day, path, *found in raw_lines(workspace).itertuples(index=False):
        content[f"raw_events {day} {path}"] = found
    counts = workspace.frame(FILE_LINE_COUNTS)
    counts["events"] = counts.validated + counts.duplicate
    for day, path, *found in counts[
        ["event_date", "path", "lines", "events", "quarantined", "blank", "opted_out"]
    ].itertuples(index=False):
        content[f"account {str(day)[:10]} {path}"] = found
    for day, *found in counts.groupby("event_date")[["validated", "duplicate"]].sum().itertuples():
        content[f"account {str(day)[:10]}"] = found
    with Ledger.open(workspace.lake.state) as ledger:
        for version in ledger.versions():
            content[f"ledger {version.path}"] = [
                version.state.size, version.state.modified_ns, version.sha256, version.lines,
                version.problem, version.format, *map(str, version.event_dates),
            ]  # fmt: skip
        content |= {f"refused {path}": reason for path, reason in ledger.refusals().items()}
    return content


def left_behind(workspace: Workspace) -> list[str]:
    """What killed processes left that an undisturbed run should have removed."""
    lake = workspace.settings.lake
    places = ("**/*.tmp", "_state/scratch/**/*", "_state/releases/**/*")
    return sorted(str(file) for place in places for file in lake.glob(place) if file.is_file())
