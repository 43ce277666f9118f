"""The report and the Dagster UI, seen in a real browser."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from analytics_pipeline.reporting.files import report_files
from analytics_pipeline.samples.generation import generate
from analytics_pipeline_tests.browser import open_browser
from analytics_pipeline_tests.dagster_server import running_dagster
from analytics_pipeline_tests.end_to_end.test_command_line import LAST, command_line
from analytics_pipeline_tests.sql_folders import with_few_data_tests

SECONDS = 120


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A landing zone of generated events, taken into a lake by the command line."""
    folder = tmp_path_factory.mktemp("pages")
    add_a_metric(with_few_data_tests(folder / "sql"))
    generate(folder / "landing", events=1000, days=2, end=LAST, seed=9)
    completed = command_line(
        "run", "--landing", folder / "landing", "--lake", folder / "lake",
        DAGSTER_HOME=str(folder / "home"), AICACHE_SQL_DIR=str(folder / "sql"),
    )  # fmt: skip
    assert completed.returncode == 0, completed.stdout + completed.stderr
    yield folder


def add_a_metric(sql: Path) -> None:
    """One SQL file, and three lines of YAML."""
    (sql / "models/marts/daily_misses.sql").write_text(
        "select\n"
        "    event_date,\n"
        "    count(*) filter (where not cache_hit) as misses,\n"
        "    string_agg(distinct model, ', ' order by model) as models\n"
        "from {{ ref('stg_cache_queries') }}\n"
        "group by event_date\n"
    )
    (sql / "models/marts/daily_misses.yml").write_text(
        "models:\n"
        "  - {name: daily_misses, description: Questions that the cache did not answer., columns: "
        "[{name: event_date, data_type: date, data_tests: [unique]}, "
        "{name: misses, data_type: bigint, data_tests: [not_null]},\n"
        "    {name: models, data_type: varchar, description: All models of the misses.}]}\n"
    )


def test_a_report_needs_no_network_and_raises_no_error(folder: Path) -> None:
    with open_browser() as browser:
        browser.get(report_files(folder / "lake", LAST)["html"].as_uri())
        assert browser.find_element(By.TAG_NAME, "h1").text
        images = browser.find_elements(By.CSS_SELECTOR, "img, svg")
        assert images
        assert all(image.size["width"] > 0 for image in images)
        requests = [
            message["params"]["request"]["url"]
            for entry in browser.get_log("performance")
            if (message := json.loads(entry["message"])["message"])["method"]
            == "Network.requestWillBeSent"
        ]
        assert any(url.startswith("file:") for url in requests)
        assert [url for url in requests if url.startswith(("http:", "https:", "ws"))] == []
        assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_the_dagster_ui_shows_the_graph_and_what_the_command_line_did(folder: Path) -> None:
    environment = {
        "AICACHE_LANDING_ZONE": str(folder / "landing"),
        "AICACHE_LAKE": str(folder / "lake"),
        "AICACHE_SQL_DIR": str(folder / "sql"),
    }
    with (
        running_dagster(folder / "home", environment) as server,
        open_browser() as browser,
    ):
        for page, texts in {
            "/runs": ["daily_update", "intake", "Success"],
            "/assets/daily_report": ["daily_report", "2026-11-20"],
            "/assets/daily_cache_metrics?view=events": [
                "column lineage",
                "cache_hits",
                "validated_events.cache_hit",
            ],
            "/assets/daily_misses?view=overview": [
                "Questions that the cache did not answer.",
                "BIGINT",
                "validated_events.cache_hit",
                "All models of the misses.",
                "View in graph",
            ],
            "/assets/daily_misses?view=checks": ["unique_event_date", "not_null_misses"],
            "/asset-groups": ["ingestion", "metrics", "insights", "forecasting", "reporting"],
        }.items():
            browser.get(server.url + page)
            for text in texts:
                WebDriverWait(browser, SECONDS).until(
                    lambda _, text=text: text in browser.find_element(By.TAG_NAME, "body").text
                )
            name = page.strip("/").replace("/", "-")
            browser.save_screenshot(str(folder / f"{name}.png"))
