"""The alert checks in real Dagster runs, of one date and of a range."""

import re
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.asset_check_execution_record import (
    AssetCheckExecutionRecordStatus,
)

from analytics_pipeline.alerting.checks import alert_checks
from analytics_pipeline.alerting.evaluation import judged_by_checks
from analytics_pipeline.alerting.ruleset import rules_of
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.partitions import daily
from analytics_pipeline.settings import Settings, current_settings
from analytics_pipeline_tests.alerting.rows import write_day

FIRST = date(2024, 2, 1)
RULES = judged_by_checks(rules_of(Settings()))
KEYS = {rule.name: dg.AssetCheckKey(dg.AssetKey(rule.about), rule.name) for rule in RULES}
ALERTS = alert_checks(RULES)
ASSETS = [
    dg.AssetSpec(name, partitions_def=daily)
    for name in sorted({name for rule in RULES for name in (rule.about, *rule.reads)})
]


@dg.multi_asset(specs=ASSETS, backfill_policy=dg.BackfillPolicy.single_run())
def stored_tables() -> Iterator[dg.MaterializeResult[None]]:
    """Stand for the assets that the checks are about; the tests write their tables."""
    for spec in ASSETS:
        yield dg.MaterializeResult(asset_key=spec.key)


JOB = dg.Definitions(
    assets=[stored_tables], asset_checks=ALERTS, jobs=[dg.define_asset_job("everything")]
).resolve_job_def("everything")


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    monkeypatch.setenv("AICACHE_LAKE", str(tmp_path / "lake"))
    current_settings.cache_clear()
    yield Lake(tmp_path / "lake")
    monkeypatch.undo()
    current_settings.cache_clear()


def range_tags(first: date, last: date) -> dict[str, str]:
    return {
        "dagster/asset_partition_range_start": first.isoformat(),
        "dagster/asset_partition_range_end": last.isoformat(),
    }


def evaluations_of(
    result: dg.ExecuteInProcessResult,
) -> dict[tuple[str, str | None], dg.AssetCheckEvaluation]:
    found = result.get_asset_check_evaluations()
    by_date = {(each.check_name, each.partition): each for each in found}
    assert len(by_date) == len(found)
    return by_date


def test_a_run_of_one_date_evaluates_it_with_its_numbers(lake: Lake) -> None:
    write_day(lake, FIRST, hit_rate=0.5, error_rate=0.5, average_response_time=None)
    with dg.DagsterInstance.ephemeral() as instance:
        result = JOB.execute_in_process(instance=instance, partition_key="2024-02-01")
    assert result.success
    found = evaluations_of(result)
    assert {partition for _, partition in found} == {"2024-02-01"}

    hit_rate = found["hit_rate", "2024-02-01"]
    assert not hit_rate.passed
    assert hit_rate.severity == dg.AssetCheckSeverity.WARN
    assert hit_rate.description == ("2024-02-01: Hit rate is 50%, below the minimum of 70%.")
    metadata = {name: value.value for name, value in hit_rate.metadata.items()}
    message = "Hit rate is 50%, below the minimum of 70%."
    del metadata["found"]
    [record] = hit_rate.metadata["found"].records
    assert record.data["message"] == message
    assert "daily_repeated_misses" in metadata.pop("what to look at")
    assert metadata == {
        "event date": "2024-02-01",
        "evaluated": True,
        "value": 0.5,
        "limit": 0.7,
        "unit": "share",
        "metric": "daily_cache_metrics.hit_rate",
        "owner": "team:aicache-analytics",
        "runbook": "docs/alert-rules.md#rule-hit_rate",
        "findings": [
            {
                "message": message,
                "labels": {},
                "value": 0.5,
                "expected": None,
                "lower": 0.7,
                "upper": None,
            }
        ],
    }
    assert found["error_rate", "2024-02-01"].severity == dg.AssetCheckSeverity.ERROR

    unjudged = found["response_time", "2024-02-01"]
    assert unjudged.passed
    assert unjudged.metadata["evaluated"].value is False
    assert "value" not in unjudged.metadata
    assert unjudged.metadata["findings"].value == []


def test_a_violation_is_drawn_with_the_days_before(lake: Lake) -> None:
    days = [FIRST + timedelta(days=offset) for offset in range(4)]
    for day in days:
        write_day(lake, day, hit_rate=0.5 if day == days[-1] else 0.9)
    with dg.DagsterInstance.ephemeral() as instance:
        result = JOB.execute_in_process(instance=instance, tags=range_tags(days[0], days[-1]))
    found = evaluations_of(result)
    chart = found["hit_rate", days[-1].isoformat()].metadata["chart"].value
    image = b64decode(re.fullmatch(r"!\[.*\]\(data:image/png;base64,(.*)\)", chart)[1])
    assert image.startswith(b"\x89PNG")
    assert len(image) < 20_000
    assert "chart" not in found["hit_rate", days[0].isoformat()].metadata


def test_a_range_keeps_the_outcome_of_each_date_and_of_others(lake: Lake) -> None:
    days = [FIRST + timedelta(days=offset) for offset in range(5)]
    for day in days:
        write_day(lake, day, hit_rate=0.5 if day.day in (2, 4) else 0.9)
    check = KEYS["hit_rate"]
    with dg.DagsterInstance.ephemeral() as instance:
        last = JOB.execute_in_process(instance=instance, partition_key="2024-02-05")
        earlier = JOB.execute_in_process(instance=instance, tags=range_tags(days[0], days[3]))
        assert last.success
        assert earlier.success
        found = evaluations_of(earlier)
        failed = {
            partition
            for (name, partition), each in found.items()
            if name == "hit_rate" and not each.passed
        }
        assert len(found) == 4 * len(RULES)
        assert failed == {"2024-02-02", "2024-02-04"}

        storage = instance.event_log_storage
        statuses = {
            info.partition_key: (info.latest_execution_status.value, info.is_current)
            for info in storage.get_asset_check_partition_info([check])
        }
        assert statuses == {
            "2024-02-01": ("SUCCEEDED", True),
            "2024-02-02": ("FAILED", True),
            "2024-02-03": ("SUCCEEDED", True),
            "2024-02-04": ("FAILED", True),
            "2024-02-05": ("SUCCEEDED", True),
        }
        history = storage.get_asset_check_execution_history(check, limit=50)
        assert AssetCheckExecutionRecordStatus.PLANNED not in {each.status for each in history}


def test_only_the_checks_of_the_chosen_assets_run(lake: Lake) -> None:
    write_day(lake, FIRST)
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(
            [stored_tables, *ALERTS],
            instance=instance,
            partition_key="2024-02-01",
            selection=dg.AssetSelection.assets(*(spec.key for spec in ASSETS)).without_checks()
            | dg.AssetSelection.checks(KEYS["error_rate"]),
        )
    assert result.success
    assert {name for name, _ in evaluations_of(result)} == {"error_rate"}


def test_a_run_without_a_date_says_what_to_do(lake: Lake) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        result = JOB.execute_in_process(instance=instance, raise_on_error=False)
        assert not result.success
        messages = [
            event.step_failure_data.user_failure_data
            for event in result.all_events
            if event.is_step_failure
        ]
    assert any(
        data is not None and "materialize the asset for the wanted dates" in str(data.description)
        for data in messages
    )


def test_importing_the_checks_gives_no_warning_and_no_heavy_import() -> None:
    program = (
        "import warnings; warnings.simplefilter('error'); import sys\n"
        "import dagster\n"
        "warnings.simplefilter('error', dagster.PreviewWarning)\n"
        "import analytics_pipeline.alerting.checks\n"
        "assert 'great_expectations' not in sys.modules\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
