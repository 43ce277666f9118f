"""The unit tests that the YAML of the models declares, and what happens where one fails."""

import dataclasses
from pathlib import Path

import pytest

from analytics_pipeline.metrics.errors import ProjectError
from analytics_pipeline.metrics.project import Project, UnitTest
from analytics_pipeline.metrics.reading import read_project
from analytics_pipeline.metrics.tables import SOURCE_TABLES, sql_folder
from analytics_pipeline.metrics.unit_tests import run_unit_test
from analytics_pipeline.settings import read_settings

PROJECT = read_project(sql_folder(read_settings(sql_dir=None)), SOURCE_TABLES)


@pytest.mark.parametrize("test", PROJECT.unit_tests, ids=lambda test: test.properties.name)
def test_of_the_models(test: UnitTest) -> None:
    result = run_unit_test(PROJECT, test)
    assert result.passed, f"{test.where}: {test.properties.name}\n{result}"


def first_test(project: Project) -> UnitTest:
    return project.unit_tests[0]


def test_a_unit_test_compares_the_columns_it_expects(small_project: Project) -> None:
    assert run_unit_test(small_project, first_test(small_project)).passed


def test_a_failing_unit_test_shows_the_rows(folder: Path) -> None:
    file = folder / "models/marts/unit_tests.yml"
    file.write_text(file.read_text().replace("cache_hits: 1", "cache_hits: 2"))
    project = read_project(folder, SOURCE_TABLES)
    result = run_unit_test(project, first_test(project))
    assert not result.passed
    assert [row["cache_hits"] for row in result.missing] == [2]
    assert [row["cache_hits"] for row in result.unexpected] == [1]
    assert str(result).startswith("missing:    {'event_date': datetime.date(2026, 3, 1)")


def test_rows_may_be_csv_or_a_query(folder: Path) -> None:
    file = folder / "models/marts/unit_tests.yml"
    text = file.read_text()
    start = text.index("      - input: ref('stg_cache_queries')")
    file.write_text(
        text[:start]
        + """      - input: ref('stg_cache_queries')
        format: sql
        rows: select date '2026-03-01' as event_date, true as cache_hit from range(3)
    expect:
      format: csv
      rows: |
        event_date, total_queries, p50_response_time
        2026-03-01, 3,
        2026-03-02, ,
"""
    )
    project = read_project(folder, SOURCE_TABLES)
    assert run_unit_test(project, first_test(project)).passed


def test_a_variable_can_be_overridden(folder: Path) -> None:
    mart = folder / "models/marts/daily_cache_metrics.sql"
    mart.write_text(
        mart.read_text().replace("count(*) as total", "{{ weighted('count(*)') }} as total")
    )
    project = read_project(folder, SOURCE_TABLES)
    test = first_test(project)
    overridden = test.properties.model_copy(
        update={"overrides": test.properties.overrides.model_copy(update={"vars": {"weights": 1}})}
    )
    assert not run_unit_test(project, test).passed
    assert run_unit_test(project, dataclasses.replace(test, properties=overridden)).passed


def test_an_input_that_is_not_given_is_named(folder: Path) -> None:
    file = folder / "models/marts/unit_tests.yml"
    text = file.read_text()
    file.write_text(text.replace("source('lake', 'event_dates')", "ref('stg_log_entries')"))
    project = read_project(folder, SOURCE_TABLES)
    with pytest.raises(ProjectError, match=r"yml:2: no rows are given for event_dates\."):
        run_unit_test(project, first_test(project))
