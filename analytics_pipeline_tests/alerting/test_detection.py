"""The bundled rules find what is planted, and leave people alone on calm days."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import pytest

from analytics_pipeline.alerting.findings import Evaluation, Finding
from analytics_pipeline.ingestion.tables import QUARANTINED_LINES
from analytics_pipeline_tests.alerting.detection import Measure, details, measured, opened
from analytics_pipeline_tests.alerting.planted_lake import Planted, PlantedLake, planted_lake

FIRST = date(2026, 1, 1)


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def evaluation(rule: str, *labels: Mapping[str, str], passed: bool | None = True) -> Evaluation:
    found = tuple(Finding("off", labels=each) for each in labels)
    return Evaluation(rule, "WARN", False if found else passed, None, None, "", findings=found)


def by_day(*of_days: Sequence[Evaluation]) -> dict[date, Sequence[Evaluation]]:
    return {day(number): found for number, found in enumerate(of_days)}


def test_days_in_a_row_are_one_incident_of_each_slice() -> None:
    small, large = {"model": "small"}, {"model": "large"}
    found = opened(
        by_day(
            [evaluation("r", small)],
            [evaluation("r", small, large)],
            [evaluation("r", passed=None)],
            [evaluation("r", large), evaluation("other", large)],
            [evaluation("r")],
            [evaluation("r", small)],
        )
    )
    assert [(each.day, each.rule, each.labels) for each in found] == [
        (day(0), "r", small),
        (day(1), "r", large),
        (day(3), "other", large),
        (day(5), "r", small),
    ]


def test_what_is_opened_is_matched_to_what_was_planted() -> None:
    model = {"model": "large"}
    planted = [
        Planted("hit_rate_drop", day(40), model, True, ""),
        Planted("outage", day(50), {}, True, ""),
        Planted("seasonal_surge", day(55), {}, False, ""),
        Planted("seasonal_surge", day(56), {}, False, ""),
    ]
    quiet = [
        evaluation("hit_rate_anomaly"),
        evaluation("traffic_anomaly"),
        evaluation("error_rate"),
    ]
    evaluations: dict[date, Sequence[Evaluation]] = {day(number): quiet for number in range(60)}
    evaluations[day(3)] = [evaluation("error_rate", {})]
    evaluations[day(40)] = [evaluation("hit_rate_anomaly", model), evaluation("error_rate", {})]
    evaluations[day(41)] = [evaluation("hit_rate_anomaly", model), evaluation("error_rate")]
    evaluations[day(45)] = [evaluation("error_rate", {}), evaluation("cost_anomaly", {})]
    evaluations[day(55)] = [evaluation("traffic_anomaly", {})]
    found = measured(planted, evaluations)
    assert [each.alerted for each in found.expected] == [True, False]
    assert [each.named for each in found.expected] == [True, False]
    assert [each.alerted for each in found.normal] == [True, False]
    assert [(each.day, each.rule) for each in found.false] == [
        (day(45), "error_rate"),
        (day(45), "cost_anomaly"),
        (day(55), "traffic_anomaly"),
    ]
    assert [each.rule for each in found.beside] == ["error_rate"]
    assert [each.day for each in found.early] == [day(3)]
    assert found.calm_days == 60 - 28 - 2
    assert found.recall == 0.5
    assert found.false_days == 2
    assert found.precision == pytest.approx(1 / 3)
    assert found.false_per_month == 2


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> PlantedLake:
    return planted_lake(tmp_path_factory.mktemp("planted"), days=92, events=165_000, seed=7)


@pytest.fixture(scope="module")
def measure(lake: PlantedLake) -> Measure:
    return measured(lake.planted, lake.evaluate())


def test_spoiled_lines_are_quarantined_under_the_day_of_their_incident(lake: PlantedLake) -> None:
    with lake.lake.engine() as connection:
        rows = connection.execute(
            "SELECT event_date, reason, count(*) FROM "
            f"{lake.lake.scan(QUARANTINED_LINES, lake.days)} GROUP BY ALL"
        ).fetchall()
    lines = {(day, reason): count for day, reason, count in rows}
    reasons = {"clock_skew": {"too_old", "future_timestamp"}, "quarantine_burst": {"not_json"}}
    for each in lake.planted:
        if each.kind in reasons:
            found = [lines.get((each.day, reason), 0) for reason in reasons[each.kind]]
            assert max(found) >= 10, each
    spoiled = {each.day for each in lake.planted if each.kind in reasons}
    assert max(count for (day, _), count in lines.items() if day not in spoiled) < 10


def test_every_incident_is_alerted_on_its_day_by_a_rule_that_is_about_it(measure: Measure) -> None:
    assert len({each.planted.kind for each in measure.expected}) == 13
    assert [each.planted for each in measure.expected if not each.alerted] == []


def test_an_alert_names_the_model_the_user_and_the_host(measure: Measure) -> None:
    kinds = ("hit_rate_drop", "latency_regression", "cost_spike", "host_saturation")
    of_kinds = [each for each in measure.expected if each.planted.kind in kinds]
    assert len(of_kinds) >= len(kinds)
    assert [each.planted for each in of_kinds if not each.named] == []


def test_the_surge_of_every_thursday_is_not_alerted(measure: Measure) -> None:
    assert len(measure.normal) >= 10
    assert not any(each.alerted for each in measure.normal)


def test_a_calm_month_has_one_false_alert_at_most(measure: Measure) -> None:
    assert measure.calm_days >= 45
    assert measure.false_per_month <= 1, details(measure)
