"""Repeated misses against a comparison of each miss with all questions before it."""

import tempfile
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics_pipeline.metrics.building import build
from analytics_pipeline.metrics.tables import own_project
from analytics_pipeline_tests.insights.event_lake import event_frame, event_lake
from analytics_pipeline_tests.optimization.repeats import Event, repeats

FIRST = datetime.fromisoformat("2026-03-01")
DAYS = [FIRST.date() + timedelta(days=number) for number in range(12)]
MARTS = ["int_question_days", "int_repeated_misses", "daily_repeated_misses"]
TEXTS = [
    "How do I reverse a list?!",
    "how do I  reverse a list",
    "How do I reverse a dict?!",
    "continue",
    "mail it to [REDACTED:email] please",
    None,
]

moments = st.builds(
    lambda hours, seconds: FIRST + timedelta(hours=hours, seconds=seconds),
    st.integers(0, 12 * 24 - 1),
    st.sampled_from([0, 1, 3599]),
)
queries = st.fixed_dictionaries(
    {
        "event_type": st.just("cache_query"),
        "timestamp": moments,
        "query": st.sampled_from(TEXTS),
        "cache_key": st.sampled_from([None, None, "a", "b"]),
        "cache_hit": st.sampled_from([False, False, True]),
        "model": st.sampled_from(["m", "m", None]),
        "response_time": st.sampled_from([None, 0.0, 0.5, 7200.0, 1e6]),
        "cost": st.sampled_from([None, 0.25]),
        "user_id": st.sampled_from(["ada", "bob"]),
    }
)
stores = st.fixed_dictionaries(
    {
        "event_type": st.just("cache_store"),
        "timestamp": moments,
        "cache_key": st.sampled_from(["a", "c"]),
    }
)
some_events = st.lists(st.one_of(queries, queries, queries, stores), max_size=60)

Row = tuple[int, int, int, int, float, int, float]


def expected(events: Sequence[Event]) -> dict[tuple[date, str, str], Row]:
    found: dict[tuple[date, str, str], list[float]] = defaultdict(lambda: [0] * 7)
    for miss, cause, age in repeats(events):
        row = found[(miss["timestamp"].date(), cause, miss.get("model") or "(none)")]
        row[0] += 1
        row[1] += age <= timedelta(hours=1)
        row[2] += age <= timedelta(days=1)
        row[3] += miss["cost"] is not None
        row[4] += miss["cost"] or 0.0
        row[5] += miss["response_time"] is not None
        row[6] += miss["response_time"] or 0.0
    return {key: tuple(row) for key, row in found.items()}  # type: ignore[misc]


def computed(events: Sequence[Event], runs: int) -> dict[Any, Any]:
    with tempfile.TemporaryDirectory() as folder:
        lake = event_lake(Path(folder), event_frame(events), DAYS)
        project = own_project()
        with lake.engine() as connection:
            for run in range(runs):
                days = DAYS[run * len(DAYS) // runs : (run + 1) * len(DAYS) // runs]
                build(lake, connection, project, days, MARTS)
            mart = project.marts[MARTS[-1]].table
            rows = connection.execute(
                "SELECT event_date, cause, model, misses, misses_within_hour, misses_within_day, "
                "misses_with_cost, coalesce(cost, 0), misses_with_response_time, "
                f"coalesce(response_time, 0) FROM {lake.scan(mart)}"
            ).fetchall()
        return {row[:3]: pytest.approx(row[3:]) for row in rows}


@settings(max_examples=8, deadline=None)
@given(events=some_events, runs=st.integers(1, 4))
def test_misses_are_repeats_by_cause(events: list[Event], runs: int) -> None:
    assert expected(events) == computed(events, runs)


def test_a_late_answer_changes_later_days(tmp_path: Path) -> None:
    """A day that is computed again computes the days that look back at it again."""
    miss = {"event_type": "cache_query", "query": TEXTS[0], "cache_hit": False, "model": "m"}
    later = [{**miss, "timestamp": FIRST + timedelta(days=2)}]
    lake = event_lake(tmp_path, event_frame(later), DAYS[:3])
    project = own_project()
    mart = project.marts["daily_repeated_misses"].table
    with lake.engine() as connection:
        build(lake, connection, project, DAYS[:3], MARTS)
        assert sum(lake.row_counts(connection, mart, DAYS).values()) == 0
    late: list[Event] = [{**miss, "timestamp": FIRST}, *later]
    event_lake(tmp_path, event_frame(late), DAYS[:3])
    with lake.engine() as connection:
        build(lake, connection, project, DAYS[:1], MARTS)
        assert lake.row_counts(connection, mart, DAYS[:3]) == {
            DAYS[0]: 0, DAYS[1]: 0, DAYS[2]: 1
        }  # fmt: skip
