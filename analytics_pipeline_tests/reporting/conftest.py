"""Reports of one sample, made once for all tests that only read them."""

import json
from typing import Any

import pytest
from bs4 import BeautifulSoup

from analytics_pipeline.reporting.content import ReportContent
from analytics_pipeline.reporting.exports import as_json
from analytics_pipeline.reporting.render import as_html
from analytics_pipeline_tests.reporting.report_lake import content_of, sample_workspace
from analytics_pipeline_tests.workspace import Workspace


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return sample_workspace(tmp_path_factory.mktemp("report") / "workspace")


@pytest.fixture(scope="session")
def content(sample: Workspace) -> ReportContent:
    return content_of(sample)


@pytest.fixture(scope="session")
def document(content: ReportContent) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(as_json(content))
    return document


@pytest.fixture(scope="session")
def page(content: ReportContent) -> BeautifulSoup:
    return BeautifulSoup(as_html(content), "html.parser")
