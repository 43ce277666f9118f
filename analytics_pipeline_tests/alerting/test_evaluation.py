"""All rules together: a day alone or among others, and what a quiet and an empty lake give."""

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from analytics_pipeline.alerting.evaluation import (
    days_read,
    evaluate,
    evaluate_days,
    judged_by_checks,
)
from analytics_pipeline.alerting.ruleset import rules_of
from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline.ingestion.intake import take_in
from analytics_pipeline.ingestion.quality import compare_with_history
from analytics_pipeline.ingestion.validation import validate
from analytics_pipeline.insights.catalog import INSIGHTS
from analytics_pipeline.insights.tables import LOG_TEMPLATES
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.metrics.building import build
from analytics_pipeline.metrics.tables import current_project
from analytics_pipeline.samples.generation import generate
from analytics_pipeline.settings import Settings, read_settings
from analytics_pipeline_tests.alerting.rows import write_day

LAST = date(2026, 3, 31)
DAYS = 45


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lake, Settings]:
    """A lake of some weeks of generated events, as far as rules read it."""
    root = tmp_path_factory.mktemp("generated")
    generate(root / "landing", events=30_000, days=DAYS, end=LAST, seed=4)
    settings = read_settings(
        landing_zone=root / "landing", lake=root / "lake", ingestion={"settle_seconds": 0}
    )
    lake = Lake.of(settings)
    days = sorted(take_in(lake, settings).event_dates)
    validate(lake, settings, days)
    compare_with_history(lake, settings, days)
    with lake.engine() as connection:
        build(lake, connection, current_project(), days)
        query = INSIGHTS[LOG_TEMPLATES](lake.scan(VALIDATED_EVENTS, days), settings.insights)
        lake.replace_days(connection, LOG_TEMPLATES, days, query)
    return lake, settings


def test_several_days_at_once_agree_with_each_alone(generated: tuple[Lake, Settings]) -> None:
    lake, settings = generated
    days = [LAST - timedelta(days=back) for back in (0, 1, 2, 9, 30, 44)]
    with lake.engine() as connection:
        together = evaluate_days(lake, connection, days, settings)
        alone = {day: evaluate(lake, connection, day, settings) for day in days}
    assert list(together) == sorted(days)
    assert together == alone


def test_the_days_after_a_day_have_no_bearing_on_it(generated: tuple[Lake, Settings]) -> None:
    lake, settings = generated
    day = LAST - timedelta(days=10)
    with lake.engine() as connection:
        whole = evaluate(lake, connection, day, settings)
        for later in range(1, 11):
            for folder in lake.root.glob(f"*/event_date={day + timedelta(days=later)}"):
                folder.rename(folder.with_name(f"hidden_{folder.name}"))
        try:
            assert evaluate(lake, connection, day, settings) == whole
        finally:
            for folder in lake.root.glob("*/hidden_*"):
                folder.rename(folder.with_name(folder.name.removeprefix("hidden_")))


def test_what_rules_do_not_say_that_they_read_has_no_bearing(
    generated: tuple[Lake, Settings], tmp_path: Path
) -> None:
    lake, settings = generated
    partial = Lake(tmp_path / "lake", settings.engine)
    named = days_read(judged_by_checks(rules_of(settings)), [LAST])
    for table, days in named.items():
        for day in days:
            partition = lake.root / table / f"event_date={day}"
            if partition.exists():
                shutil.copytree(partition, partial.root / table / partition.name)
    assert not (
        partial.root / "validated_events" / f"event_date={LAST - timedelta(days=1)}"
    ).exists()
    with lake.engine() as connection:
        whole = evaluate(lake, connection, LAST, settings)
        assert evaluate(partial, connection, LAST, settings) == whole


def test_most_rules_judge_a_day_of_generated_data(generated: tuple[Lake, Settings]) -> None:
    lake, settings = generated
    with lake.engine() as connection:
        found = evaluate(lake, connection, LAST, settings)
    unjudged = {alert.name: alert.message for alert in found if alert.passed is None}
    assert len(unjudged) <= 12, unjudged
    for alert in found:
        assert (alert.passed is False) == bool(alert.findings)
        assert alert.message.endswith("."), alert.message
        assert alert.asset


def test_of_a_lake_without_anything_only_data_are_missing(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    with lake.engine() as connection:
        found = evaluate(lake, connection, LAST, Settings())
    assert [alert.name for alert in found] == [
        rule.name for rule in judged_by_checks(rules_of(Settings()))
    ]
    assert [alert.name for alert in found if alert.passed is False] == ["missing_data"]
    for alert in found:
        if alert.passed is None:
            assert alert.message.startswith("Not evaluated: ")


def test_a_healthy_day_without_history_passes(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    write_day(lake, LAST)
    with lake.engine() as connection:
        found = evaluate(lake, connection, LAST, Settings())
    assert [alert.name for alert in found if alert.passed is False] == []
    passed = {alert.name for alert in found if alert.passed}
    assert {"hit_rate", "response_time", "error_rate", "quarantine_share", "missing_data"} <= passed


def test_today_is_judged_by_its_rates_alone(generated: tuple[Lake, Settings]) -> None:
    lake, settings = generated
    noon = datetime(2026, 3, 31, 12, tzinfo=UTC)
    with lake.engine() as connection:
        found = {
            alert.name: alert
            for alert in evaluate_days(lake, connection, [LAST], settings, now=noon)[LAST]
        }
    for name in ("traffic_anomaly", "event_volume", "cost_anomaly", "active_users_anomaly"):
        assert found[name].message == "Not evaluated: the day is not over.", name
    assert found["hit_rate_anomaly"].passed is not None


def test_no_days_give_nothing(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    with lake.engine() as connection:
        assert evaluate_days(lake, connection, [], Settings()) == {}
