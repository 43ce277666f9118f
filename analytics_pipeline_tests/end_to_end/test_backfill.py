"""A backfill of several days on Postgres, by the API that the UI uses."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from analytics_pipeline.ingestion.intake import take_in
from analytics_pipeline.ingestion.pending_updates import PendingUpdates
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.samples.generation import generate
from analytics_pipeline.settings import Settings, read_settings
from analytics_pipeline_tests.dagster_server import ROOT, running_dagster
from analytics_pipeline_tests.end_to_end.backfills import check_backfill
from analytics_pipeline_tests.postgres_server import running_postgres

pytestmark = [pytest.mark.timeout(1500), pytest.mark.usefixtures("few_data_tests")]

LAST = date(2026, 11, 20)
DAYS = [LAST - timedelta(days=offset) for offset in reversed(range(4))]


def test_a_backfill_of_several_days_is_one_run(tmp_path: Path) -> None:
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
    with (
        running_postgres(tmp_path / "postgres") as postgres,
        running_dagster(
            tmp_path / "home",
            {**environment, **postgres.environment},
            configuration=ROOT / "deploy" / "dagster.yaml",
        ) as server,
    ):
        check_backfill(server, lake, DAYS)


def lines_at_rest(settings: Settings) -> None:
    """Take the files in, and leave nothing for the sensors to do by themselves."""
    lake = Lake.of(settings)
    days = take_in(lake, settings).event_dates
    with PendingUpdates.open(lake.state) as pending:
        pending.begin_update("test", days)
        pending.finish_update("test")
