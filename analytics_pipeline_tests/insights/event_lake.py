"""Lakes that hold given validated events, and runs of assets over them."""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd

from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import quoted

RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


def event_frame(events: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Events as a frame with all columns of validated_events and event_date."""
    frame = pd.DataFrame(list(events), dtype=object).reindex(
        columns=[*VALIDATED_EVENTS.column_names]
    )
    frame["event_id"] = [f"{number:08d}" for number in range(len(frame))]
    frame["timestamp"] = pd.to_datetime(frame["timestamp"]).astype("datetime64[us]")
    frame["event_date"] = frame["timestamp"].dt.normalize()
    return frame


def typed_events(frame: str) -> str:
    """SQL of a frame's events with the types of validated_events."""
    columns = ", ".join(
        f"{quoted(column.name)}::{column.type} AS {quoted(column.name)}"
        for column in VALIDATED_EVENTS.columns
    )
    return f"SELECT {columns}, event_date::DATE AS event_date FROM {frame}"


def event_lake(root: Path, events: pd.DataFrame, days: Sequence[date]) -> Lake:
    """A lake whose validated_events hold these events, with a partition for each of the days."""
    lake = Lake(root)
    with lake.engine() as connection, lake.locked(VALIDATED_EVENTS, days):
        connection.register("events", events)
        lake.replace_days(connection, VALIDATED_EVENTS, days, "FROM events")
    return lake


def materialize(
    assets: Sequence[dg.AssetsDefinition],
    instance: dg.DagsterInstance,
    days: Sequence[date],
    selection: Sequence[str] | None = None,
) -> dg.ExecuteInProcessResult:
    """Materialize assets for a range of consecutive days in one run."""
    tags = {RANGE_START: days[0].isoformat(), RANGE_END: days[-1].isoformat()}
    return dg.materialize(assets, instance=instance, tags=tags, selection=selection)
