"""The page writes numbers as the reports do."""

from pathlib import Path

import pytest
from selenium import webdriver

from analytics_pipeline import rounding
from analytics_pipeline_tests.reporting.dashboard.page import Page

VALUES = [
    0, 1, 7, 12, 999, 1000, 12345, 1234567, 0.5, 0.123456, 0.00069812, 3.0, 12.345, 999.4, 1234.56,
    59.2, 59.97, 0.9997, 999.6, -999.6, 61, 119.6, 3599, 3601, 86400, 0.0004, 0.98765,
    0.9991, 0.004, 2e-7, -3, -0.25, -1234.5,
]  # fmt: skip
UNITS = ["share", "s", "queries", "USD", "USD per query", None]


def test_numbers_read_as_in_the_reports(chromium: webdriver.Chrome, site: Path) -> None:
    page = Page.at(chromium, site)
    page.open()
    for unit in UNITS:
        values = [v for v in VALUES if unit != "s" or v >= 0]
        shown = page.browser.execute_script(
            "return arguments[0].map(value => dashboard.wording.number(value, arguments[1]))",
            values, unit,
        )  # fmt: skip
        # A script does not tell 3.0 from 3.
        same = [int(v) if float(v).is_integer() else v for v in values]
        assert shown == [rounding.number(value, unit) for value in same], unit


@pytest.mark.parametrize(
    ("value", "previous", "unit"),
    [(0.5, 0.4, "share"), (0.5, 0.504, "share"), (3, 4, "queries"), (4, 3, "s"), (2.5, 0, "USD"),
     (2, 2, "USD")],
)  # fmt: skip
def test_changes_read_as_in_the_reports(
    chromium: webdriver.Chrome, site: Path, value: float, previous: float, unit: str
) -> None:
    page = Page.at(chromium, site)
    page.open()
    shown = page.browser.execute_script(
        "return dashboard.wording.change(arguments[0], arguments[1], arguments[2])",
        value, previous, unit,
    )  # fmt: skip
    relative = (value - previous) / previous if previous else None
    assert shown == rounding.change(value - previous, relative, unit)
