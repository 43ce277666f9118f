"""One lake, its dashboards and one browser for all tests that only look at them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver

from analytics_pipeline_tests.browser import open_browser
from analytics_pipeline_tests.reporting.dashboard.site_lake import (
    TEAM,
    build,
    generated_workspace,
)
from analytics_pipeline_tests.workspace import Workspace


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return generated_workspace(tmp_path_factory.mktemp("dashboard") / "workspace")


@pytest.fixture(scope="session")
def site(generated: Workspace) -> Path:
    return build(generated).page.parent


@pytest.fixture(scope="session")
def team_site(generated: Workspace) -> Path:
    return build(generated, TEAM).page.parent


@pytest.fixture(scope="session")
def chromium() -> Iterator[webdriver.Chrome]:
    with open_browser() as browser:
        yield browser
