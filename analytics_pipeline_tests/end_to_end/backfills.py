"""Backfills by the API that the UI uses."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from analytics_pipeline.reporting.files import report_files
from analytics_pipeline.reporting.period_assets import PERIOD_REPORTS
from analytics_pipeline_tests.dagster_server import DagsterServer, wait_for

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


def launch_backfill(server: DagsterServer, days: Sequence[date]) -> str:
    """Start a backfill of all daily assets for the days, as the UI's dialog does."""
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
        "partitionNames": [day.isoformat() for day in days],
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


def check_backfill(server: DagsterServer, lake: Path, days: Sequence[date]) -> None:
    """Backfill days that follow on each other: that is one run, and makes all of their reports."""
    backfill = launch_backfill(server, days)
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
    assert tags["dagster/asset_partition_range_start"] == days[0].isoformat()
    assert tags["dagster/asset_partition_range_end"] == days[-1].isoformat()
    for day in days:
        assert report_files(lake, day)["html"].stat().st_size > 0
