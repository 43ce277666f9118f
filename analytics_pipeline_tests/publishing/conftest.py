import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.settings import read_settings
from analytics_pipeline_tests.postgres_server import PostgresServer, running_postgres
from analytics_pipeline_tests.publishing.site import Site


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    with running_postgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture
def site(tmp_path: Path, postgres: PostgresServer) -> Iterator[Site]:
    """A lake, and a schema of its own on the server."""
    settings = read_settings(
        lake=tmp_path / "lake",
        publish_url=postgres.url,
        publish_schema=f"site_{uuid.uuid4().hex[:8]}",
    )
    yield Site(Lake.of(settings), settings, postgres)
