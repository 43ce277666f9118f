"""The insights as Dagster assets, on a real instance and lake."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from analytics_pipeline.insights.assets import workflow_insights
from analytics_pipeline.insights.catalog import INSIGHTS
from analytics_pipeline.insights.tables import (
    ALL,
    ANOMALY_CAUSES,
    LANGUAGE_DISTRIBUTION,
    TOP_QUERIES,
)
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.settings import current_settings
from analytics_pipeline_tests.insights.event_lake import event_frame, event_lake, materialize

DAYS = [date(2026, 3, 1), date(2026, 3, 2)]


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    monkeypatch.setenv("AICACHE_LAKE", str(tmp_path / "lake"))
    current_settings.cache_clear()
    events = event_frame(
        {
            "event_type": "cache_query",
            "timestamp": f"2026-03-01 {hour:02d}:00",
            "user_id": "u",
            "query": "how",
            "cache_hit": hour % 2 == 0,
            "language": "go",
        }
        for hour in range(24)
    )
    yield event_lake(tmp_path / "lake", events, DAYS)
    current_settings.cache_clear()


def test_every_insight_is_materialized_for_each_day_of_a_range(lake: Lake) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        result = materialize([workflow_insights], instance, DAYS)
        assert result.success
        for table in INSIGHTS:
            records = instance.fetch_materializations(dg.AssetKey(table.name), limit=10).records
            rows = {
                record.partition_key: record.asset_materialization.metadata[
                    "dagster/partition_row_count"
                ].value
                for record in records
                if record.asset_materialization
            }
            with lake.engine() as connection:
                stored = lake.frame(connection, table, DAYS)
            counted = {str(day): int((stored["event_date"].dt.date == day).sum()) for day in DAYS}
            assert rows == counted
            assert lake.dates(table) == DAYS


def test_the_first_rows_are_shown(lake: Lake) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        materialize([workflow_insights], instance, DAYS[:1])
        event = instance.get_latest_materialization_event(dg.AssetKey(TOP_QUERIES.name))
        assert event is not None and event.asset_materialization is not None
        shown = event.asset_materialization.metadata["first rows"]
    assert isinstance(shown, dg.TableMetadataValue)
    assert [dict(record.data) for record in shown.records] == [
        {
            "rank": 1,
            "query": "how",
            "queries": 24,
            "hits": 12,
            "hit_rate": 0.5,
            "average_response_time": None,
        }
    ]


def test_one_insight_can_be_materialized_alone(lake: Lake) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        assert materialize(
            [workflow_insights], instance, DAYS, selection=[LANGUAGE_DISTRIBUTION.name]
        ).success
    assert lake.dates(LANGUAGE_DISTRIBUTION) == DAYS
    assert all(not lake.dates(table) for table in INSIGHTS if table is not LANGUAGE_DISTRIBUTION)


def test_every_table_of_the_insights_has_a_query() -> None:
    assert {*INSIGHTS, ANOMALY_CAUSES} == set(ALL)
