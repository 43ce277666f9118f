"""When weekly and monthly reports are renewed, and that they are written as assets."""

from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest

from analytics_pipeline.partitions import daily
from analytics_pipeline.reporting.period_assets import (
    MONTHLY_REPORT,
    WEEKLY_REPORT,
    months,
    period_definitions,
    weeks,
)
from analytics_pipeline.reporting.tables import DAILY_REPORT

EVENING = datetime(2026, 11, 11, 20, 0, tzinfo=UTC)
NIGHT = datetime(2026, 11, 12, 0, 46, tzinfo=UTC)


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    """The reports of periods, and the daily report as something that others materialize."""
    report = dg.AssetSpec(DAILY_REPORT.name, partitions_def=daily)
    return dg.Definitions.merge(period_definitions({}), dg.Definitions(assets=[report]))


def requested(result: dg.EvaluateAutomationConditionsResult, asset: str) -> set[str]:
    return set(result.get_requested_partitions(dg.AssetKey(asset)) or ())


def test_a_period_is_renewed_in_the_night_after_one_of_its_days_was(
    definitions: dg.Definitions,
) -> None:
    with dg.DagsterInstance.ephemeral() as instance:

        def look(at: datetime, cursor: object = None) -> dg.EvaluateAutomationConditionsResult:
            return dg.evaluate_automation_conditions(
                definitions, instance, cursor=cursor, evaluation_time=at,
                asset_selection=dg.AssetSelection.assets(WEEKLY_REPORT, MONTHLY_REPORT),
            )  # fmt: skip

        found = look(EVENING)
        for day in ("2026-11-05", "2026-11-11"):
            instance.report_runless_asset_event(
                dg.AssetMaterialization(DAILY_REPORT.name, partition=day)
            )
        found = look(EVENING + timedelta(minutes=5), found.cursor)
        assert not requested(found, WEEKLY_REPORT)
        found = look(NIGHT, found.cursor)
        assert requested(found, WEEKLY_REPORT) == {"2026-11-02", "2026-11-09"}
        assert requested(found, MONTHLY_REPORT) == {"2026-11-01"}
        found = look(NIGHT + timedelta(days=1), found.cursor)
        assert not requested(found, WEEKLY_REPORT)


def test_grids_begin_with_the_first_whole_period() -> None:
    assert weeks(date(2026, 11, 3)).start.date() == date(2026, 11, 9)
    assert weeks(date(2026, 11, 9)).start.date() == date(2026, 11, 9)
    assert months(date(2026, 11, 2)).start.date() == date(2026, 12, 1)
    assert months(date(2026, 11, 1)).start.date() == date(2026, 11, 1)
