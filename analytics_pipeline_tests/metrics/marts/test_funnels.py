"""The funnels, against a walk along the events of each user."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Any

import duckdb
import pandas as pd
import pytest

from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.metrics.building import build
from analytics_pipeline.metrics.errors import ProjectError
from analytics_pipeline.metrics.project import Project
from analytics_pipeline.metrics.reading import read_project
from analytics_pipeline.metrics.tables import SOURCE_TABLES
from analytics_pipeline_tests.metrics.events import store_events
from analytics_pipeline_tests.metrics.marts.engagement import compare, events_of_users, ratio
from analytics_pipeline_tests.metrics.raw_files import RawLake

FIRST = date(2026, 3, 1)


def test_daily_funnels(raw: RawLake) -> None:
    funnels = raw.project.variables["funnels"]
    users: Counter[tuple[date, str, int]] = Counter()
    events = events_of_users(raw)
    by_user: dict[tuple[date, str], list[dict[Any, Any]]] = defaultdict(list)
    for event in events.sort_values("timestamp").to_dict("records"):
        by_user[event["event_date"], event["user_id"]].append(event)
    for (day, _), own in by_user.items():
        for funnel in funnels:
            taken, last = 0, pd.Timestamp.min
            for event in own:
                steps_left = funnel["steps"][taken:]
                if steps_left and event["timestamp"] > last and is_step(event, steps_left[0]):
                    taken, last = taken + 1, event["timestamp"]
                    users[day, funnel["name"], taken] += 1
    expected = [
        {
            "event_date": day,
            "funnel": funnel["name"],
            "step_number": number,
            "step": step["name"],
            "users": users[day, funnel["name"], number],
            "conversion_from_first": ratio(
                users[day, funnel["name"], number], users[day, funnel["name"], 1]
            ),
            "conversion_from_previous": ratio(
                users[day, funnel["name"], number], users[day, funnel["name"], number - 1]
            ),
        }
        for day in sorted(set(events.event_date))
        for funnel in funnels
        for number, step in enumerate(funnel["steps"], 1)
    ]
    compare(raw, "daily_funnels", expected, ["event_date", "funnel", "step_number"])


def is_step(event: Mapping[Any, Any], step: Mapping[str, str]) -> bool:
    return all(event[column] == value for column, value in step.items() if column != "name")


def funnels_of(
    lake: Lake, connection: duckdb.DuckDBPyConnection, project: Project, *funnels: Any
) -> int:
    """Compute the mart with other funnels; gives the number of its rows."""
    other = read_project(project.folder, SOURCE_TABLES, {"funnels": list(funnels)})
    return build(lake, connection, other, [FIRST], ["daily_funnels"])["daily_funnels"][FIRST]


def test_no_funnels_are_no_rows_and_mistakes_are_told(lake: Lake, project: Project) -> None:
    query = {"event_type": "cache_query", "user_id": "ada", "cache_hit": True}
    with lake.engine() as connection:
        store_events(lake, connection, FIRST, [query])
        assert funnels_of(lake, connection, project) == 0
        step = {"event_type": "cache_query"}
        assert funnels_of(lake, connection, project, {"name": "asks", "steps": [step]}) == 1
        with pytest.raises(ProjectError, match=r"daily_funnels\.sql:\d+: .*\"elment\""):
            wrong = {"name": "asks", "steps": [{**step, "elment": "answer"}]}
            funnels_of(lake, connection, project, wrong)
        with pytest.raises(ProjectError, match=r"funnels\.sql:\d+: .* no attribute 'event_type'"):
            funnels_of(lake, connection, project, {"name": "asks", "steps": [{"page": "/chat"}]})
