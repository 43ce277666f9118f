"""The expectations as an asset check in real Dagster runs."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pytest

from analytics_pipeline.expectations.checks import SPEC, expectations
from analytics_pipeline.expectations.site import page_of
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.partitions import daily
from analytics_pipeline.settings import current_settings
from analytics_pipeline_tests.expectations.events import ordinary_day, write_events

FIRST = date(2024, 2, 1)


@dg.multi_asset(
    specs=[dg.AssetSpec("validated_events", partitions_def=daily)],
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def stored_events() -> Iterator[dg.MaterializeResult[None]]:
    """Stand for the asset that the check is about; the tests write its table."""
    yield dg.MaterializeResult(asset_key="validated_events")


@dg.multi_asset(
    specs=[dg.AssetSpec("downstream", deps=["validated_events"], partitions_def=daily)],
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def downstream() -> Iterator[dg.MaterializeResult[None]]:
    """Stand for what must not be held up by a warning."""
    yield dg.MaterializeResult(asset_key="downstream")


JOB = dg.Definitions(
    assets=[stored_events, downstream],
    asset_checks=[expectations],
    jobs=[dg.define_asset_job("everything")],
).resolve_job_def("everything")


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    monkeypatch.setenv("AICACHE_LAKE", str(tmp_path / "lake"))
    current_settings.cache_clear()
    yield Lake(tmp_path / "lake")
    monkeypatch.undo()
    current_settings.cache_clear()


def test_a_range_is_checked_day_by_day_and_warns_alone(lake: Lake) -> None:
    days = [FIRST + timedelta(days=offset) for offset in range(5)]
    events = {day: ordinary_day(day) for day in days}
    events[days[3]] = ordinary_day(days[3], log_entries=0)
    write_events(lake, events)
    with dg.DagsterInstance.ephemeral() as instance:
        result = JOB.execute_in_process(
            instance=instance,
            tags={
                "dagster/asset_partition_range_start": days[0].isoformat(),
                "dagster/asset_partition_range_end": days[4].isoformat(),
            },
        )
        assert result.success
        assert instance.get_latest_materialization_event(dg.AssetKey("downstream"))
        current = {
            info.partition_key: info.is_current
            for info in instance.event_log_storage.get_asset_check_partition_info([SPEC.key])
        }
    assert current == {day.isoformat(): True for day in days}
    found = {each.partition: each for each in result.get_asset_check_evaluations()}
    assert list(found) == [day.isoformat() for day in days]
    assert [each.passed for each in found.values()] == [True, True, True, False, True]

    unusual = found[days[3].isoformat()]
    assert unusual.severity == dg.AssetCheckSeverity.WARN
    assert unusual.description == (
        "2024-02-04: Not as expected: usual_volume: events_to_usual of log_entry (0)."
    )
    metadata = {name: value.value for name, value in unusual.metadata.items()}
    assert metadata["success percent"] == pytest.approx(100 * 6 / 7)
    assert metadata["failed"] == {"usual_volume": "events_to_usual of log_entry (0)"}
    assert metadata["not evaluated"] == []
    assert Path(str(metadata["data docs"])) == page_of(lake, days[3])
    assert page_of(lake, days[3]).exists()
    first = found[days[0].isoformat()].metadata["not evaluated"].value
    assert first == ["usual_volume", "usual_null_share", "usual_mean", "usual_freshness"]


def test_late_events_change_the_outcome_of_their_day(lake: Lake) -> None:
    write_events(lake, {FIRST: []})
    with dg.DagsterInstance.ephemeral() as instance:
        before = JOB.execute_in_process(instance=instance, partition_key="2024-02-01")
        write_events(lake, {FIRST: ordinary_day(FIRST)})
        after = JOB.execute_in_process(instance=instance, partition_key="2024-02-01")
    assert [each.passed for each in before.get_asset_check_evaluations()] == [False]
    assert [each.passed for each in after.get_asset_check_evaluations()] == [True]
