"""Fixtures that all tests share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from analytics_pipeline_tests.sql_folders import with_few_data_tests
from analytics_pipeline_tests.workspace import Workspace

# Each test has a Dagster instance of its own, whatever the shell that starts the tests uses.
os.environ.pop("DAGSTER_HOME", None)


@pytest.fixture(autouse=True)
def no_dagster_home_is_left() -> Iterator[None]:
    """What a test leaves as DAGSTER_HOME is not that of the next."""
    yield
    os.environ.pop("DAGSTER_HOME", None)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "workspace")


@pytest.fixture(scope="module")
def few_data_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """For the processes that a module starts: all metrics, but few of their data tests."""
    folder = with_few_data_tests(tmp_path_factory.mktemp("sql") / "dbt_like_sql")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AICACHE_SQL_DIR", str(folder))
        yield
