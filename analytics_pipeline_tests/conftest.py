"""Fixtures that all tests share."""

import os
from pathlib import Path

import pytest

from analytics_pipeline_tests.workspace import Workspace

# Each test has a Dagster instance of its own, whatever the shell that starts the tests uses.
os.environ.pop("DAGSTER_HOME", None)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "workspace")
