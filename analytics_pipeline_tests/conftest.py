"""Fixtures that all tests share."""

from pathlib import Path

import pytest

from analytics_pipeline_tests.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "workspace")
