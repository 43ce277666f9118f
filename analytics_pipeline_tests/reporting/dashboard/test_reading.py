"""Finding one's way: from a figure to its days, slices and definition, and back."""

import functools
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from analytics_pipeline_tests.browser import accessibility
from analytics_pipeline_tests.reporting.dashboard.page import Page
from analytics_pipeline_tests.reporting.dashboard.site_lake import TEAM, build
from analytics_pipeline_tests.workspace import Workspace

HIT_RATE = "daily_cache_metrics.hit_rate"
QUERIES = "daily_cache_metrics.total_queries"
CARD = f'[id="card-{HIT_RATE}"]'
STATES = (
    {},
    {"days": "all", "filter": f"team:{TEAM}"},
    {"metric": QUERIES, "by": "language"},
    {"metric": "daily_log_metrics.error_rate"},
    {"metric": HIT_RATE, "from": "2020-01-01", "to": "2020-01-31"},
    {"view": "definitions"},
)


@pytest.fixture
def page(chromium: webdriver.Chrome, site: Path) -> Page:
    return Page.at(chromium, site)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A folder on a web server of its own, without anything but its files."""
    handler = functools.partial(QuietHandler, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


def test_a_card_leads_to_its_slices_and_back_with_its_focus(page: Page) -> None:
    page.open(days="7")
    page.click(CARD)
    assert page.find("h1").text == "Hit rate"
    assert "days=7" in page.browser.current_url
    assert {"model", "language", "framework", "team", "match_type", "hour"} == {
        link.get_attribute("id").removeprefix("by-")
        for link in page.browser.find_elements(By.CSS_SELECTOR, '[id^="by-"]')
    }
    page.click("#by-team")
    assert TEAM in page.slices()
    page.click(f'tr[data-slice="{TEAM}"] a')
    assert page.find("h1").text == f"Hit rate of team {TEAM}"
    page.does(page.browser.back)
    assert page.find("h1").text == "Hit rate"
    assert page.find("#by-team").get_attribute("aria-current") == "true"
    page.does(page.browser.back)
    page.does(page.browser.back)
    assert page.find("h1").text == "Overview"
    assert page.find("#range-7").get_attribute("aria-current") == "true"
    assert page.browser.switch_to.active_element.get_attribute("id") == f"card-{HIT_RATE}"
    page.does(page.browser.forward)
    assert page.find("h1").text == "Hit rate"


def test_all_of_it_can_be_done_by_keys(page: Page) -> None:
    page.open()
    seen = []
    for _ in range(40):
        page.browser.switch_to.active_element.send_keys(Keys.TAB)
        focused = page.browser.switch_to.active_element
        seen.append(focused.get_attribute("id") or focused.text)
        if seen[-1] == f"card-{HIT_RATE}":
            break
    assert seen[0] == "Skip to the content"
    assert {"range-7", "range-from", "range-apply", "filter-dimension"} <= set(seen)
    page.does(lambda: focused.send_keys(Keys.ENTER))
    assert page.browser.switch_to.active_element.text == "Hit rate"
    page.does(lambda: page.find("#by-language").send_keys(Keys.ENTER))
    assert page.browser.switch_to.active_element.get_attribute("id") != "by-model"
    sort = page.find("#sort-name")
    sort.send_keys(Keys.ENTER)
    assert (
        page.find("#sort-name").find_element(By.XPATH, "..").get_attribute("aria-sort")
        == "ascending"
    )
    assert list(page.slices()) == sorted(page.slices())
    assert page.browser.switch_to.active_element.get_attribute("id") == "sort-name"
    page.open()
    page.browser.switch_to.active_element.send_keys(Keys.TAB)
    page.browser.switch_to.active_element.send_keys(Keys.ENTER)
    assert page.browser.switch_to.active_element.get_attribute("id") == "main"
    assert page.find("h1").text == "Overview"


def test_ranges_are_chosen_and_stand_in_the_address(page: Page) -> None:
    page.open(metric=HIT_RATE)
    page.click("#range-all")
    assert page.browser.current_url.endswith(f"#metric={HIT_RATE}&days=all")
    assert page.browser.switch_to.active_element.get_attribute("id") == "range-all"
    for name, typed in (("from", "10302026"), ("to", "11052026")):
        page.find(f"#range-{name}").send_keys(typed)
    page.click("#range-apply")
    assert page.browser.current_url.endswith("&from=2026-10-30&to=2026-11-05")
    assert "Fri, 30 Oct 2026 to Thu, 5 Nov 2026" in page.find("#controls").text
    assert len(page.datasets("tr[data-date]")) == 7
    page.find("#range-from").send_keys("11062026")
    page.find("#range-apply").click()
    assert page.find(".problem").text == "The first day lies after the last."
    page.browser.refresh()
    page.wait("return document.documentElement.dataset.drawn")
    assert len(page.datasets("tr[data-date]")) == 7


def test_a_slice_is_chosen_for_all_figures(page: Page) -> None:
    page.open()
    Select(page.find("#filter-dimension")).select_by_value("model")
    page.wait("return document.querySelectorAll('#filter-value option').length > 2")
    options = Select(page.find("#filter-value"))
    names = [option.text for option in options.options]
    assert names[0] == "choose a model"
    page.does(lambda: options.select_by_visible_text(names[2]))
    assert page.find("h1").text == f"Model {names[2]}"
    page.click(CARD)
    assert page.find("h1").text == f"Hit rate of model {names[2]}"
    page.click("#filter-remove")
    assert page.find("h1").text == "Hit rate"


def test_every_metric_leads_to_its_definition_and_back(page: Page) -> None:
    page.open(metric=HIT_RATE, days="90")
    page.click("#definition")
    row = page.browser.switch_to.active_element
    assert row.get_attribute("data-definition") == HIT_RATE
    assert "cache_hits / total_queries" in row.text
    assert "higher" in row.text
    page.does(row.find_element(By.TAG_NAME, "a").click)
    assert page.find("h1").text == "Hit rate"
    assert "days=90" in page.browser.current_url
    page.click("#definitions-link")
    ids = {found["definition"] for found in page.datasets("tr[data-definition]")}
    assert {HIT_RATE, "daily_host_metrics.average"} <= ids
    page.click("#back")
    assert page.find("h1").text == "Overview"


@pytest.mark.parametrize("state", STATES, ids=str)
def test_each_page_is_accessible_wide_and_narrow(page: Page, state: dict[str, str]) -> None:
    # The long page of definitions takes axe half a minute.
    for width in (1400, 400) if "view" not in state else (400,):
        page.browser.set_window_size(width, 1000)
        page.open(**state)
        if state.get("metric") and "2020" not in str(state):
            page.drawn_charts(1)
        found = accessibility(page.browser)
        told = [
            f"{each['id']}: {[node['html'][:160] for node in each['nodes']]}"
            for each in found["violations"]
        ]
        assert told == []
        assert len(found["passes"]) > 15
        overflow = page.browser.execute_script(
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 0
    page.browser.set_window_size(1600, 1200)


def test_it_needs_no_network_and_complains_of_nothing(page: Page, site: Path) -> None:
    page.requests(), page.complaints()
    for state in STATES:
        page.open(**state)
        if state.get("metric"):
            page.wait("return !!window.Plotly")
    asked = [url for url in page.requests() if url != "about:blank" and not url.startswith("data:")]
    assert any(url.endswith("plotly.min.js") for url in asked)
    assert [url for url in asked if not url.startswith(site.as_uri())] == []
    assert page.complaints() == []


def test_a_web_server_that_only_knows_files_serves_it(
    chromium: webdriver.Chrome, site: Path, page: Page
) -> None:
    page.open(days="7")
    from_disk = page.cards()
    page.requests(), page.complaints()
    with served(site) as address:
        by_http = Page(chromium, f"{address}/index.html")
        by_http.open(days="7")
        assert by_http.cards() == from_disk
        by_http.click(CARD)
        by_http.drawn_charts(2)
        asked = [url for url in by_http.requests() if not url.startswith(("data:", "about:"))]
        assert [url for url in asked if not url.startswith(address)] == []
        assert by_http.complaints() == []
    page.open()


def test_the_first_sight_does_not_wait_for_plotly(chromium: webdriver.Chrome, site: Path) -> None:
    with served(site) as address:
        page = Page(chromium, f"{address}/index.html")
        page.open()
        page.wait("return performance.getEntriesByName('first-view').length && window.Plotly")
        order = page.browser.execute_script(
            "const plotly = performance.getEntriesByType('resource')"
            ".find(entry => entry.name.endsWith('plotly.min.js'));"
            "return [performance.getEntriesByName('first-view')[0].startTime, plotly.startTime]"
        )
    assert order[0] <= order[1]


def test_what_is_missing_is_said(
    chromium: webdriver.Chrome, site: Path, page: Page, tmp_path: Path
) -> None:
    page.open(metric=HIT_RATE, **{"from": "2020-01-01", "to": "2020-01-31"})
    assert "No day from 1 Jan 2020 to 31 Jan 2020 has a value" in page.find("main").text
    page.open(**{"from": "2020-01-01", "to": "2020-01-31"})
    assert all("No data" in card["text"] for card in page.cards().values())
    page.open(metric="daily_espresso.cups")
    assert "There is no metric daily_espresso.cups" in page.find("main").text
    assert page.cards()
    page.open(days="soon", filter="nonsense", by="nothing", **{"from": "2026-02-31", "to": "x"})
    assert page.find("#range-28").get_attribute("aria-current") == "true"

    broken = tmp_path / "broken"
    shutil.copytree(site, broken)
    for file in (broken / "data" / "daily_cost_metrics").glob("*.js"):
        file.unlink()
    damaged = Page.at(chromium, broken)
    damaged.open()
    said = damaged.find("main").text
    assert re.search(r"data/daily_cost_metrics/2026-1[01]\.js cannot be read", said)
    damaged.complaints()


def test_an_empty_lake_says_so(chromium: webdriver.Chrome, workspace: Workspace) -> None:
    page = Page.at(chromium, build(workspace).page.parent)
    page.open()
    assert page.find("h1").text == "No data yet"
    page.click("#definitions-link")
    assert page.datasets("tr[data-definition]")
