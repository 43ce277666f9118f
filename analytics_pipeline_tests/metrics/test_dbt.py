"""The same folder under real dbt: the same tables, row for row, and the same tests."""

import pytest

from analytics_pipeline.lake.table import literal, quoted
from analytics_pipeline.metrics.project import Project
from analytics_pipeline_tests.metrics.dbt_runs import DbtRun, run_dbt
from analytics_pipeline_tests.metrics.raw_files import RawLake, generated_lake


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory, project: Project) -> RawLake:
    return generated_lake(tmp_path_factory.mktemp("pipeline"), project, events=4_000, days=9)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, project: Project, lake: RawLake) -> DbtRun:
    """``dbt build``: seeds, unit tests, models and data tests."""
    folder = tmp_path_factory.mktemp("dbt")
    return run_dbt(project.folder, lake.lake.root, folder, ["build"], lake.days)


def test_it_builds_and_every_test_of_it_passes(built: DbtRun, project: Project) -> None:
    assert built.exit_code == 0, built.output
    assert " ERROR=0 " in built.output
    for mart in project.marts:
        assert f"microbatch model main.{mart} " in built.output
    for test in project.unit_tests:
        assert f"::{test.properties.name} " in built.output


def test_its_tables_are_those_of_the_pipeline_row_for_row(
    built: DbtRun, project: Project, lake: RawLake
) -> None:
    different = {}
    with lake.lake.engine() as connection:
        connection.execute(f"ATTACH {literal(str(built.database))} AS dbt (READ_ONLY)")
        for name, mart in project.marts.items():
            names = ", ".join(map(quoted, ("event_date", *mart.table.column_names)))
            ours = f"(SELECT {names} FROM {lake.lake.scan(mart.table)})"
            theirs = f"(SELECT {names} FROM dbt.main.{quoted(name)})"
            rows = connection.execute(
                f"SELECT 'only here', * FROM (FROM {ours} EXCEPT ALL FROM {theirs}) UNION ALL "
                f"SELECT 'only dbt', * FROM (FROM {theirs} EXCEPT ALL FROM {ours}) ORDER BY ALL"
            ).fetchall()
            if rows:
                different[name] = rows[:4]
        connection.execute("DETACH dbt")
    assert not different
