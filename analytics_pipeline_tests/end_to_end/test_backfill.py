"""A backfill of several days by the API that the UI uses is one run, on SQLite and on Postgres."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from analytics_pipeline.ingestion.intake import take_in
from analytics_pipeline.ingestion.pending_updates import PendingUpdates
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.reporting.files import report_files
from analytics_pipeline.reporting.period_assets import PERIOD_REPORTS
from analytics_pipeline.samples.generation import generate
from analytics_pipeline.settings import Settings, read_settings
from analytics_pipeline_tests.dagster_server import (
    ROOT,
    DagsterServer,
    running_dagster,
    wait_for,
)
from analytics_pipeline_tests.postgres_server import running_postgres

pytestmark = [pytest.mark.timeout(1500), pytest.mark.usefixtures("few_data_tests")]

LAST = date(2026, 11, 20)
DAYS = [LAST - timedelta(days=offset) for offset in reversed(range(4))]

LAUNCH = """
mutation ($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
  }
}
"""

DAILY_ASSETS = "{ assetNodes { assetKey { path } isPartitioned isExecutable } }"


def launch_backfill(server: DagsterServer) -> str:
    """Start a backfill of all daily assets for all of the days, as the UI's dialog does."""
    nodes = server.query(DAILY_ASSETS)["assetNodes"]
    params: dict[str, Any] = {
        "assetSelection": [
            {"path": node["assetKey"]["path"]}
            for node in nodes
            if node["isPartitioned"]
            and node["isExecutable"]
            # The grids of weeks and months are others.
            and node["assetKey"]["path"] not in [[name] for name in PERIOD_REPORTS]
        ],
        "partitionNames": [day.isoformat() for day in DAYS],
    }
    answer = server.query(LAUNCH, {"params": params})["launchPartitionBackfill"]
    assert answer["__typename"] == "LaunchBackfillSuccess", answer
    return answer["backfillId"]


def backfill_status(server: DagsterServer, backfill: str) -> str:
    return server.query(
        "query ($id: String!) { partitionBackfillOrError(backfillId: $id) "
        "{ ... on PartitionBackfill { status } } }",
        {"id": backfill},
    )["partitionBackfillOrError"]["status"]


@pytest.mark.parametrize("storage", ["sqlite", "postgres"])
def test_a_backfill_of_several_days_is_one_run(tmp_path: Path, storage: str) -> None:
    landing, lake = tmp_path / "landing", tmp_path / "lake"
    generate(landing, events=400, days=len(DAYS), end=LAST, seed=3)
    settings = read_settings(landing_zone=landing, lake=lake, ingestion={"settle_seconds": 0})
    lines_at_rest(settings)
    environment = {
        "AICACHE_LANDING_ZONE": str(landing),
        "AICACHE_LAKE": str(lake),
        # No models are trained here: forecasts have tests of their own.
        "AICACHE_FORECAST__MIN_HISTORY_DAYS": "40",
    }
    if storage == "sqlite":
        with running_dagster(tmp_path / "home", environment) as server:
            check_backfill(server, lake)
        return
    with (
        running_postgres(tmp_path / "postgres") as postgres,
        running_dagster(
            tmp_path / "home",
            {**environment, **postgres.environment},
            configuration=ROOT / "deploy" / "dagster.yaml",
        ) as server,
    ):
        check_backfill(server, lake)


def lines_at_rest(settings: Settings) -> None:
    """Take the files in, and leave nothing for the sensors to do by themselves."""
    lake = Lake.of(settings)
    days = take_in(lake, settings).event_dates
    with PendingUpdates.open(lake.state) as pending:
        pending.begin_update("test", days)
        pending.finish_update("test")


def check_backfill(server: DagsterServer, lake: Path) -> None:
    backfill = launch_backfill(server)
    wait_for(
        lambda: (
            backfill_status(server, backfill) in ("COMPLETED_SUCCESS", "COMPLETED_FAILED", "FAILED")
        ),
        "end of the backfill",
        seconds=900,
    )
    assert backfill_status(server, backfill) == "COMPLETED_SUCCESS"
    runs = [
        run
        for run in server.runs()
        if {"key": "dagster/backfill", "value": backfill} in run["tags"]
    ]
    assert [run["status"] for run in runs] == ["SUCCESS"]
    tags = {tag["key"]: tag["value"] for tag in runs[0]["tags"]}
    assert tags["dagster/asset_partition_range_start"] == DAYS[0].isoformat()
    assert tags["dagster/asset_partition_range_end"] == DAYS[-1].isoformat()
    for day in DAYS:
        assert report_files(lake, day)["html"].stat().st_size > 0
