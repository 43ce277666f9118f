"""The page meets WCAG 2.2 AA by axe and by measure, on paper and without a mouse too."""

import base64
import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from analytics_pipeline.reporting.document import Report
from analytics_pipeline.reporting.formats.html import as_html
from analytics_pipeline_tests.browser import accessibility, open_browser

SECONDS = 120
# Rows are all alike, and so are definitions, of which there are so many that axe takes a minute for
# them: of most, only the place that links lead to is left.
SHORTEN = """
document.querySelectorAll("tbody tr:nth-child(n+4)").forEach(each => each.remove());
const section = document.getElementById("definitions");
[...section.querySelectorAll("dt, dd")].slice(60).forEach(each => {
  if (each.id) {
    const place = document.createElement("span");
    place.id = each.id;
    section.append(place);
  }
  each.remove();
});
"""
OPEN = "document.querySelectorAll('details').forEach(each => each.open = true)"


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    with open_browser() as browser:
        browser.set_script_timeout(SECONDS)
        yield browser


@pytest.fixture(params=["report", "executive", "empty"])
def opened(
    browser: webdriver.Chrome, request: pytest.FixtureRequest, tmp_path: Path
) -> webdriver.Chrome:
    report: Report = request.getfixturevalue(request.param)
    file = tmp_path / "report.html"
    file.write_text(as_html(report))
    browser.set_window_size(1600, 1000)
    browser.get(file.as_uri())
    return browser


def test_axe_finds_no_violation(opened: webdriver.Chrome) -> None:
    opened.execute_script(OPEN)
    opened.execute_script(SHORTEN)
    found = accessibility(opened)
    assert len(found["passes"]) > 20
    said = [
        (each["id"], [node["html"] for node in each["nodes"][:3]]) for each in found["violations"]
    ]
    assert not said, json.dumps(said, indent=1)


def test_a_link_that_stands_alone_is_large_enough_to_touch(opened: webdriver.Chrome) -> None:
    opened.execute_script(OPEN)
    low = opened.execute_script(
        "return [...document.querySelectorAll('nav a, h3 a, .figures a, th a, summary')]"
        ".filter(each => each.getBoundingClientRect().height < 24).map(each => each.outerHTML)"
    )
    assert not low


def test_the_page_is_no_wider_than_a_telephone(opened: webdriver.Chrome) -> None:
    opened.set_window_size(400, 900)
    width, shown = opened.execute_script(
        "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert width <= shown


def test_the_keyboard_reaches_the_report_first(opened: webdriver.Chrome) -> None:
    opened.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    skip = opened.switch_to.active_element
    assert str(skip.get_attribute("href")).endswith("#report")
    assert skip.rect["x"] >= 0


@pytest.mark.parametrize("opened", ["report"], indirect=True)
def test_on_paper_it_is_a4_with_numbered_pages(opened: webdriver.Chrome) -> None:
    printed = opened.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    pages = PdfReader(BytesIO(base64.b64decode(printed["data"]))).pages
    for number, page in enumerate(pages, start=1):
        size = float(page.mediabox.width), float(page.mediabox.height)
        assert size == pytest.approx((595, 842), abs=2)
        assert f"{number} / {len(pages)}" in page.extract_text()


def test_on_paper_nothing_is_cut_off(opened: webdriver.Chrome) -> None:
    # 182 mm are what A4 has between the margins of the page.
    opened.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": 688, "height": 1000, "deviceScaleFactor": 1, "mobile": False},
    )
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    ends = opened.execute_script(
        "return [...document.querySelectorAll('table, figure, .cards, .figures')]"
        ".map(each => each.getBoundingClientRect().right)"
    )
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    opened.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert max(ends, default=0) <= 688
