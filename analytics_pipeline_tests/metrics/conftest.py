import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.metrics.project import Project
from analytics_pipeline.metrics.reading import read_project
from analytics_pipeline.metrics.tables import SOURCE_TABLES, sql_folder
from analytics_pipeline.settings import current_settings, read_settings
from analytics_pipeline_tests.metrics.raw_files import RawLake, copied_lake, generated_lake


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    """The lake of this process, empty."""
    monkeypatch.setenv("AICACHE_LAKE", str(tmp_path / "lake"))
    current_settings.cache_clear()
    yield Lake.of(current_settings())
    current_settings.cache_clear()


SAMPLE = Path(__file__).parents[2] / "samples/landing"
SMALL = Path(__file__).parent / "projects/dbt_like_sql"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of a small folder of SQL, to be changed."""
    return shutil.copytree(SMALL, tmp_path / "dbt_like_sql")


@pytest.fixture(scope="session")
def small_project() -> Project:
    """A few models, which stay as they are when those of the product change."""
    return read_project(SMALL, SOURCE_TABLES)


@pytest.fixture(scope="session")
def project() -> Project:
    """The product's own models."""
    return read_project(sql_folder(read_settings(sql_dir=None)), SOURCE_TABLES)


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory, project: Project) -> RawLake:
    """Six weeks of generated events, with late and repeated ones, and a silent day."""
    return generated_lake(tmp_path_factory.mktemp("generated"), project, events=12_000, days=42)


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory, project: Project) -> RawLake:
    """The bundled real sample, and a silent day."""
    folder = tmp_path_factory.mktemp("sample")
    return copied_lake(folder, SAMPLE, project)
