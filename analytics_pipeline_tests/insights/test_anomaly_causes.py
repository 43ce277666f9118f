"""Likely causes from events to the asset: a planted drop, a calm day, a late file, few users."""

import math
import random
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline.insights.anomaly_assets import anomaly_causes_asset
from analytics_pipeline.insights.tables import ANOMALY_CAUSES
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.metrics.building import build
from analytics_pipeline.metrics.tables import metric_tables, own_project
from analytics_pipeline.settings import current_settings
from analytics_pipeline_tests.insights.event_lake import event_frame, event_lake, materialize

FIRST = datetime.fromisoformat("2026-03-02")
DAYS = [FIRST.date() + timedelta(days=number) for number in range(60)]
CALM, DROP, QUIET = DAYS[56], DAYS[57], DAYS[58]
SILENT_FROM, SILENT_TO = 9, 19
MARTS = [
    "daily_cache_metrics", "daily_cache_metrics_by_slice", "daily_cache_metrics_by_hour",
    "int_deployments", "deployment_cache_impact",
]  # fmt: skip

Event = dict[str, Any]


def queries(day: date) -> list[Event]:
    """200 questions; on DROP model b hardly hits, on QUIET ten hours are silent."""
    rng = random.Random(day.toordinal())
    found = []
    for number in range(200):
        moment = datetime.combine(day, datetime.min.time()) + timedelta(minutes=7 * number)
        if day == QUIET and SILENT_FROM <= moment.hour < SILENT_TO:
            continue
        model = "ab"[number % 2]
        hits = 0.05 if day == DROP and model == "b" else 0.8
        found.append(
            {
                "event_type": "cache_query", "timestamp": moment, "model": model,
                "cache_hit": rng.random() < hits, "language": "go", "user_id": "u",
                "response_time": 0.1,
            }
        )  # fmt: skip
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("anomalies") / "lake"
    noon = datetime.combine(DROP, datetime.min.time()) + timedelta(hours=12)
    deployment = {
        "event_type": "deployment", "timestamp": noon, "finished_at": noon, "repository": "web",
        "environment": "production", "status": "success", "commit": "abc",
    }  # fmt: skip
    events = [*(event for day in DAYS for event in queries(day)), deployment]
    lake = event_lake(folder, event_frame(events), DAYS)
    with lake.engine() as connection:
        build(lake, connection, own_project(), DAYS, MARTS)
    return folder


@pytest.fixture
def lake(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    monkeypatch.setenv("AICACHE_LAKE", str(folder))
    current_settings.cache_clear()
    yield Lake(folder)
    current_settings.cache_clear()


def causes_of(lake: Lake, day: date, metric: str) -> pd.DataFrame:
    with lake.engine() as connection:
        frame = lake.frame(connection, ANOMALY_CAUSES, [day])
    return frame[frame["metric"] == metric]


def test_causes_of_a_range_in_one_run(lake: Lake) -> None:
    asset = anomaly_causes_asset(metric_tables())
    with dg.DagsterInstance.ephemeral() as instance:
        assert materialize([asset], instance, [CALM, DROP, QUIET]).success
        key = dg.AssetKey(ANOMALY_CAUSES.name)
        records = instance.fetch_materializations(key, limit=10).records
        shown = {
            str(record.partition_key): record.asset_materialization.metadata
            for record in records
            if record.asset_materialization
        }
    assert set(shown) == {day.isoformat() for day in (CALM, DROP, QUIET)}
    assert shown[CALM.isoformat()]["dagster/partition_row_count"].value == 0
    assert isinstance(shown[DROP.isoformat()]["first rows"], dg.TableMetadataValue)

    drop = causes_of(lake, DROP, "daily_cache_metrics.hit_rate")
    first = drop.iloc[0]
    assert (first["cause"], first["dimension"], first["slice"]) == ("slice", "model", "b")
    assert first["contribution"] > 0.9
    assert first["slice_value"] < 0.2
    assert first["slice_expected"] > 0.6
    assert "deployment" in set(drop["cause"])
    of_model = drop[drop["dimension"] == "model"]["contribution"]
    assert math.fsum(of_model) == pytest.approx(1, abs=1e-9)

    quiet = causes_of(lake, QUIET, "daily_cache_metrics.total_queries")
    assert quiet.iloc[0]["slice"] == "09-18"
    assert "silent_hours" in set(quiet["cause"])
    with lake.engine() as connection:
        assert lake.row_counts(connection, ANOMALY_CAUSES, [CALM]) == {CALM: 0}


def test_a_late_file_changes_the_causes_of_later_days(lake: Lake) -> None:
    """The same weekday before the drop was as bad once: it is less of a surprise, and written."""
    asset = anomaly_causes_asset(metric_tables())
    before = DROP - timedelta(days=7)
    with dg.DagsterInstance.ephemeral() as instance:
        assert materialize([asset], instance, [CALM, DROP, QUIET]).success
        kept = causes_of(lake, DROP, "daily_cache_metrics.hit_rate").iloc[0]["expected"]
        late = [{**event, "cache_hit": False} for event in queries(before)]
        with lake.engine() as connection, lake.locked(VALIDATED_EVENTS, [before]):
            connection.register("late", event_frame(late))
            lake.replace_days(connection, VALIDATED_EVENTS, [before], "FROM late")
            build(lake, connection, own_project(), [before], MARTS)
        assert materialize([asset], instance, [before]).success
        key = dg.AssetKey(ANOMALY_CAUSES.name)
        found = instance.fetch_materializations(key, limit=20).records
    written = Counter(str(record.partition_key) for record in found)
    assert (written[str(before)], written[str(CALM)], written[str(DROP)]) == (1, 1, 2)
    changed = causes_of(lake, DROP, "daily_cache_metrics.hit_rate").iloc[0]["expected"]
    assert changed != kept
