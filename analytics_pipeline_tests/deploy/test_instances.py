"""The two Dagster instances that ship: SQLite on one machine, Postgres on a server."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster_postgres import PostgresEventLogStorage

from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.settings import current_settings
from analytics_pipeline_tests.alerting.rows import write_day
from analytics_pipeline_tests.alerting.test_checks import JOB, KEYS, range_tags
from analytics_pipeline_tests.postgres_server import PostgresServer, running_postgres

PROJECT = Path(__file__).parents[2]
FIRST = date(2024, 2, 1)


def instance_in(home: Path, configuration: Path) -> dg.DagsterInstance:
    (home / "dagster.yaml").write_text(configuration.read_text())
    return dg.DagsterInstance.from_config(str(home))


def settings_of(configuration: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(configuration.read_text())
    return content


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    with running_postgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    monkeypatch.setenv("AICACHE_LAKE", str(tmp_path / "lake"))
    current_settings.cache_clear()
    yield Lake(tmp_path / "lake")
    monkeypatch.undo()
    current_settings.cache_clear()


def test_the_embedded_default_is_a_valid_instance(tmp_path: Path) -> None:
    with instance_in(tmp_path, PROJECT / "dagster.yaml") as instance:
        concurrency = instance.get_concurrency_config()
        assert concurrency.run_queue_config is not None
        assert concurrency.run_queue_config.max_concurrent_runs == 2
        assert concurrency.run_queue_config.tag_concurrency_limits == [
            {"key": "aicache/job", "value": "ingestion", "limit": 1}
        ]
        assert concurrency.pool_config.default_pool_limit == 1
        assert instance.run_monitoring_enabled
        assert instance.run_retries_enabled
        assert instance.run_retries_max_retries == 2
        assert not instance.run_retries_retry_on_asset_or_op_failure
        assert not instance.telemetry_enabled
        assert instance.get_runs_count() == 0
    assert list(tmp_path.rglob("*.db"))


def test_the_two_instances_differ_in_storage_alone() -> None:
    embedded = settings_of(PROJECT / "dagster.yaml")
    server = settings_of(PROJECT / "deploy" / "dagster.yaml")
    assert "storage" not in embedded
    assert set(server.pop("storage")) == {"postgres"}
    assert server == embedded


def test_a_run_on_postgres_is_read_back_by_another_instance(
    tmp_path: Path,
    lake: Lake,
    postgres: PostgresServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in postgres.environment.items():
        monkeypatch.setenv(name, value)
    days = [FIRST + timedelta(days=offset) for offset in range(3)]
    for day in days:
        write_day(lake, day, hit_rate=0.5 if day == days[1] else 0.9)
    homes = [tmp_path / "one", tmp_path / "two"]
    for home in homes:
        home.mkdir()
    configuration = PROJECT / "deploy" / "dagster.yaml"

    with instance_in(homes[0], configuration) as instance:
        assert isinstance(instance.event_log_storage, PostgresEventLogStorage)
        result = JOB.execute_in_process(instance=instance, tags=range_tags(days[0], days[2]))
        assert result.success
    assert not list(homes[0].rglob("*.db"))

    with instance_in(homes[1], configuration) as instance:
        run = instance.get_run_by_id(result.run_id)
        assert run is not None
        assert run.status is dg.DagsterRunStatus.SUCCESS
        partitions = instance.get_materialized_partitions(dg.AssetKey("daily_cache_metrics"))
        assert partitions == {day.isoformat() for day in days}
        check = KEYS["hit_rate"]
        statuses = {
            info.partition_key: info.latest_execution_status.value
            for info in instance.event_log_storage.get_asset_check_partition_info([check])
        }
        assert statuses == {
            "2024-02-01": "SUCCEEDED",
            "2024-02-02": "FAILED",
            "2024-02-03": "SUCCEEDED",
        }
