"""With the real daemon: what is dropped leads to reports without a hand; a backfill is one run."""

import json
import time
from datetime import date, timedelta
from pathlib import Path

import pytest

from analytics_pipeline.ingestion.updates import covered_dates
from analytics_pipeline.reporting.files import report_files
from analytics_pipeline_tests.dagster_server import DagsterServer, running_dagster, wait_for
from analytics_pipeline_tests.end_to_end.backfills import check_backfill
from analytics_pipeline_tests.workspace import query_event

pytestmark = [pytest.mark.timeout(1500), pytest.mark.usefixtures("few_data_tests")]

DAYS = [date(2026, 11, day) for day in (2, 9)]


def drop(landing: Path, name: str, days: list[date], queries: int) -> None:
    """Copy a file as people do: it appears under its name while it is still being written."""
    with (landing / name).open("w") as file:
        for day in days:
            for number in range(queries):
                event = query_event(timestamp=f"{day}T12:00:00Z", event_id=f"{day}/{number}")
                file.write(json.dumps(event) + "\n")


def queries_in_report(lake: Path, day: date) -> int | None:
    file = report_files(lake, day)["json"]
    if not file.exists():
        return None
    cache = json.loads(file.read_text())["sections"]["cache"]["daily_cache_metrics"]
    return cache["figures"]["total_queries"]["value"]


def updated_dates(server: DagsterServer) -> list[tuple[date, date]]:
    runs = server.runs("daily_update")
    tags = [{tag["key"]: tag["value"] for tag in run["tags"]} for run in reversed(runs)]
    return [dates for tag in tags if (dates := covered_dates(tag))]


def test_dropped_and_rewritten_files_lead_to_reports_of_the_touched_dates(tmp_path: Path) -> None:
    landing, lake = tmp_path / "landing", tmp_path / "lake"
    landing.mkdir()
    environment = {
        "AICACHE_LANDING_ZONE": str(landing),
        "AICACHE_LAKE": str(lake),
        "AICACHE_INGESTION__SENSOR_INTERVAL_SECONDS": "2",
        "AICACHE_INGESTION__SETTLE_SECONDS": "1",
    }
    with running_dagster(tmp_path / "home", environment) as server:
        drop(landing, "a.jsonl", DAYS, queries=5)
        for day in DAYS:
            wait_for(lambda day=day: queries_in_report(lake, day) == 5, f"report of {day}")
        assert updated_dates(server) == [(day, day) for day in DAYS]

        untouched = report_files(lake, DAYS[0])["html"].stat().st_mtime_ns
        drop(landing, "b.jsonl", [DAYS[1]], queries=8)
        wait_for(lambda: queries_in_report(lake, DAYS[1]) == 8, "report with the late file")
        drop(landing, "b.jsonl", [DAYS[1]], queries=6)
        wait_for(lambda: queries_in_report(lake, DAYS[1]) == 6, "report of the rewritten file")
        assert report_files(lake, DAYS[0])["html"].stat().st_mtime_ns == untouched

        wait_for(
            lambda: all(run["status"] == "SUCCESS" for run in server.runs()), "success of all runs"
        )
        before = len(server.runs())
        time.sleep(8)
        assert len(server.runs()) == before, "with nothing new, nothing is run"
        check_backfill(server, lake, [DAYS[0], DAYS[0] + timedelta(days=1)])
