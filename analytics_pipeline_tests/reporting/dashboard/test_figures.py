"""The figures that a reader sees, against pandas over the same days of the lake."""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from selenium import webdriver

from analytics_pipeline_tests.reporting.dashboard.page import Page
from analytics_pipeline_tests.reporting.dashboard.site_lake import (
    DAYS,
    LAST,
    TEAM,
    stored_rows,
)
from analytics_pipeline_tests.workspace import Workspace

FIRST = LAST - timedelta(days=DAYS - 1)
CACHE, COST = "daily_cache_metrics", "daily_cost_metrics"
ENGAGEMENT, SYSTEM = "daily_engagement_metrics", "daily_system_metrics"
DELIVERY = "daily_delivery_metrics"
RATIOS = {
    f"{CACHE}.hit_rate": (["cache_hits"], ["total_queries"]),
    f"{CACHE}.error_rate": (["failed_queries"], ["failed_queries", "total_queries"]),
    f"{SYSTEM}.error_rate": (["error_log_entries"], ["log_entries"]),
}
SUMS = {
    f"{CACHE}.total_queries", f"{CACHE}.time_saved", f"{COST}.total_cost",
    f"{COST}.response_cache_savings", f"{ENGAGEMENT}.total_interactions",
}  # fmt: skip
LATEST = {f"{ENGAGEMENT}.weekly_active_users", f"{DELIVERY}.deployment_frequency_28d"}
HIGHEST = {f"{SYSTEM}.disk_usage_max"}
MEDIANS = {
    f"{CACHE}.average_response_time", f"{CACHE}.p95_response_time", f"{ENGAGEMENT}.active_users",
    f"{ENGAGEMENT}.stickiness", f"{ENGAGEMENT}.interactions_per_user",
    f"{SYSTEM}.cpu_usage_average", f"{SYSTEM}.memory_usage_average",
    f"{DELIVERY}.build_failure_rate",
}  # fmt: skip
COST_PER_QUERY = f"{COST}.cost_per_query"


def expected(days: pd.DataFrame, metric: str) -> float | None:
    """The figure of a metric over the days of its mart."""
    days = days.sort_values("event_date")
    values = days[metric.partition(".")[2]].astype(float)
    days, values = days[values.notna()], values.dropna()
    if values.empty:
        return None
    if metric in RATIOS:
        above, below = (days[names].sum().sum() for names in RATIOS[metric])
        return float(above / below)
    if metric == COST_PER_QUERY:
        cost = days.total_cost.sum() - days.failed_query_cost.sum()
        return float(cost / days.queries_with_cost.sum())
    if metric in SUMS:
        return float(values.sum())
    if metric in LATEST:
        return float(values.iloc[-1])
    return float(values.max() if metric in HIGHEST else values.median())


def between(rows: pd.DataFrame, first: date, last: date) -> pd.DataFrame:
    return rows[(rows.event_date >= first.isoformat()) & (rows.event_date <= last.isoformat())]


def agrees(shown: str | None, value: float | None) -> bool:
    if shown is None or value is None:
        return shown is None and value is None
    return float(shown) == pytest.approx(value, rel=1e-9, abs=1e-12)


@pytest.fixture
def page(chromium: webdriver.Chrome, site: Path) -> Page:
    return Page.at(chromium, site)


def test_every_headline_has_a_rule_of_its_own_here(page: Page) -> None:
    page.open()
    assert set(page.cards()) == {*RATIOS, *SUMS, *LATEST, *HIGHEST, *MEDIANS, COST_PER_QUERY}


@pytest.mark.parametrize(
    ("state", "first", "last"),
    [
        ({"days": "7"}, LAST - timedelta(days=6), LAST),
        ({}, LAST - timedelta(days=27), LAST),
        ({"days": "all"}, FIRST, LAST),
        ({"from": "2026-10-30", "to": "2026-11-06"}, date(2026, 10, 30), date(2026, 11, 6)),
        ({"from": "2026-11-03", "to": "2026-11-03"}, date(2026, 11, 3), date(2026, 11, 3)),
    ],
    ids=["7 days", "28 days", "all", "own range", "one day"],
)
def test_the_cards_show_what_pandas_computes(
    generated: Workspace, page: Page, state: Mapping[str, str], first: date, last: date
) -> None:
    page.open(**state)
    length = (last - first).days + 1
    before = first - timedelta(days=length), first - timedelta(days=1)
    marts = {
        name: stored_rows(generated, name) for name in (CACHE, COST, ENGAGEMENT, SYSTEM, DELIVERY)
    }
    compared = 0
    for metric, card in page.cards().items():
        rows = marts[metric.partition(".")[0]]
        if metric.endswith("interactions_per_user"):
            rows = rows.assign(
                interactions_per_user=rows.interactions_per_user.where(rows.active_users >= 5)
            )
        assert agrees(card.get("value"), expected(between(rows, first, last), metric)), metric
        if before[0] < FIRST:
            assert "previous" not in card
            assert "no data that far back" in card["text"] or "No data" in card["text"]
        else:
            previous = expected(between(rows, *before), metric)
            assert agrees(card.get("previous"), previous), metric
            compared += previous is not None
        known = between(rows, first, last)[metric.partition(".")[2]].notna().sum()
        assert int(card["days"]) == known
    assert compared > 10 or before[0] < FIRST


@pytest.mark.parametrize(
    ("metric", "dimension", "rule"),
    [
        (f"{CACHE}.total_queries", "model", f"{CACHE}.total_queries"),
        (f"{CACHE}.hit_rate", "team", f"{CACHE}.hit_rate"),
        (f"{CACHE}.p95_response_time", "match_type", f"{CACHE}.p95_response_time"),
        (f"{COST}.cost_per_query", "language", COST_PER_QUERY),
        (f"{ENGAGEMENT}.active_users", "framework", f"{ENGAGEMENT}.active_users"),
    ],
)
def test_the_slices_show_what_pandas_computes(
    generated: Workspace, page: Page, metric: str, dimension: str, rule: str
) -> None:
    first, last = LAST - timedelta(days=8), LAST
    page.open(metric=metric, by=dimension, **{"from": first.isoformat(), "to": last.isoformat()})
    rows = stored_rows(generated, f"{metric.partition('.')[0]}_by_slice")
    rows = rows[rows.dimension == dimension]
    now, before = (
        between(rows, first, last),
        between(rows, first - timedelta(days=9), first - timedelta(days=1)),
    )
    slices = page.slices()
    assert set(slices) == set(now.value)
    assert len(slices) > 2
    total = sum(float(found["value"]) for found in slices.values() if "value" in found)
    for name, found in slices.items():
        assert agrees(found.get("value"), expected(now[now.value == name], rule)), name
        assert agrees(found.get("previous"), expected(before[before.value == name], rule)), name
        if rule in SUMS:
            assert agrees(found["share"], float(found["value"]) / total)
        else:
            assert "share" not in found
    ordered = [float(found["value"]) for found in slices.values() if "value" in found]
    assert ordered == sorted(ordered, reverse=True)


def test_a_slice_shows_its_own_figures_and_says_where_there_are_none(
    generated: Workspace, page: Page
) -> None:
    page.open(days="7", filter=f"team:{TEAM}")
    rows = stored_rows(generated, f"{CACHE}_by_slice")
    rows = rows[(rows.dimension == "team") & (rows.value == TEAM)]
    cards = page.cards()
    for metric in (f"{CACHE}.total_queries", f"{CACHE}.hit_rate", f"{CACHE}.p95_response_time"):
        value = expected(between(rows, LAST - timedelta(days=6), LAST), metric)
        assert agrees(cards[metric]["value"], value)
    assert "not told apart by team" in page.find(f'li[data-metric="{CACHE}.time_saved"]').text


def test_the_dashboard_of_a_team_shows_the_same_figures(
    chromium: webdriver.Chrome, site: Path, team_site: Path
) -> None:
    everyone, own = Page.at(chromium, site), Page.at(chromium, team_site)
    everyone.open(filter=f"team:{TEAM}", days="7")
    filtered = everyone.cards()
    own.open(days="7")
    cards = own.cards()
    assert TEAM in own.find("header").text
    assert len(cards) >= 8
    for metric, card in cards.items():
        twin = filtered[
            metric.replace("_by_slice", "").replace(".interactions", ".total_interactions")
        ]
        assert card.get("value") == twin.get("value")
        assert card.get("previous") == twin.get("previous")
    assert (
        own.browser.execute_script("return document.querySelectorAll('#filter-dimension').length")
        == 0
    )


def test_days_are_shown_as_they_are_stored(generated: Workspace, page: Page) -> None:
    page.open(metric=f"{CACHE}.hit_rate", days="all")
    shown = {row["date"]: row.get("value") for row in page.datasets("tr[data-date]")}
    stored = stored_rows(generated, CACHE).set_index("event_date").hit_rate
    assert set(shown) == set(stored.index)
    assert all(agrees(shown[day], value) for day, value in stored.items())


def test_the_demand_has_its_forecast(generated: Workspace, page: Page) -> None:
    page.open(metric=f"{CACHE}.total_queries")
    forecast = stored_rows(generated, "demand_forecast")
    made = forecast[forecast.event_date == LAST.isoformat()]
    assert agrees(page.find("#forecast").get_attribute("data-value"), made.forecast.sum())
    assert "79.0% of the hours lay within their 80.0% interval" in page.find("#forecast").text
    page.drawn_charts(3)
    bands = page.browser.execute_script(
        "return [...document.querySelectorAll('.plot')].flatMap(plot => plot.data)"
        ".filter(trace => trace.fill === 'tonexty').map(trace => trace.y)"
    )
    assert len(bands) == 1
    assert bands[0][-24:] == pytest.approx(made.upper.tolist())
    page.open(metric=f"{CACHE}.total_queries", **{"from": "2026-10-25", "to": "2026-10-30"})
    assert "No forecast was made from the data up to 30 Oct 2026" in page.find("#forecast").text


def test_a_formula_that_does_not_give_the_stored_days_is_not_believed(page: Page) -> None:
    page.open()
    found = page.browser.execute_script(
        "const days = [1, 2, 4].map(n => ({value: n, a: 2 * n, b: 2}));"
        "const over = {kind: 'formula', postfix: ['a', 'b', '/']};"
        "const wrong = days.map(day => ({...day, b: 3}));"
        "return [over, days, wrong].slice(1).map(list => dashboard.aggregate.aggregate(over, list))"
    )
    assert found == [
        {"value": pytest.approx(14 / 6), "kind": "formula", "days": 3},
        {"value": 2, "kind": "median", "days": 3},
    ]
