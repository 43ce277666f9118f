"""Copies of the folder of SQL, for tests that are about something else than its data tests."""

import shutil
from pathlib import Path
from typing import Any

import yaml

from analytics_pipeline.metrics.tables import sql_folder
from analytics_pipeline.settings import read_settings

TESTS = "data_tests"
# From these the catalog knows the key and the slices of a mart.
TELLING = ("unique", "unique_combination_of_columns", "accepted_values")


def with_few_data_tests(destination: Path) -> Path:
    """A copy of the folder of SQL with all of its models, but few of its data tests.

    Dagster's events of some two hundred checks take longer than all the rest of a small update.
    """
    shutil.copytree(sql_folder(read_settings(sql_dir=None)), destination)
    for file in destination.rglob("*.yml"):
        content = yaml.safe_load(file.read_text())
        file.write_text(yaml.safe_dump(_with_few_tests(content), sort_keys=False))
    return destination


def _with_few_tests(content: Any) -> Any:
    if isinstance(content, list):
        return [_with_few_tests(each) for each in content]
    if not isinstance(content, dict):
        return content
    return {
        key: [each for each in value if _name(each) in TELLING]
        if key == TESTS
        else _with_few_tests(value)
        for key, value in content.items()
    }


def _name(test: str | dict[str, Any]) -> str:
    return test if isinstance(test, str) else next(iter(test))
