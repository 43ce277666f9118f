"""Events made up for the tests of the metrics, as the rows of the table of validated events."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

import duckdb
import pandas as pd
from hypothesis import strategies as st

from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline.lake.lake import Lake

Event = Mapping[str, Any]

PANDAS_TYPES = {
    "VARCHAR": "string",
    "BIGINT": "Int64",
    "DOUBLE": "Float64",
    "BOOLEAN": "boolean",
    "TIMESTAMP": "datetime64[us]",
}

users = st.sampled_from([None, "ada", "bob", "eve", "kim"])
amounts = st.floats(0, 1e6) | st.sampled_from([0.0, 0.1, 0.1, 0.3])

cache_queries = st.fixed_dictionaries(
    {
        "event_type": st.just("cache_query"),
        "user_id": users,
        "cache_hit": st.booleans(),
        "response_time": st.none() | amounts,
    }
)
cache_stores = st.fixed_dictionaries({"event_type": st.just("cache_store"), "user_id": users})
ui_interactions = st.fixed_dictionaries(
    {"event_type": st.just("ui_interaction"), "user_id": users, "action": st.just("click")}
)
system_metrics = st.fixed_dictionaries(
    {
        "event_type": st.just("system_metric"),
        "user_id": users,
        "metric_name": st.sampled_from(["cpu_usage", "memory_usage", "disk_usage", "gpu_usage"]),
        "value": st.floats(-1e9, 1e9) | amounts,
        "unit": st.sampled_from([None, "percent", "percent", "percent", "bytes"]),
    }
)
log_entries = st.fixed_dictionaries(
    {
        "event_type": st.just("log_entry"),
        "user_id": users,
        "level": st.sampled_from(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", "FATAL"]),
    }
)
builds = st.fixed_dictionaries({"event_type": st.just("build"), "user_id": users})


@st.composite
def days_of_events(draw: st.DrawFn) -> list[Event]:
    """Events of one day, in which each kind of event may be missing."""
    kinds = [cache_queries, cache_stores, ui_interactions, system_metrics, log_entries, builds]
    some = draw(st.lists(st.sampled_from(kinds), unique=True))
    return [event for kind in some for event in draw(st.lists(kind, max_size=12))]


def store_events(
    lake: Lake, connection: duckdb.DuckDBPyConnection, day: date, events: Sequence[Event]
) -> None:
    """Write events as the partition of a day, with an identity and a time where they have none."""
    noon = datetime.combine(day, time(12))
    columns = {}
    for column in VALIDATED_EVENTS.columns:
        values = [event.get(column.name) for event in events]
        if column.name == "event_id":
            values = [f"{day}-{number:06}" for number in range(len(events))]
        elif column.name == "timestamp":
            values = [noon] * len(events)
        columns[column.name] = pd.array(values, dtype=PANDAS_TYPES[column.type])
    connection.register("stored_events", pd.DataFrame(columns))
    lake.replace(connection, VALIDATED_EVENTS, day, "FROM stored_events")
