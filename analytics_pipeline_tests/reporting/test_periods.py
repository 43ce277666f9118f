"""Reports on weeks, months and teams against a reading of the events that they are made from."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from analytics_pipeline.alerting.findings import Evaluation, Finding
from analytics_pipeline.metrics.building import build
from analytics_pipeline.metrics.catalog import metric_catalog
from analytics_pipeline.metrics.tables import current_project, mart_tables
from analytics_pipeline.reporting.document import Cards, Figures, Report, Rows
from analytics_pipeline.reporting.formats.html import as_html
from analytics_pipeline.reporting.formats.json import as_json
from analytics_pipeline.reporting.period import Period
from analytics_pipeline.reporting.period_reports import period_reports
from analytics_pipeline.settings import ReportingSettings
from analytics_pipeline_tests.workspace import Workspace

MONDAY = date(2026, 11, 9)
WEEK = Period.of_week(MONDAY)
DAYS = [MONDAY + timedelta(days=number) for number in range(-7, 7)]
TEAMS = {"search": [f"s{number}" for number in range(7)], "tiny": ["t0", "t1"]}
SETTINGS = ReportingSettings(teams=("search", "tiny", "nobody"))


def events_of(day: date) -> Iterator[dict[str, Any]]:
    """Queries of two teams; the second asks nothing on Wednesdays."""
    source = random.Random(day.toordinal())
    midnight = datetime.combine(day, datetime.min.time(), UTC)
    for number in range(60 + 20 * day.weekday()):
        team = source.choice(["search", "search", "tiny"])
        if team == "tiny" and day.weekday() == 2:
            continue
        hit = source.random() < 0.6
        yield {
            "event_id": f"{day}-{number}",
            "event_type": "cache_query",
            "timestamp": (midnight + timedelta(seconds=source.randrange(86_400))).isoformat(),
            "user_id": source.choice(TEAMS[team]),
            "team": team,
            "cache_hit": hit,
            "response_time": round(source.lognormvariate(-4 if hit else -0.2, 0.6), 4),
            "model": source.choice(["atlas", "cedar"]),
            "cost": None if hit else round(source.uniform(0.001, 0.02), 5),
        }


@pytest.fixture(scope="module")
def events() -> pd.DataFrame:
    frame = pd.DataFrame([event for day in DAYS for event in events_of(day)])
    frame["day"] = pd.to_datetime(frame["timestamp"]).dt.date
    return frame


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace.create(tmp_path_factory.mktemp("periods") / "workspace")
    for day in DAYS:
        workspace.drop(f"{day}.jsonl", events_of(day))
    workspace.ingest()
    with workspace.lake.engine() as connection:
        build(workspace.lake, connection, current_project(), DAYS)
    return workspace


ALERTS = {
    MONDAY + timedelta(days=2): [
        Evaluation(
            "team_cost", "ERROR", False, None, None, "Two teams cost more than usual.",
            findings=(
                Finding("Team search cost 9 USD.", {"team": "search"}, value=9.0),
                Finding("Team tiny cost 2 USD.", {"team": "tiny"}, value=2.0),
            ),
        ),
        Evaluation("hit_rate", "WARN", True, 0.6, 0.5, "Hit rate 60% is within its limit."),
    ],
    MONDAY + timedelta(days=4): [
        Evaluation(
            "hit_rate", "WARN", False, 0.4, 0.5, "Hit rate 40% is below 50%.",
            findings=(Finding("Hit rate 40% is below 50%.", value=0.4),),
        )
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def reports(workspace: Workspace) -> dict[str, Report]:
    return reports_of(workspace, WEEK)


def reports_of(workspace: Workspace, period: Period) -> dict[str, Report]:
    """The reports of a period by view, or team."""
    metrics = metric_catalog(current_project(), "team:tests")
    with workspace.lake.engine() as connection:
        ((_, made),) = period_reports(
            workspace.lake, connection, mart_tables(), metrics, ALERTS, [period], SETTINGS
        )
    return {report.team or report.view: report for report in made}


def block_of(report: Report, id: str) -> Any:
    (found,) = [block for section in report.sections for block in section.blocks if block.id == id]
    return found


def test_counts_add_up_ratios_are_of_sums_and_percentiles_those_of_a_typical_day(
    reports: dict[str, Report], events: pd.DataFrame
) -> None:
    of_week = events[events["day"] >= MONDAY]
    figures: Figures = block_of(reports["engineer"], "daily_cache_metrics")
    values = {name: metric.value for name, metric in figures.metrics.items()}
    assert values["total_queries"] == len(of_week)
    assert values["cache_hits"] == of_week["cache_hit"].sum()
    assert values["hit_rate"] == pytest.approx(of_week["cache_hit"].mean(), rel=1e-12)
    mean_of_days = of_week.groupby("day")["cache_hit"].mean().mean()
    assert values["hit_rate"] != pytest.approx(mean_of_days, rel=1e-6)
    p95 = of_week.groupby("day")["response_time"].quantile(0.95).median()
    assert values["p95_response_time"] == pytest.approx(p95, rel=1e-9)
    cost: Figures = block_of(reports["engineer"], "daily_cost_metrics")
    assert cost.metrics["total_cost"].value == pytest.approx(of_week["cost"].sum(), rel=1e-9)


def test_users_of_a_week_are_those_of_any_of_its_days(
    reports: dict[str, Report], events: pd.DataFrame
) -> None:
    cards: Cards = block_of(reports["engineer"], "headlines")
    users = {card.name: card.metric.value for card in cards.cards}
    assert users["weekly_active_users"] == events[events["day"] >= MONDAY]["user_id"].nunique()
    assert "active_users" not in users


def test_a_week_is_compared_with_the_week_before(
    reports: dict[str, Report], events: pd.DataFrame
) -> None:
    cards: Cards = block_of(reports["engineer"], "headlines")
    (card,) = [card for card in cards.cards if card.name == "total_queries"]
    before = (events["day"] < MONDAY).sum()
    assert (card.comparison.first, card.comparison.previous) == (DAYS[0], before)
    assert card.comparison.change == (events["day"] >= MONDAY).sum() - before
    by_day = events.groupby("day").size()
    assert dict(zip(card.days, card.values, strict=True)) == {
        day: by_day.get(day) for day in card.days
    }


def test_slices_of_a_week(reports: dict[str, Report], events: pd.DataFrame) -> None:
    of_week = events[events["day"] >= MONDAY].groupby("model")
    rows: Rows = block_of(reports["engineer"], "cache_by_model")
    found = {row["value"]: (row["total_queries"], row["hit_rate"]) for row in rows.listing.rows}
    expected = {model: (len(of), pytest.approx(of["cache_hit"].mean())) for model, of in of_week}
    assert found == expected
    order = [row["total_queries"] for row in rows.listing.rows]
    assert order == sorted(order, reverse=True)


def test_the_page_of_a_week_has_its_numbers_and_says_how_days_became_one(
    reports: dict[str, Report],
) -> None:
    page = BeautifulSoup(as_html(reports["engineer"]), "html.parser")
    cards: Cards = block_of(reports["engineer"], "headlines")
    shown = {float(str(each["value"])) for each in page.select(".value data")}
    assert shown >= {card.metric.value for card in cards.cards if card.metric.value is not None}
    definition = reports["engineer"].definitions["daily_cache_metrics.hit_rate"]
    assert definition.description.endswith("the formula, of the sums of the days.")


def test_a_team_sees_its_own_slice_and_no_other(
    reports: dict[str, Report], events: pd.DataFrame
) -> None:
    of_team = events[(events["day"] >= MONDAY) & (events["team"] == "search")]
    figures: Figures = block_of(reports["search"], "daily_cache_metrics_by_slice")
    assert figures.metrics["total_queries"].value == len(of_team)
    assert figures.metrics["hit_rate"].value == pytest.approx(of_team["cache_hit"].mean())
    assert "tiny" not in as_html(reports["search"]) + as_json(reports["search"])
    assert "2 USD" not in as_json(reports["search"])
    assert "Team search cost 9 USD." in as_json(reports["search"])


def test_status_of_a_week_is_that_of_its_worst_day(reports: dict[str, Report]) -> None:
    status = reports["engineer"].status
    assert (status.level, status.sentence) == (
        "action", "On 2 of 7 days alert rules are violated."
    )  # fmt: skip
    assert status.reasons[0] == "2026-11-11: Two teams cost more than usual."
    assert "9 USD" not in " ".join(reports["executive"].status.reasons)
    assert reports["nobody"].status.level == "good"


def test_nothing_is_shown_per_user_of_a_small_team(reports: dict[str, Report]) -> None:
    assert "fewer than 5 known users" in as_html(reports["tiny"])
    assert "fewer than 5 known users" not in as_html(reports["search"])
    of_another_team = as_json(reports["search"])
    assert not any(user in of_another_team for user in TEAMS["tiny"])


def test_a_team_without_events_has_no_data(reports: dict[str, Report]) -> None:
    cards: Cards = block_of(reports["nobody"], "headlines")
    assert {card.metric.reason for card in cards.cards} != {None}
    assert all(card.metric.value is None for card in cards.cards)


def test_a_team_report_of_a_day_has_the_numbers_of_its_mart(workspace: Workspace) -> None:
    day = MONDAY + timedelta(days=3)
    figures: Figures = block_of(
        reports_of(workspace, Period.of_day(day))["search"], "daily_cache_metrics_by_slice"
    )
    file = workspace.lake.root / "daily_cache_metrics_by_slice" / f"event_date={day}"
    frame = pd.read_parquet(file / "data.parquet", partitioning=None)
    (row,) = frame[(frame["dimension"] == "team") & (frame["value"] == "search")].to_dict("records")
    for name, metric in figures.metrics.items():
        stored = row[name]
        assert metric.value == (None if pd.isna(stored) else stored), name


def test_a_week_with_missing_days_says_so_and_compares_nothing(workspace: Workspace) -> None:
    later = Period.of_week(MONDAY + timedelta(days=7))
    report = reports_of(workspace, later)["engineer"]
    assert "Metrics have been built for 0 of the 7 days." in report.status.reasons
    cards: Cards = block_of(report, "headlines")
    assert all(card.comparison.change is None for card in cards.cards)


def test_equal_lakes_give_equal_reports(workspace: Workspace, reports: dict[str, Report]) -> None:
    again = reports_of(workspace, WEEK)
    assert {name: as_html(report) for name, report in again.items()} == {
        name: as_html(report) for name, report in reports.items()
    }


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_periods_hold_their_day_and_follow_each_other(day: date) -> None:
    for period in (Period.of_day(day), Period.of_week(day), Period.of_month(day)):
        assert day in period.days
        assert period.before.last < period.first
        if period.kind != "daily":
            assert period.before.last + timedelta(days=1) == period.first
    week = Period.of_week(day)
    assert np.busday_count(week.first, week.last + timedelta(days=1)) == 5
    assert week.first.isocalendar().weekday == 1
