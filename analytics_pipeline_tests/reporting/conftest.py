"""Reports of one sample, made once for all tests that only read them."""

import pytest
from bs4 import BeautifulSoup

from analytics_pipeline.reporting.document import Report
from analytics_pipeline_tests.reporting.page_reading import page_of
from analytics_pipeline_tests.reporting.report_lake import (
    DAY,
    report_of,
    reports_of,
    sample_workspace,
)
from analytics_pipeline_tests.workspace import Workspace


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return sample_workspace(tmp_path_factory.mktemp("report") / "workspace")


@pytest.fixture(scope="session")
def report(sample: Workspace) -> Report:
    return report_of(sample)


@pytest.fixture(scope="session")
def executive(sample: Workspace) -> Report:
    return report_of(sample, view="executive")


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """The report of a day of which nothing was built."""
    workspace = Workspace.create(tmp_path_factory.mktemp("empty") / "workspace")
    return reports_of(workspace, [DAY])[DAY]["engineer"]


@pytest.fixture(scope="session")
def page(report: Report) -> BeautifulSoup:
    return page_of(report)
