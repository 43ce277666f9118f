"""The alert rules against lakes with known numbers."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics_pipeline.alerting.findings import Evaluation
from analytics_pipeline.alerting.rules import RULES, RuleError, evaluate, evaluate_days
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.settings import Thresholds
from analytics_pipeline.tables import all_tables
from analytics_pipeline_tests.alerting.rows import write_day

DAY = date(2024, 2, 3)


def alerts_of(lake: Lake, thresholds: Thresholds | None = None) -> dict[str, Evaluation]:
    with lake.engine() as connection:
        found = evaluate(lake, connection, DAY, thresholds or Thresholds())
    assert [alert.name for alert in found] == [rule.name for rule in RULES]
    return {alert.name: alert for alert in found}


def test_a_healthy_day_passes_every_rule(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    write_day(lake, DAY)
    assert all(alert.passed is True for alert in alerts_of(lake).values())


@pytest.mark.parametrize(
    ("name", "numbers", "value", "severity", "message"),
    [
        (
            "hit_rate",
            {"hit_rate": 0.612},
            0.612,
            "WARN",
            "Hit rate 61.2% is below the minimum of 70%.",
        ),
        (
            "response_time",
            {"average_response_time": 0.75},
            0.75,
            "WARN",
            "Average response time 0.75 s is above the maximum of 0.5 s.",
        ),
        (
            "error_rate",
            {"error_rate": 0.02},
            0.02,
            "ERROR",
            "Error rate 2% is above the maximum of 1%.",
        ),
        (
            "quarantine_share",
            {"lines": [(90, 0), (5, 5)]},
            0.05,
            "WARN",
            "Share of quarantined lines 5% is above the maximum of 1%.",
        ),
        (
            "missing_data",
            {"lines": []},
            0.0,
            "ERROR",
            "Number of validated events 0 is below the minimum of 1.",
        ),
    ],
)
def test_each_rule_alone_is_violated_by_its_number(
    tmp_path: Path,
    name: str,
    numbers: dict[str, Any],
    value: float,
    severity: str,
    message: str,
) -> None:
    lake = Lake(tmp_path)
    write_day(lake, DAY, **numbers)
    found = alerts_of(lake)
    assert {alert.name for alert in found.values() if alert.passed is False} == {name}
    alert = found[name]
    assert alert.value == pytest.approx(value)
    assert (alert.severity, alert.message) == (severity, message)


@pytest.mark.parametrize(
    ("numbers", "thresholds"),
    [
        ({"hit_rate": 0.7}, Thresholds()),
        ({"average_response_time": 0.5}, Thresholds()),
        ({"error_rate": 0.01}, Thresholds()),
        ({"lines": [(99, 1)]}, Thresholds()),
        ({"lines": [(7, 0)]}, Thresholds(min_events=7)),
    ],
)
def test_a_value_at_its_threshold_is_within_it(
    tmp_path: Path, numbers: dict[str, Any], thresholds: Thresholds
) -> None:
    lake = Lake(tmp_path)
    write_day(lake, DAY, **numbers)
    assert [a.name for a in alerts_of(lake, thresholds).values() if not a.passed] == []


def test_a_day_without_data_of_a_kind_is_not_judged_by_it(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    write_day(lake, DAY, hit_rate=None, average_response_time=None, error_rate=None)
    found = alerts_of(lake)
    for name in ("hit_rate", "response_time", "error_rate"):
        assert (found[name].passed, found[name].value) == (None, None)
        assert found[name].message.startswith("Not evaluated: ")
    assert found["missing_data"].passed is True


def test_a_day_of_which_nothing_is_stored_only_misses_data(tmp_path: Path) -> None:
    found = alerts_of(Lake(tmp_path))
    assert found["missing_data"].passed is False
    assert found["missing_data"].value == 0
    nothing_new = {"new_quarantine_reason", "schema_drift"}
    assert {found[name].value for name in nothing_new} == {0}
    others = [alert for alert in found.values() if alert.name not in {"missing_data", *nothing_new}]
    assert {alert.passed for alert in others} == {None}
    relaxed = alerts_of(Lake(tmp_path), Thresholds(min_events=0))
    assert relaxed["missing_data"].passed is True


@settings(max_examples=15, deadline=None)
@given(
    numbers=st.lists(
        st.tuples(
            st.none() | st.floats(0, 1),
            st.lists(st.tuples(st.integers(0, 50), st.integers(0, 3)), max_size=3),
        ),
        min_size=1,
        max_size=4,
    ),
    limit=st.floats(0, 1),
)
def test_several_days_at_once_agree_with_each_day_by_hand(
    tmp_path_factory: pytest.TempPathFactory,
    numbers: list[tuple[float | None, list[tuple[int, int]]]],
    limit: float,
) -> None:
    lake = Lake(tmp_path_factory.mktemp("lake"))
    thresholds = Thresholds(hit_rate_min=limit, quarantine_share_max=limit, min_events=20)
    days = [DAY + timedelta(days=offset) for offset in range(len(numbers))]
    for day, (hit_rate, lines) in zip(days, numbers, strict=True):
        write_day(lake, day, hit_rate=hit_rate, lines=lines)
    with lake.engine() as connection:
        found = evaluate_days(lake, connection, reversed(days), thresholds)
    assert list(found) == days
    for day, (hit_rate, lines) in zip(days, numbers, strict=True):
        passed = {alert.name: alert.passed for alert in found[day]}
        validated = sum(file[0] for file in lines)
        quarantined = sum(file[1] for file in lines)
        total = validated + quarantined
        assert passed["hit_rate"] == (None if hit_rate is None else hit_rate >= limit)
        assert passed["quarantine_share"] == (quarantined / total <= limit if total else None)
        assert passed["missing_data"] == (validated >= 20)


def test_every_rule_names_a_threshold_and_a_table_that_exist() -> None:
    for rule in RULES:
        assert rule.threshold in Thresholds.model_fields
        assert rule.table in all_tables()
    assert {rule.threshold for rule in RULES} == set(Thresholds.model_fields)


@pytest.mark.parametrize(
    ("change", "named"),
    [({"table": "no_such_table"}, "no_such_table"), ({"value": "max(no_such)"}, "no_such")],
)
def test_a_rule_that_reads_what_is_not_there_is_named(
    tmp_path: Path, change: dict[str, str], named: str
) -> None:
    lake = Lake(tmp_path)
    wrong = replace(RULES[0], **change)  # type: ignore[arg-type]
    with lake.engine() as connection, pytest.raises(RuleError, match=named) as raised:
        evaluate_days(lake, connection, [DAY], Thresholds(), [wrong])
    assert "hit_rate" in str(raised.value)
