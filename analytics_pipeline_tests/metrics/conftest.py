import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.metrics.project import Project
from analytics_pipeline.metrics.reading import read_project
from analytics_pipeline.metrics.tables import SOURCE_TABLES, sql_folder
from analytics_pipeline.settings import current_settings, read_settings


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    """The lake of this process, empty."""
    monkeypatch.setenv("AICACHE_LAKE", str(tmp_path / "lake"))
    current_settings.cache_clear()
    yield Lake.of(current_settings())
    current_settings.cache_clear()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the project's folder of SQL, to be changed."""
    return shutil.copytree(sql_folder(read_settings(sql_dir=None)), tmp_path / "dbt_like_sql")


@pytest.fixture(scope="session")
def project() -> Project:
    return read_project(sql_folder(read_settings(sql_dir=None)), SOURCE_TABLES)
