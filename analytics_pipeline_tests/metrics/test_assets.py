"""The metrics in Dagster: assets, their metadata, their checks, in real runs."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pytest

from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.metrics.assets import metric_assets, seed_specs
from analytics_pipeline.metrics.checks import metric_checks
from analytics_pipeline.metrics.project import Project
from analytics_pipeline.metrics.reading import read_project
from analytics_pipeline.metrics.tables import SOURCE_TABLES
from analytics_pipeline_tests.metrics.events import Event, store_events

DAYS = [date(2026, 3, 1) + timedelta(days=number) for number in range(3)]
DAY = DAYS[0].isoformat()
RANGE = {
    "dagster/asset_partition_range_start": DAYS[0].isoformat(),
    "dagster/asset_partition_range_end": DAYS[-1].isoformat(),
}
EVENTS: list[Event] = [
    {"event_type": "cache_query", "user_id": "ada", "cache_hit": True, "response_time": 0.1},
    {"event_type": "cache_query", "user_id": "bob", "cache_hit": False, "response_time": 0.3},
    {"event_type": "system_metric", "metric_name": "cpu_usage", "value": 40.0, "unit": "percent"},
    {"event_type": "system_metric", "metric_name": "heat", "value": 40.0, "unit": "celsius"},
    {"event_type": "system_metric", "metric_name": "heat", "value": 100.0, "unit": "fahrenheit"},
]


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def events(lake: Lake) -> Lake:
    with lake.engine() as connection:
        for day in DAYS[:2]:
            store_events(lake, connection, day, EVENTS)
    return lake


def test_a_run_writes_the_marts_and_shows_their_numbers(
    events: Lake, small_project: Project, instance: dg.DagsterInstance
) -> None:
    result = dg.materialize([metric_assets(small_project)], partition_key=DAY, instance=instance)
    materializations = result.asset_materializations_for_node("metrics")
    assert {m.asset_key.to_user_string() for m in materializations} == set(small_project.marts)
    for materialization in materializations:
        metadata = materialization.metadata
        shown = {key: value.value for key, value in metadata.items()}
        name = materialization.asset_key.to_user_string()
        table = small_project.marts[name].table
        assert materialization.partition == DAY
        assert shown["path"] == str(events.partition_file(table, DAYS[0]))
        if name == "daily_cache_metrics":
            assert shown["dagster/partition_row_count"] == 1
            assert shown["hit_rate"] == 0.5
            assert shown["average_response_time"] == pytest.approx(0.2)
        if name == "daily_engagement_metrics":
            assert shown["active_users"] == 2
            assert "total_interactions" not in shown
        if name == "daily_metric_values":
            assert shown["dagster/partition_row_count"] == 2
            assert [record.data["metric_name"] for record in metadata["first rows"].records] == [
                "cpu_usage", "heat",
            ]  # fmt: skip


def test_an_asset_shows_its_schema_sql_version_and_place_in_the_graph(
    small_project: Project,
) -> None:
    assets = metric_assets(small_project)
    spec = assets.specs_by_key[dg.AssetKey("daily_system_metrics")]
    assert {dep.asset_key.to_user_string() for dep in spec.deps} == {
        "daily_metric_values",
        "validated_events",
    }
    assert spec.group_name == "metrics"
    assert spec.kinds == {"duckdb", "sql"}
    assert spec.description.startswith("How the machines did on each event date")
    assert "__dbt__cte__stg_log_entries" in spec.metadata["compiled_sql"].value
    columns = {column.name: column for column in spec.metadata["dagster/column_schema"].columns}
    assert columns["error_rate"].type == "DOUBLE"
    assert columns["error_rate"].description == "error_log_entries / log_entries."
    assert "at most 1" in columns["error_rate"].constraints.other
    values = assets.specs_by_key[dg.AssetKey("daily_metric_values")]
    assert {dep.asset_key.to_user_string() for dep in values.deps} == {"validated_events"}


def test_the_code_version_follows_the_sql_of_every_part(
    small_project: Project, folder: Path
) -> None:
    file = folder / "models/staging/stg_log_entries.sql"
    file.write_text(file.read_text().replace("'FATAL'", "'FATAL', 'ALERT'"))
    changed = metric_assets(read_project(folder, SOURCE_TABLES)).specs_by_key
    before = metric_assets(small_project).specs_by_key
    different = {key.to_user_string() for key in before
                 if changed[key].code_version != before[key].code_version}  # fmt: skip
    assert different == {"daily_system_metrics"}


def test_a_selection_materializes_nothing_else(
    events: Lake, small_project: Project, instance: dg.DagsterInstance
) -> None:
    result = dg.materialize(
        [metric_assets(small_project)],
        selection=["daily_cache_metrics"],
        partition_key=DAY,
        instance=instance,
    )
    assert [event.asset_key for event in result.get_asset_materialization_events()] == [
        dg.AssetKey("daily_cache_metrics")
    ]
    tables = {name: mart.table for name, mart in small_project.marts.items()}
    assert {name for name, table in tables.items() if events.dates(table)} == {
        "daily_cache_metrics"
    }


def test_a_range_of_dates_is_one_run_of_one_step(
    events: Lake, small_project: Project, instance: dg.DagsterInstance
) -> None:
    result = dg.materialize(
        [metric_assets(small_project), metric_checks(small_project)], tags=RANGE, instance=instance
    )
    assert result.success
    assert len([e for e in result.all_node_events if e.event_type_value == "STEP_START"]) == 2
    materialized = {
        (event.asset_key.to_user_string(), event.partition)
        for event in result.get_asset_materialization_events() if event.asset_key
    }  # fmt: skip
    assert materialized == {(name, day.isoformat()) for name in small_project.marts for day in DAYS}
    tests = sum(len(mart.declared.tests) for mart in small_project.marts.values())
    evaluations = result.get_asset_check_evaluations()
    assert len(evaluations) == tests > 4
    assert {evaluation.metadata["event_dates"].value for evaluation in evaluations} == {
        f"{DAYS[0]} to {DAYS[-1]}"
    }


def test_a_test_that_fails_is_a_failed_check_with_its_rows(
    events: Lake, project: Project, folder: Path, instance: dg.DagsterInstance
) -> None:
    marts = folder / "models/marts/marts.yml"
    marts.write_text(
        marts.read_text().replace("{min_value: 0, max_value: 1}", "{min_value: 0.9}", 1)
    )
    project = read_project(folder, SOURCE_TABLES)
    result = dg.materialize(
        [metric_assets(project), metric_checks(project)], tags=RANGE, instance=instance
    )
    assert result.success, "a failed check does not stop the run"
    failed = {e.check_name: e for e in result.get_asset_check_evaluations() if not e.passed}
    assert set(failed) == {"accepted_range_hit_rate", "not_null_average"}

    hit_rate = failed["accepted_range_hit_rate"]
    assert hit_rate.asset_key == dg.AssetKey("daily_cache_metrics")
    assert hit_rate.severity == dg.AssetCheckSeverity.ERROR
    assert hit_rate.metadata["failing_rows"].value == 2
    examples = hit_rate.metadata["examples"].records
    assert [(row.data["event_date"], row.data["hit_rate"]) for row in examples] == [
        (day.isoformat(), 0.5) for day in DAYS[:2]
    ]

    several_units = failed["not_null_average"]
    assert several_units.severity == dg.AssetCheckSeverity.WARN
    assert {row.data["metric_name"] for row in several_units.metadata["examples"].records} == {
        "heat"
    }


def test_the_checks_of_a_day_look_at_that_day_only(
    events: Lake, small_project: Project, instance: dg.DagsterInstance
) -> None:
    both = [metric_assets(small_project), metric_checks(small_project)]
    dg.materialize(both, tags=RANGE, instance=instance)
    quiet = dg.materialize(both, partition_key=DAYS[-1].isoformat(), instance=instance)
    assert all(evaluation.passed for evaluation in quiet.get_asset_check_evaluations())


def test_checks_alone_look_at_all_rows(
    events: Lake, small_project: Project, instance: dg.DagsterInstance
) -> None:
    assets, checks = metric_assets(small_project), metric_checks(small_project)
    dg.materialize([assets], tags=RANGE, instance=instance)
    key = dg.AssetCheckKey(dg.AssetKey("daily_metric_values"), "not_null_average")
    definitions = dg.Definitions(
        assets=[assets],
        asset_checks=[checks],
        jobs=[dg.define_asset_job("checks", selection=dg.AssetSelection.checks(key))],
    )
    result = definitions.resolve_job_def("checks").execute_in_process(instance=instance)
    [evaluation] = result.get_asset_check_evaluations()
    assert evaluation.asset_check_key == key
    assert evaluation.metadata["failing_rows"].value == 2


def test_a_new_metric_is_a_file_of_sql_and_a_few_lines_of_yaml(
    events: Lake, folder: Path, instance: dg.DagsterInstance
) -> None:
    (folder / "models/marts/daily_misses.sql").write_text(
        "select event_date, count(*) as misses, any_value(user_id) as user_id\n"
        "from {{ ref('stg_cache_queries') }}\nwhere not cache_hit\ngroup by event_date\n"
    )
    (folder / "models/marts/daily_misses.yml").write_text(
        """
models:
  - name: daily_misses
    description: Queries of each event date that the cache did not answer.
    config: {meta: {owner: "team:cache"}}
    columns:
      - {name: event_date, data_type: date, data_tests: [unique]}
      - {name: misses, data_type: bigint, description: Number of misses., data_tests: [not_null]}
      - name: user_id
        data_type: varchar
        data_tests: [accepted_values: {arguments: {values: [ada]}}]
"""
    )
    project = read_project(folder, SOURCE_TABLES)
    assets, checks = metric_assets(project), metric_checks(project)
    spec = assets.specs_by_key[dg.AssetKey("daily_misses")]
    assert spec.owners == ["team:cache"]
    assert [column.name for column in spec.metadata["dagster/column_schema"].columns] == [
        "misses", "user_id",
    ]  # fmt: skip
    result = dg.materialize(
        [assets, checks],
        selection=dg.AssetSelection.assets("daily_misses"),
        tags=RANGE,
        instance=instance,
    )
    with events.engine() as connection:
        frame = events.frame(connection, project.marts["daily_misses"].table)
    assert frame["misses"].tolist() == [1, 1]
    assert events.dates(project.marts["daily_misses"].table) == DAYS
    assert {
        evaluation.check_name: evaluation.passed
        for evaluation in result.get_asset_check_evaluations()
    } == {"unique_event_date": True, "not_null_misses": True, "accepted_values_user_id": False}


def test_a_query_that_fails_names_its_file_in_the_run(
    events: Lake, folder: Path, instance: dg.DagsterInstance
) -> None:
    file = folder / "models/marts/daily_cache_metrics.sql"
    file.write_text(file.read_text().replace("count(*) as total", "cuont(*) as total"))
    assets = metric_assets(read_project(folder, SOURCE_TABLES))
    result = dg.materialize([assets], partition_key=DAY, instance=instance, raise_on_error=False)
    [failure] = result.get_step_failure_events()
    message = failure.step_failure_data.error.cause.message
    assert "dbt_like_sql/models/marts/daily_cache_metrics.sql:19:9: Catalog Error" in message


def test_the_tests_of_a_seed_look_at_its_rows(
    lake: Lake, small_project: Project, instance: dg.DagsterInstance
) -> None:
    checks = dg.AssetSelection.checks_for_assets("prices")
    definitions = dg.Definitions(
        assets=[metric_assets(small_project), *seed_specs(small_project)],
        asset_checks=[metric_checks(small_project)],
        jobs=[dg.define_asset_job("checks", selection=checks)],
    )
    result = definitions.resolve_job_def("checks").execute_in_process(instance=instance)
    assert {
        evaluation.check_name: evaluation.metadata["failing_rows"].value
        for evaluation in result.get_asset_check_evaluations()
    } == {"not_null_model": 0, "relationships_model": 2}
