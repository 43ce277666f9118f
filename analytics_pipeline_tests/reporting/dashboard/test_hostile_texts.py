"""Names from logs and the address inject nothing, and are shown as they are."""

from datetime import date, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pytest
from selenium import webdriver

from analytics_pipeline.lake.table import Column, Table
from analytics_pipeline_tests.reporting.dashboard.page import Page
from analytics_pipeline_tests.reporting.dashboard.site_lake import build, called, store_rows
from analytics_pipeline_tests.reporting.report_lake import store
from analytics_pipeline_tests.workspace import Workspace

LAST = date(2026, 3, 3)
QUERIES = "daily_cache_metrics.total_queries"
ATTACKS = [
    "<img src=x onerror=\"window.hacked='img'\">",
    "</script><script>window.hacked='script'</script>",
    "<a href=\"javascript:window.hacked='link'\">click</a>",
    "<b>bold</b><br>%{x}%{customdata}",
    "\"]});window.hacked='json';//",
    "';window.hacked='quote';//",
    "back\\slash\\u003c",
    "line\u2028separator\u2029\x00\x1b[31mred",
    "\u202egnp.evil",
    "__proto__",
    "constructor",
    "$\\href{javascript:window.hacked=1}{x}$",
    "=1+1",
    "",
    " ",
    "#days=7&filter=team:x",
    "x" * 500,
]
INCIDENTS = Table(
    "incident_events",
    "What became of incidents.",
    (
        Column("change", "VARCHAR", "What became of it."),
        Column("severity", "VARCHAR", "Severity."),
        Column("rule", "VARCHAR", "Rule."),
        Column("asset", "VARCHAR", "Asset."),
        Column("labels", "VARCHAR", "Slice."),
        Column("message", "VARCHAR", "Message."),
    ),
    order_by=(),
)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace.create(tmp_path_factory.mktemp("hostile") / "workspace")
    for number in range(14):
        day = LAST - timedelta(days=number)
        total = sum(range(1, len(ATTACKS) + 1))
        store_rows(workspace, "daily_cache_metrics", day, [{"total_queries": total}])
        store_rows(workspace, "daily_cache_metrics_by_slice", day, [
            {"dimension": dimension, "value": name, "total_queries": at + 1}
            for dimension in ("model", "team")
            for at, name in enumerate(ATTACKS)
        ])  # fmt: skip
    common = {"severity": "ERROR", "asset": "daily_cache_metrics", "change": "opened"}
    store(workspace.lake, INCIDENTS, LAST, [
        {**common, "rule": "hit_rate", "labels": "{}", "message": ATTACKS[0]},
        {**common, "rule": "cost_spike", "labels": '{"user": "ada"}', "message": "ada spent"},
        {**common, "rule": "spend", "labels": '{"User_Name": "ada"}', "message": "ada too"},
        {**common, "rule": "slow", "labels": '{"model": "atlas"}', "message": "slow",
         "asset": "daily_host_metrics"},
        {**common, "rule": "over", "labels": "{}", "message": "over", "change": "resolved"},
    ])  # fmt: skip
    return workspace


@pytest.fixture(scope="module")
def site(hostile: Workspace) -> Path:
    return build(hostile, incidents=INCIDENTS).page.parent


@pytest.fixture
def page(chromium: webdriver.Chrome, site: Path) -> Page:
    return Page.at(chromium, site)


def harmless(page: Page) -> None:
    """Nothing was run, and nothing was made into an element."""
    assert page.browser.execute_script("return window.hacked") is None
    assert page.browser.execute_script("return ({}).dimension") is None
    made = page.browser.execute_script(
        "return document.querySelectorAll('main img, main script, main b, #controls img, "
        'a[href^="javascript"], main a[href="x"]\').length'
    )
    assert made == 0


def test_hostile_names_are_shown_as_they_are(page: Page, site: Path) -> None:
    page.open(metric=QUERIES, by="team")
    page.drawn_charts(2)
    assert set(page.slices()) == set(ATTACKS)
    for at, name in enumerate(ATTACKS):
        assert float(page.slices()[name]["value"]) == 14 * (at + 1)
    shown = page.texts("tr[data-slice] th")
    assert ATTACKS[0] in shown
    assert "(empty)" in shown
    assert not [text for text in shown if set(text) & set("\u202e\u2028\u2029\x00\x1b")]
    assert max(map(len, shown)) <= 120
    hover = page.find(".plot:last-of-type")
    webdriver.ActionChains(page.browser).move_to_element(hover).perform()
    harmless(page)
    for file in site.rglob("data/*/*.js"):
        assert "<" not in file.read_text(encoding="ascii")


@pytest.mark.parametrize("name", ATTACKS, ids=range(len(ATTACKS)))
def test_a_hostile_slice_can_be_looked_at(page: Page, name: str) -> None:
    page.open(metric=QUERIES, filter=f"model:{name}", days="7")
    assert float(page.find("#figure").get_attribute("data-value")) == 7 * (ATTACKS.index(name) + 1)
    page.wait("return document.querySelectorAll('#filter-value option').length > 2")
    chosen = page.browser.execute_script("return document.getElementById('filter-value').value")
    assert chosen.replace("\x00", "\ufffd")[1:] == name.replace("\x00", "\ufffd")
    page.drawn_charts(1)
    harmless(page)


@pytest.mark.parametrize("name", ATTACKS[:6])
def test_the_team_of_a_dashboard_may_be_called_anything(
    chromium: webdriver.Chrome, hostile: Workspace, name: str
) -> None:
    folder = build(hostile, name).page.parent
    _, [catalog] = called(folder / "catalog.js")
    assert catalog["team"] == name
    page = Page.at(chromium, folder)
    page.open(days="7")
    assert name in page.find("#team").text
    card = page.cards()["daily_cache_metrics_by_slice.total_queries"]
    assert float(card["value"]) == 7 * (ATTACKS.index(name) + 1)
    assert name in page.browser.title
    harmless(page)


@pytest.mark.parametrize("key", ["metric", "by", "filter", "days", "from", "definition", "view"])
def test_a_hostile_address_does_nothing(page: Page, key: str) -> None:
    page.open()
    # The page of all definitions takes its time.
    for attack in ATTACKS[:4] if key == "definition" else ATTACKS:
        address = f"{key}={quote(attack)}&days=7"
        page.does(partial(page.browser.execute_script, "location.hash = arguments[0]", address))
        assert page.find("h1").text
        harmless(page)


def test_incidents_mark_their_days_but_not_those_of_single_persons(page: Page, site: Path) -> None:
    page.open(metric=QUERIES)
    page.drawn_charts(2)
    [incident] = page.datasets(".incidents li")
    assert (incident["date"], incident["rule"]) == (LAST.isoformat(), "hit_rate")
    page.find(".incidents summary").click()
    assert ATTACKS[0] in page.find(".incidents li").text
    marks = page.browser.execute_script(
        "return [...document.querySelectorAll('.plot')].flatMap(plot => plot.data)"
        ".filter(trace => trace.name.startsWith('incidents')).map(trace => trace.x)"
    )
    assert marks == [[LAST.isoformat()]]
    harmless(page)
    assert "ada" not in (site / "data/incident_events/2026-03.js").read_text()
