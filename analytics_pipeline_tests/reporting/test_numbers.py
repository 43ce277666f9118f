"""Every number of a report equals an independent reading of the tables it is made from."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest
from bs4 import BeautifulSoup, Tag

from analytics_pipeline.insights.tables import LENGTH_CLASSES
from analytics_pipeline.lake.table import Column, Table
from analytics_pipeline.reporting.assets import report_asset
from analytics_pipeline.reporting.content import read_contents
from analytics_pipeline.reporting.exports import as_csv
from analytics_pipeline.reporting.render import as_html
from analytics_pipeline_tests.reporting.report_lake import (
    DAY,
    DAY_BEFORE,
    WEEK_BEFORE,
    store,
    stored,
)
from analytics_pipeline_tests.workspace import COUNTS, Workspace

ONE_ROW_MARTS = (
    "daily_cache_metrics", "daily_cache_entry_metrics", "daily_delivery_metrics",
    "daily_engagement_metrics", "daily_system_metrics",
)  # fmt: skip
KPI_SOURCES = {
    "total_queries": "daily_cache_metrics",
    "hit_rate": "daily_cache_metrics",
    "p95_response_time": "daily_cache_metrics",
    "active_users": "daily_engagement_metrics",
    "error_rate": "daily_system_metrics",
}


def plain(value: Any) -> Any:
    """A value of a frame as it stands in JSON."""
    if isinstance(value, pd.Timestamp):
        return value.isoformat() + "Z"
    return None if pd.isna(value) else value


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    rows = frame.astype(object).to_dict("records")
    return [{str(name): plain(value) for name, value in row.items()} for row in rows]


def as_listed(workspace: Workspace) -> dict[str, list[dict[str, Any]]]:
    """The rows of each list of the report, from the Parquet files, in the promised order."""
    slow = stored(workspace, "slow_queries").sort_values(
        ["response_time", "event_id"], ascending=[False, True]
    )
    languages = stored(workspace, "language_distribution").sort_values(
        ["queries", "language"], ascending=[False, True], na_position="last"
    )
    lengths = stored(workspace, "query_length_classes").set_index("length_class")
    return {
        "metric_values": records(stored(workspace, "daily_metric_values")),
        "top_queries": records(stored(workspace, "top_queries")),
        "languages": records(languages),
        "query_length_classes": records(lengths.loc[list(LENGTH_CLASSES)].reset_index()),
        "slow_queries": records(slow.head(20)),
        "miss_rate_periods": records(stored(workspace, "miss_rate_periods")),
        "hourly_demand": records(stored(workspace, "hourly_query_demand")),
        "forecast_of_the_next_day": records(stored(workspace, "demand_forecast")),
        "forecast_models": records(
            stored(workspace, "forecast_models").assign(
                trained_from=lambda frame: frame["trained_from"].astype(str),
                trained_to=lambda frame: frame["trained_to"].astype(str),
            )
        ),
        "files": records(stored(workspace, "file_line_counts")),
    }


def listings(document: dict[str, Any]) -> dict[str, Any]:
    insights = document["insights"]
    return {
        "metric_values": document["metric_values"],
        "top_queries": insights["top_queries"],
        "languages": insights["languages"],
        "query_length_classes": insights["query_length_classes"],
        "slow_queries": insights["slow_queries"],
        "miss_rate_periods": insights["miss_rate_periods"],
        "hourly_demand": document["demand"]["hours"],
        "forecast_of_the_next_day": document["forecast"]["hours"],
        "forecast_models": document["forecast"]["models"],
        "files": document["conservation"]["files"],
    }


def test_the_sample_has_something_of_everything(document: dict[str, Any]) -> None:
    for name, listing in listings(document).items():
        assert listing["rows"], name
        assert listing["reason"] is None, name
    assert document["insights"]["slow_queries"]["total"] > 20
    assert [alert["passed"] for alert in document["alerts"]].count(False) >= 2


@pytest.mark.parametrize("mart", ONE_ROW_MARTS)
def test_json_has_every_number_of_a_mart(
    sample: Workspace, document: dict[str, Any], mart: str
) -> None:
    (row,) = records(stored(sample, mart).drop(columns="event_date", errors="ignore"))
    metrics = document["metrics"][mart]
    assert {name: metric["value"] for name, metric in metrics.items()} == row
    for metric in metrics.values():
        assert (metric["value"] is None) == (metric["reason"] is not None)


def test_json_has_the_rows_of_every_list(sample: Workspace, document: dict[str, Any]) -> None:
    found = {name: listing["rows"] for name, listing in listings(document).items()}
    for name, expected in as_listed(sample).items():
        assert found[name] == expected, name
    assert document["insights"]["slow_queries"]["total"] == len(stored(sample, "slow_queries"))


def test_headlines_and_their_change_follow_from_the_marts(
    sample: Workspace, document: dict[str, Any]
) -> None:
    for name, mart in KPI_SOURCES.items():
        now = plain(stored(sample, mart)[name][0])
        before = plain(stored(sample, mart, WEEK_BEFORE)[name][0])
        kpi = document["kpis"][name]
        assert kpi["value"] == now
        assert kpi["comparison"]["date"] == WEEK_BEFORE.isoformat()
        assert kpi["comparison"]["previous"] == before
        assert kpi["comparison"]["change"] == pytest.approx(now - before)
        assert kpi["comparison"]["relative_change"] == pytest.approx(now / before - 1)
        assert kpi["comparison"]["reason"] is None
    counts = stored(sample, "file_line_counts")[["quarantined", "lines"]].sum()
    share = document["kpis"]["quarantine_share"]
    assert share["value"] == pytest.approx(counts["quarantined"] / counts["lines"])
    assert share["comparison"]["previous"] == 0
    assert share["comparison"]["relative_change"] is None
    assert share["comparison"]["reason"]


def test_trends_cover_four_weeks_and_are_null_where_nothing_is_stored(
    sample: Workspace, document: dict[str, Any]
) -> None:
    dates = [str(DAY - timedelta(days=back)) for back in range(27, -1, -1)]
    assert document["trends"]["dates"] == dates
    for name, mart in KPI_SOURCES.items():
        expected = {
            str(day): plain(stored(sample, mart, day)[name][0])
            for day in (WEEK_BEFORE, DAY_BEFORE, DAY)
        }
        assert document["trends"]["values"][name] == [expected.get(day) for day in dates]


def test_conservation_adds_up_and_names_the_reasons(
    sample: Workspace, document: dict[str, Any]
) -> None:
    files = stored(sample, "file_line_counts")
    conservation = document["conservation"]
    totals = {name: metric["value"] for name, metric in conservation["totals"].items()}
    assert totals == {name: int(files[name].sum()) for name in [*COUNTS, "opted_out"]}
    assert totals["lines"] == sum(totals[name] for name in COUNTS[1:])
    assert totals["duplicate"] == 5
    assert totals["blank"] == 2
    reasons = Counter(stored(sample, "quarantined_lines")["reason"])
    rows = conservation["quarantine_reasons"]["rows"]
    assert {row["reason"]: row["lines"] for row in rows} == dict(reasons)
    assert reasons.total() == 3
    assert conservation["problems"] == []


def test_sessions_are_summed_up(sample: Workspace, document: dict[str, Any]) -> None:
    sessions = stored(sample, "sessions")
    duration = sessions["duration"]
    figures = {
        name: metric["value"]
        for name, metric in document["insights"]["sessions"]["figures"].items()
    }
    assert figures == pytest.approx({
        "sessions": len(sessions),
        "users": sessions["user_id"].nunique(),
        "average_duration": duration.mean(),
        "median_duration": duration.median(),
        "p90_duration": duration.quantile(0.9),
        "longest_duration": duration.max(),
        "average_events": sessions["events"].mean(),
        "average_queries": sessions["queries"].mean(),
    })  # fmt: skip
    edges = [0, 5e-7, 60, 300, 900, 1800, 3600, float("inf")]
    counts = pd.cut(duration, edges, right=False).value_counts(sort=False)
    rows = document["insights"]["sessions"]["durations"]["rows"]
    assert [row["sessions"] for row in rows] == counts.to_list()


def test_the_forecast_is_held_against_what_was_measured(
    sample: Workspace, document: dict[str, Any]
) -> None:
    forecast = stored(sample, "demand_forecast")
    assert document["forecast"]["forecast_date"] == str(DAY + timedelta(days=1))
    assert document["forecast"]["model"] == "seasonal_naive"
    assert document["forecast"]["expected"]["value"] == pytest.approx(forecast["forecast"].sum())

    former = stored(sample, "demand_forecast", DAY_BEFORE)
    both = former.merge(stored(sample, "hourly_query_demand"), on="hour")
    figures = {name: metric["value"] for name, metric in document["demand"]["figures"].items()}
    assert figures == pytest.approx({
        "compared_hours": 24,
        "expected_queries": both["forecast"].sum(),
        "measured_queries": both["queries"].sum(),
        "mean_absolute_error": (both["forecast"] - both["queries"]).abs().mean(),
        "coverage": both["queries"].between(both["lower"], both["upper"]).mean(),
    })  # fmt: skip
    assert document["demand"]["forecast"]["rows"] == records(former)


def numbers_in(element: Tag) -> list[float]:
    return [float(str(data["value"])) for data in element.find_all("data")]


def test_html_has_the_headlines(page: BeautifulSoup, document: dict[str, Any]) -> None:
    for name, kpi in document["kpis"].items():
        shown = page.find(attrs={"data-kpi": name})
        assert shown is not None
        assert numbers_in(shown) == [kpi["value"]]
        change, previous = kpi["comparison"]["change"], kpi["comparison"]["previous"]
        card = shown.find_parent("li")
        assert card is not None
        assert numbers_in(card)[1:] == ([change, previous] if change else [previous])


def test_html_has_every_number_of_the_marts_and_of_the_sessions(
    page: BeautifulSoup, document: dict[str, Any]
) -> None:
    groups = {
        **document["metrics"],
        "sessions": document["insights"]["sessions"]["figures"],
        "demand": document["demand"]["figures"],
    }
    for group, metrics in groups.items():
        reasons = {metric["reason"] for metric in metrics.values()}
        if len(reasons) == 1 and None not in reasons:
            assert reasons.pop() in page.get_text(), group
            continue
        for name, metric in metrics.items():
            marked = page.find_all(attrs={"data-name": name})
            shown = [
                mark for mark in marked
                if (mark.find_parent("table") or {}).get("data-figures") in {group, "usage"}
            ]  # fmt: skip
            assert len(shown) == 1, (group, name)
            cell = shown[0] if shown[0].name == "td" else shown[0].find_next_sibling("td")
            expected = [] if metric["value"] is None else [metric["value"]]
            assert numbers_in(cell) == expected, (group, name)
            if metric["value"] is None:
                assert "no data" in cell.get_text()
                assert metric["reason"] in page.get_text(), (group, name)


def test_html_has_the_rows_of_every_list(page: BeautifulSoup, document: dict[str, Any]) -> None:
    for name, listing in listings(document).items():
        table = page.find("table", attrs={"data-listing": name})
        assert table is not None, name
        columns = [str(head["data-name"]) for head in table.find_all("th", scope="col")]
        body = table.find("tbody")
        assert body is not None
        rows = body.find_all("tr")
        limit = 10 if name in {"top_queries", "slow_queries"} else 50
        assert len(rows) == min(limit, len(listing["rows"])), name
        for row, expected in zip(rows, listing["rows"], strict=False):
            cells = row.find_all(["td", "th"])
            numbers = [
                expected[column] for column in columns if type(expected[column]) in (int, float)
            ]
            assert numbers_in(row) == numbers, name
            for cell, column in zip(cells, columns, strict=True):
                if expected[column] is None:
                    assert cell.get_text(strip=True) in {"no data", "not stated"}


def test_html_has_the_sums_of_the_account(page: BeautifulSoup, document: dict[str, Any]) -> None:
    table = page.find("table", attrs={"data-listing": "files"})
    assert table is not None
    foot = table.find("tfoot")
    assert foot is not None
    totals = document["conservation"]["totals"]
    assert numbers_in(foot) == [totals[name]["value"] for name in [*COUNTS, "opted_out"]]
    reasons = page.find("table", attrs={"data-listing": "quarantine_reasons"})
    assert reasons is not None
    rows = document["conservation"]["quarantine_reasons"]["rows"]
    assert numbers_in(reasons) == [row["lines"] for row in rows]


def test_html_says_every_finding_of_the_alerts(
    page: BeautifulSoup, document: dict[str, Any]
) -> None:
    section = page.find(id="alerts")
    assert section is not None
    shown = [row.find_all("td") for row in section.find_all("tr")[1:]]
    words = {None: "not evaluated", True: "within its limit", False: "violated"}
    assert [(cells[0].get_text(strip=True), cells[2].get_text(strip=True)) for cells in shown] == [
        (words[alert["passed"]], alert["message"]) for alert in document["alerts"]
    ]
    assert document["status"]["sentence"] in page.find(class_="status").get_text()


def test_another_mart_with_one_row_a_day_needs_no_change_of_the_report(
    workspace: Workspace,
) -> None:
    savings = Table(
        "daily_savings", "What the cache saved.",
        (
            Column("saved_cost", "DOUBLE", "Cost of the answers that the cache gave.", unit="USD"),
            Column("saved_share", "DOUBLE", "Of the whole cost.", minimum=0, maximum=1),
        ),
        order_by=(),
    )  # fmt: skip
    store(workspace.lake, savings, DAY, [{"saved_cost": 12.5, "saved_share": None}])
    assert {"daily_savings"} < {
        dep.asset_key.to_user_string()
        for spec in report_asset({"daily_savings": savings}).specs
        for dep in spec.deps
    }
    with workspace.lake.engine() as connection:
        content = read_contents(
            workspace.lake, connection, {"daily_savings": savings}, {DAY: []}, workspace.settings
        )[DAY]
    assert content.metrics["daily_savings"]["saved_cost"].value == 12.5
    assert content.metrics["daily_savings"]["saved_share"].reason
    table = BeautifulSoup(as_html(content), "html.parser").find(
        attrs={"data-figures": "daily_savings"}
    )
    assert table is not None
    assert numbers_in(table) == [12.5]
    assert "USD" in table.get_text()
    assert "daily_savings,saved_cost,,12.5,USD" in as_csv(content)
