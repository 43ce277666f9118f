"""The kinds that look at more than one number of a mart, against days made by hand."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics_pipeline.alerting.kinds.budget import BudgetRule
from analytics_pipeline.alerting.kinds.forecast import ForecastRule
from analytics_pipeline.alerting.kinds.freshness import FreshnessRule
from analytics_pipeline.alerting.kinds.new_error_template import NewErrorTemplateRule
from analytics_pipeline.alerting.kinds.quarantine import QuarantineRule
from analytics_pipeline.alerting.kinds.schema_drift import SchemaDriftRule
from analytics_pipeline.alerting.kinds.volume import VolumeRule
from analytics_pipeline.alerting.kinds.weekday_change import WeekdayChangeRule
from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline.forecasting.tables import DEMAND_FORECAST, HOURLY_QUERY_DEMAND
from analytics_pipeline.ingestion.quality_tables import (
    QUARANTINE_REASONS,
    SCHEMA_CHANGES,
    SOURCE_FIELDS,
)
from analytics_pipeline.ingestion.tables import FILE_LINE_COUNTS
from analytics_pipeline.insights.tables import LOG_TEMPLATES
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline_tests.alerting.rows import (
    bound,
    file_counts,
    judged,
    write_metric,
    write_rows,
)

DAY = date(2024, 5, 14)
NOON = datetime.combine(DAY, time(12), UTC)


def before(day: date, number: int) -> list[date]:
    return [day - timedelta(days=back) for back in reversed(range(1, number + 1))]


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.none() | st.integers(0, 1000), min_size=4, max_size=4),
    st.integers(0, 1000),
    st.sampled_from(["below", "above", "both"]),
)
def test_a_change_against_the_weekday_is_that_of_pandas(
    tmp_path_factory: pytest.TempPathFactory,
    weeks: list[int | None],
    value: int,
    direction: str,
) -> None:
    lake = Lake(tmp_path_factory.mktemp("lake"))
    rows: dict[date, Any] = {
        DAY - timedelta(weeks=back): {"total_queries": queries}
        for back, queries in enumerate(weeks, start=1)
    }
    rows |= {DAY - timedelta(days=3): {"total_queries": 10**6}, DAY: {"total_queries": value}}
    write_metric(lake, "daily_cache_metrics", rows)
    rule = bound(
        WeekdayChangeRule, metric="daily_cache_metrics.total_queries", change=0.3,
        min_difference=20, direction=direction,
    )  # fmt: skip
    [found] = judged(lake, rule, DAY)
    known = pd.Series(weeks, dtype=float).dropna()
    if len(known) < 2:
        assert found.passed is None
        return
    difference = value - known.median()
    too_far = abs(difference) > max(0.3 * known.median(), 20)
    on_side = {"below": difference < 0, "above": difference > 0, "both": True}[direction]
    assert found.passed is not (too_far and on_side)
    assert [finding.expected for finding in found.findings] == (
        [known.median()] if too_far and on_side else []
    )


def write_demand(lake: Lake, day: date, queries: Mapping[int, float | None], usual: float) -> None:
    midnight = datetime.combine(day, time())
    rows = [
        {"hour": midnight + timedelta(hours=hour), "queries": queries.get(hour, usual)}
        for hour in range(24)
    ]
    write_rows(lake, HOURLY_QUERY_DEMAND, {day: rows})


def write_forecast(lake: Lake, day: date, forecast: float, half_width: float) -> None:
    """What the day before foretold of a day."""
    midnight = datetime.combine(day, time())
    rows = [
        {
            "hour": midnight + timedelta(hours=hour), "model": "prophet", "forecast": forecast,
            "lower": forecast - half_width, "upper": forecast + half_width,
        }
        for hour in range(24)
    ]  # fmt: skip
    write_rows(lake, DEMAND_FORECAST, {day - timedelta(days=1): rows})


@pytest.mark.parametrize(
    ("queries", "expected"),
    [
        ({}, []),
        ({9: 400, 10: 400}, []),
        ({9: 400, 10: 400, 11: 400}, [("above", 1200.0, 300.0)]),
        ({9: 400, 10: 400, 11: 130, 12: 400}, []),
        ({9: 0, 10: 5, 11: 1}, [("below", 6.0, 300.0)]),
        ({9: 60, 10: 60, 11: 60}, []),
        ({9: 0, 10: 0, 11: 0, 20: 300, 21: 300, 22: 300, 23: 300},
         [("above", 1200.0, 400.0), ("below", 0.0, 300.0)]),
    ],
)  # fmt: skip
def test_hours_in_a_row_outside_of_the_interval_are_found(
    tmp_path: Path, queries: dict[int, float], expected: list[tuple[str, float, float]]
) -> None:
    lake = Lake(tmp_path)
    write_demand(lake, DAY, queries, 100)
    write_forecast(lake, DAY, 100, 20)
    [found] = judged(lake, bound(ForecastRule, hours=3), DAY)
    assert [(f.labels["direction"], f.value, f.expected) for f in found.findings] == expected
    assert found.passed is not bool(expected)


@pytest.mark.parametrize(
    ("half_width", "queries", "is_found"),
    [(55, 0, True), (55, 21, False), (55, 20, True), (100, 0, False), (0, 49, True)],
)
def test_no_demand_at_all_is_outside_of_a_wide_interval(
    tmp_path: Path, half_width: float, queries: float, is_found: bool
) -> None:
    """The lower limit is 100 times the square of 0.45 where it was 45; where it was 0 it stays."""
    lake = Lake(tmp_path)
    write_demand(lake, DAY, {9: queries}, 100)
    write_forecast(lake, DAY, 100, half_width)
    [found] = judged(lake, bound(ForecastRule, hours=1, direction="below"), DAY)
    assert bool(found.findings) is is_found


def test_a_surge_that_comes_every_week_is_no_finding_where_the_forecast_misses_it(
    tmp_path: Path,
) -> None:
    lake = Lake(tmp_path)
    surge = dict.fromkeys((13, 14, 15), 300.0)
    for week in range(5):
        write_demand(lake, DAY - timedelta(weeks=week), surge, 100)
    write_forecast(lake, DAY, 100, 20)
    rule = bound(ForecastRule)
    assert judged(lake, rule, DAY)[0].passed is True
    write_demand(lake, DAY - timedelta(weeks=2), {}, 100)
    assert judged(lake, rule, DAY)[0].passed is True
    write_demand(lake, DAY, dict.fromkeys((13, 14, 15), 900.0), 100)
    [found] = judged(lake, rule, DAY)
    assert found.message == (
        "Queries from 13:00 to 16:00 are 2,700, above the forecast of 300 (240–360) and more "
        "than on any of the last 4 Tuesdays."
    )
    assert found.history[DAY] == 2700 + 21 * 100


def test_a_forecast_that_is_not_there_is_said(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    assert (
        "hourly_query_demand has not been built"
        in judged(lake, bound(ForecastRule), DAY)[0].message
    )
    write_demand(lake, DAY, {}, 100)
    [found] = judged(lake, bound(ForecastRule), DAY)
    assert (found.passed, found.message) == (
        None, "Not evaluated: the day before has no forecast of it.",
    )  # fmt: skip


def test_hours_of_today_that_are_not_over_are_not_looked_at(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    write_demand(lake, DAY, dict.fromkeys(range(12, 24), None), 100)
    write_forecast(lake, DAY, 100, 20)
    assert judged(lake, bound(ForecastRule), DAY, now=NOON)[0].passed is True


def write_newest(lake: Lake, days: Mapping[date, time]) -> None:
    write_rows(
        lake, VALIDATED_EVENTS,
        {
            day: [
                {"event_id": f"{day}{n}", "event_type": "log_entry", "timestamp": moment}
                for n, moment in enumerate(
                    [datetime.combine(day, time()), datetime.combine(day, newest)]
                )
            ]
            for day, newest in days.items()
        },
    )  # fmt: skip


@pytest.mark.parametrize(
    ("newest", "now", "passed", "hours"),
    [
        (time(23), None, True, 1.0),
        (time(18), None, True, 6.0),
        (time(17, 59), None, False, 6 + 1 / 60),
        (time(3), NOON, False, 9.0),
        (time(11, 30), NOON, True, 0.5),
    ],
)
def test_the_newest_event_lies_near_the_end_of_the_day_or_now(
    tmp_path: Path, newest: time, now: datetime | None, passed: bool, hours: float
) -> None:
    lake = Lake(tmp_path)
    write_newest(lake, {DAY: newest})
    options = {} if now is None else {"now": now}
    [found] = judged(lake, bound(FreshnessRule), DAY, **options)
    assert (found.passed, found.value) == (passed, pytest.approx(hours * 3600))


def test_a_weekday_on_which_nobody_works_at_night_may_end_early(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    days = {DAY - timedelta(weeks=week): time(14) for week in range(1, 5)}
    write_newest(lake, {**days, DAY: time(10)})
    assert judged(lake, bound(FreshnessRule), DAY)[0].passed is True
    write_newest(lake, {DAY: time(8)})
    [found] = judged(lake, bound(FreshnessRule), DAY)
    assert found.message == (
        "The newest event lies 16 h before the end of the day, at 08:00; on the Tuesdays before it "
        "was 10 h at most."
    )


def write_lines(lake: Lake, days: Mapping[date, int]) -> None:
    write_rows(
        lake, FILE_LINE_COUNTS,
        {day: [{**file_counts(1, lines, 0), "opted_out": 0}] for day, lines in days.items()},
    )  # fmt: skip


def test_a_day_without_anything_misses_data_even_where_nothing_was_built(tmp_path: Path) -> None:
    rule = bound(VolumeRule, minimum="thresholds.min_events", quantity="Number of events")
    [found] = judged(Lake(tmp_path), rule, DAY)
    assert (found.passed, found.value) == (False, 0.0)
    assert found.message == "Number of events is 0, below the minimum of 1."
    assert judged(Lake(tmp_path), rule, DAY, now=NOON)[0].passed is None


@pytest.mark.parametrize(
    ("lines", "passed"), [(1000, True), (1400, True), (700, True), (2000, False), (400, False)]
)
def test_an_unusual_number_of_events_is_found(tmp_path: Path, lines: int, passed: bool) -> None:
    lake = Lake(tmp_path)
    write_lines(
        lake, {**{day: 1000 + at % 30 for at, day in enumerate(before(DAY, 56))}, DAY: lines}
    )
    rule = bound(VolumeRule, min_change=0.5)
    assert judged(lake, rule, DAY)[0].passed is passed
    assert judged(lake, rule, DAY, now=NOON)[0].message == "Not evaluated: the day is not over."


def test_a_source_that_is_silent_is_named_and_a_new_one_is_not(tmp_path: Path) -> None:
    lake = Lake(tmp_path)

    def row(source: str, records: int, event_type: str = "cache_query") -> dict[str, Any]:
        return {
            "source": source, "format": "native", "event_type": event_type, "field": "timestamp",
            "types": "timestamp", "records": records, "of_records": records,
        }  # fmt: skip

    days = {
        day: [row("gateway", 500), row("gateway", 400, "span"), row("proxy", 300)]
        for day in before(DAY, 40)
    }
    rows = {**days, DAY: [row("gateway", 510), row("gateway", 400, "span"), row("brand new", 900)]}
    write_rows(lake, SOURCE_FIELDS, rows)
    [found] = judged(lake, bound(VolumeRule, by="source", min_events=100), DAY)
    assert [(dict(f.labels), f.value, f.expected) for f in found.findings] == [
        ({"source": "proxy"}, 0.0, 300.0)
    ]
    [by_type] = judged(lake, bound(VolumeRule, by="event_type", min_events=100), DAY)
    assert [dict(f.labels) for f in by_type.findings] == [{"event_type": "cache_query"}]


def write_costs(lake: Lake, cost: float, first: date, last: date) -> None:
    days = pd.date_range(first, last).date
    write_metric(lake, "daily_cost_metrics", {day: {"total_cost": cost} for day in days})


@pytest.mark.parametrize(
    ("measure", "budget", "passed", "value"),
    [
        ("month_to_date", 140, True, 140.0),
        ("month_to_date", 139, False, 140.0),
        ("projected", 310, True, 310.0),
        ("projected", 309, False, 310.0),
        ("burn_rate", 155, True, 2.0),
        ("burn_rate", 154, False, 10 * 31 / 154),
    ],
)
def test_the_month_is_held_against_its_budget(
    tmp_path: Path, measure: str, budget: float, passed: bool, value: float
) -> None:
    lake = Lake(tmp_path)
    write_costs(lake, 10, date(2024, 4, 1), DAY)
    [found] = judged(lake, bound(BudgetRule, measure=measure, budget=budget), DAY)
    assert (found.passed, found.value) == (passed, pytest.approx(value))


def test_the_message_of_a_budget_names_the_month(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    write_costs(lake, 10, date(2024, 5, 1), DAY)
    [found] = judged(lake, bound(BudgetRule, measure="projected", budget=200), DAY)
    assert found.message == "Projected total cost of May is 310 USD, 155% of the budget of 200 USD."
    [early] = judged(lake, bound(BudgetRule, measure="projected", budget=1), date(2024, 5, 3))
    assert early.message == "Not evaluated: the last 7 days are not all known."


def templates(*found: tuple[str, int]) -> list[dict[str, Any]]:
    return [
        {
            "level": "ERROR", "component": "store", "template": template, "entries": entries,
            "example": template, "first_hour": datetime.combine(DAY, time(9)),
        }
        for template, entries in found
    ]  # fmt: skip


def test_an_error_is_new_that_the_weeks_before_did_not_have(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    days = {day: templates(("disk full", 3)) for day in before(DAY, 29)}
    days[DAY - timedelta(days=28)] = templates(("disk full", 1), ("leader lost", 1))
    days[DAY - timedelta(days=29)] = templates(("no route", 9))
    days[DAY] = templates(("disk full", 90), ("leader lost", 9), ("no route", 5), ("rare", 4))
    info = {**templates(("started", 99))[0], "level": "INFO"}
    days[DAY].append(info)
    write_rows(lake, LOG_TEMPLATES, days)
    [found] = judged(lake, bound(NewErrorTemplateRule, min_entries=5), DAY)
    assert [dict(f.labels) for f in found.findings] == [
        {"component": "store", "template": "no route"}
    ]
    assert found.message == (
        "The error “no route” of store is new: 5 entries from 09:00 on, and none in the 28 days "
        "before."
    )
    [early] = judged(lake, bound(NewErrorTemplateRule), before(DAY, 26)[0])
    assert early.message == (
        "Not evaluated: 3 of the 28 days before are known, where 7 are needed."
    )


def change(field: str, kind: str, old: str | None, new: str | None) -> dict[str, Any]:
    return {
        "source": "gateway", "format": "native", "event_type": "span", "field": field,
        "change": kind, "before": old, "after": new,
    }  # fmt: skip


def test_a_change_of_the_schema_is_told_once(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    gone = change("page", "vanished", "text", None)
    days: dict[date, Any] = {DAY + timedelta(days=at): [gone] for at in range(3)}
    days[DAY] += [change("screen", "new", None, "text"), change("n", "type_changed", "a", "a, b")]
    days[DAY + timedelta(days=60)] = [gone]
    write_rows(lake, SCHEMA_CHANGES, days)
    found = dict(zip(days, judged(lake, bound(SchemaDriftRule, widened=False), *days), strict=True))
    assert [(day, of_day.value) for day, of_day in found.items()] == [
        (DAY, 2.0), (DAY + timedelta(days=1), 0.0), (DAY + timedelta(days=2), 0.0),
        (DAY + timedelta(days=60), 1.0),
    ]  # fmt: skip
    assert found[DAY].message == (
        "2 fields of source gateway changed: span.page (vanished), span.screen (new)."
    )
    assert judged(lake, bound(SchemaDriftRule), DAY)[0].value == 3.0
    assert judged(lake, bound(SchemaDriftRule, changes="new"), DAY)[0].value == 1.0


def test_the_share_of_quarantined_lines_is_told_with_its_reason(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    counts = {**file_counts(1, 92, 8), "opted_out": 0}
    reasons = [
        {"source": "a", "reason": "not_json", "lines": 5, "is_new": False},
        {"source": "a", "reason": "too_old", "lines": 2, "is_new": True},
        {"source": "b", "reason": "not_json", "lines": 1, "is_new": True},
    ]
    write_rows(lake, FILE_LINE_COUNTS, {DAY: [counts]})
    write_rows(lake, QUARANTINE_REASONS, {DAY: reasons})

    def found(**fields: Any) -> Any:
        return judged(lake, bound(QuarantineRule, **fields), DAY)[0]

    assert found(above=0.08).passed is True
    assert found(above=0.07).message == (
        "Share of quarantined lines is 8%, above the maximum of 7%; most often, 6 times, the line "
        "is not valid JSON, or a row that does not fit its header (not_json)."
    )
    few = found(above=0.07, min_lines=9)
    assert (few.passed, few.message) == (
        True,
        "Share of quarantined lines is 8%; it may be at most 7%, but 8 of 100 lines are too few "
        "to tell.",
    )
    assert found(above=0.01, reasons=["too_old"]).value == 0.02
    new = found(above=0, measure="new_reasons")
    assert [(dict(f.labels), f.value) for f in new.findings] == [
        ({"source": "a", "reason": "too_old"}, 2.0), ({"source": "b", "reason": "not_json"}, 1.0),
    ]  # fmt: skip
    assert found(above=0, measure="new_reasons", min_lines=3).passed is True
