"""How soon a reader sees a dashboard of 400 days, and what it costs to build and to update it."""

import statistics
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from urllib.parse import urlencode

from selenium import webdriver

from analytics_pipeline.ingestion.intake import take_in
from analytics_pipeline.ingestion.validation import validate
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.metrics.tables import current_project
from analytics_pipeline.reporting.dashboard.site import build_dashboard
from analytics_pipeline.samples.generation import generate
from analytics_pipeline_tests.benchmarks.measuring import Figure, seconds_of
from analytics_pipeline_tests.benchmarks.native_files import LAST
from analytics_pipeline_tests.benchmarks.options import Options
from analytics_pipeline_tests.benchmarks.pipeline_work import build_metrics, settings_of
from analytics_pipeline_tests.browser import open_browser
from analytics_pipeline_tests.reporting.dashboard.page import Page

DAYS = 400
ROUNDS = 7
DRILL = {"metric": "daily_cache_metrics.hit_rate", "by": "framework", "days": "365"}
MARK = "performance.mark('first-view')"
BARE_PAGE = "<!doctype html><html><title>bare</title><h1>bare</h1><script src=mark.js></script>"
BARE_SCRIPT = f"requestAnimationFrame(() => setTimeout(() => {MARK}));"


def dashboard_first_view(scratch: Path, options: Options) -> Iterator[Figure]:
    """The first view of 28 and of 365 days, beside that of an empty page; a drill; the building."""
    lake, build = _lake_of_a_year(scratch, options.scaled(200_000))
    folder = scratch / "dashboard"
    full = seconds_of(lambda: build(folder, None))
    (scratch / "bare.html").write_text(BARE_PAGE)
    (scratch / "mark.js").write_text(BARE_SCRIPT)
    page, bare = (folder / "index.html").as_uri(), (scratch / "bare.html").as_uri()
    rounds = options.rounds or ROUNDS
    with open_browser() as browser:
        for days in ("28", "365"):
            views, floors = [], []
            for _ in range(rounds):
                floors.append(_first_view(browser, bare))
                views.append(_first_view(browser, f"{page}#{urlencode({'days': days})}"))
            yield Figure(
                f"first view of the dashboard, {days} of {DAYS} days",
                statistics.median(views), 1, "s",
                f"longest {max(views):.2f} s; an empty page {statistics.median(floors):.2f} s, "
                f"{rounds} alternating rounds",
            )  # fmt: skip
        taken = [_drill(Page(browser, page)) for _ in range(rounds)]
    yield Figure(
        "from a card to its slices of 365 days, charts drawn", statistics.median(taken), None, "s",
        f"{rounds} times, longest {max(taken):.2f} s",
    )  # fmt: skip
    yield Figure(f"building the dashboard of {DAYS} days", full, None, "s", "once")
    update = statistics.median(_update(lake, build, folder) for _ in range(rounds))
    yield Figure(
        "updating it after a change of one day", update, None, "s", f"median of {rounds}"
    )  # fmt: skip


def _lake_of_a_year(
    scratch: Path, events: int
) -> tuple[Lake, Callable[[Path, list[date] | None], object]]:
    landing = scratch / "landing"
    generate(landing, events=events, days=DAYS, end=LAST, seed=5)
    settings = settings_of(landing, scratch / "lake")
    lake = Lake.of(settings)
    days = take_in(lake, settings).event_dates
    validate(lake, settings, days)
    build_metrics(lake, days)
    return lake, lambda folder, changed: build_dashboard(
        lake, folder, current_project(), settings, days=changed
    )


def _first_view(browser: webdriver.Chrome, address: str) -> float:
    """Seconds from the start of the navigation until the first view is painted."""
    browser.get("about:blank")
    browser.get(address)
    page = Page(browser, address)
    entries = "performance.getEntriesByName('first-view')"
    page.wait(f"return {entries}.length")
    return float(browser.execute_script(f"return {entries}[0].startTime")) / 1000


def _drill(page: Page) -> float:
    """Seconds from the choice of a metric until its charts stand, plotly.js being there."""
    page.open(days="7")
    page.wait("return !!window.Plotly")
    script = (
        "const done = arguments[1], started = performance.now();"
        "location.hash = arguments[0];"
        "const look = () => document.querySelectorAll('.plot[data-drawn]').length >= 2"
        " ? done(performance.now() - started) : requestAnimationFrame(look);"
        "look();"
    )
    return float(page.browser.execute_async_script(script, urlencode(DRILL))) / 1000


def _update(lake: Lake, build: Callable[[Path, list[date] | None], object], folder: Path) -> float:
    """Seconds that the dashboard takes where a day of a mart was written anew."""
    table = current_project().marts["daily_cache_metrics_by_slice"].table
    with lake.engine() as connection:
        rows = (
            f"SELECT * REPLACE (total_queries + 1 AS total_queries) FROM {lake.scan(table, [LAST])}"
        )
        lake.replace(connection, table, LAST, rows)
    return seconds_of(lambda: build(folder, [LAST]))
