"""Every number of a report's page equals an independent reading of the tables it is made from."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import duckdb
import pandas as pd
import pytest
from bs4 import BeautifulSoup, Tag

from analytics_pipeline.insights.tables import LENGTH_CLASSES
from analytics_pipeline.lake.table import Column, Table
from analytics_pipeline.metrics.tables import mart_tables
from analytics_pipeline.reporting.assets import report_asset
from analytics_pipeline.reporting.document import Alerts, Report
from analytics_pipeline_tests.reporting.page_reading import (
    around,
    named,
    numbers_in,
    one,
    page_of,
    rows_of,
    shown_block,
)
from analytics_pipeline_tests.reporting.report_lake import (
    DAY,
    DAY_BEFORE,
    WEEK_BEFORE,
    block_of,
    reports_of,
    store,
    stored,
)
from analytics_pipeline_tests.workspace import COUNTS, Workspace

ONE_ROW_MARTS = tuple(name for name, table in mart_tables().items() if not table.key)
CARDS = {
    "total_queries": ("daily_cache_metrics", "total_queries"),
    "hit_rate": ("daily_cache_metrics", "hit_rate"),
    "p95_response_time": ("daily_cache_metrics", "p95_response_time"),
    "query_error_rate": ("daily_cache_metrics", "error_rate"),
    "active_users": ("daily_engagement_metrics", "active_users"),
    "total_cost": ("daily_cost_metrics", "total_cost"),
    "response_cache_savings": ("daily_cost_metrics", "response_cache_savings"),
    "log_error_rate": ("daily_system_metrics", "error_rate"),
}

Frame = pd.DataFrame


def sliced(dimension: str, falling: list[str]) -> Callable[[Frame], Frame]:
    """The rows of a dimension, those first that have most."""
    return lambda rows: rows[rows["dimension"] == dimension].sort_values(
        [*falling, "value"], ascending=[*(False for _ in falling), True]
    )


# Of each list: its table, and its rows in the order in which they are promised.
LISTS: dict[str, tuple[str, Callable[[Frame], Frame]]] = {
    **{
        f"cache_by_{dimension}": (
            "daily_cache_metrics_by_slice",
            sliced(dimension, ["total_queries"]),
        )
        for dimension in ("model", "language", "team", "framework", "match_type")
    },
    **{
        f"cost_by_{dimension}": (
            "daily_cost_metrics_by_slice",
            sliced(dimension, ["total_cost", "queries"]),
        )
        for dimension in ("model", "team", "language", "framework", "user")
    },
    **{
        f"engagement_by_{dimension}": (
            "daily_engagement_metrics_by_slice",
            sliced(dimension, ["active_users", "queries"]),
        )
        for dimension in ("team", "language", "framework")
    },
    "trends": ("daily_trends", lambda rows: rows[rows["window_days"] == 28].sort_values("metric")),
    "weekday_comparison": ("daily_weekday_comparison", lambda rows: rows.sort_values("metric")),
    "cost_reconciliation": (
        "daily_cost_reconciliation",
        lambda rows: rows.sort_values(["misses", "model"], ascending=[False, True]),
    ),
    "cache_by_hour": ("daily_cache_metrics_by_hour", lambda rows: rows.sort_values("hour")),
    "repeated_misses": (
        "daily_repeated_misses",
        lambda rows: rows.sort_values(["misses", "cause", "model"], ascending=[False, True, True]),
    ),
    "funnels": ("daily_funnels", lambda rows: rows.sort_values(["funnel", "step_number"])),
    "features": (
        "daily_feature_usage",
        lambda rows: rows.sort_values(
            ["interactions", "page", "element", "action"], ascending=[False, True, True, True]
        ),
    ),
    "retention": ("weekly_cohort_retention", lambda rows: rows.sort_values("cohort_week")),
    "metric_values": ("daily_metric_values", lambda rows: rows.sort_values("metric_name")),
    "hosts": (
        "daily_host_metrics",
        lambda rows: rows.sort_values(
            ["saturation_minutes", "utilization", "host", "metric_name"],
            ascending=[False, False, True, True],
        ),
    ),
    "log_components": (
        "daily_log_metrics",
        lambda rows: rows.sort_values(
            ["error_log_entries", "log_entries"], ascending=[False, False]
        ),
    ),
    "log_levels": (
        "daily_log_levels",
        lambda rows: rows.sort_values(
            ["is_error", "log_entries", "component"], ascending=[False, False, True]
        ),
    ),
    "pipelines": (
        "daily_pipeline_metrics",
        lambda rows: rows.sort_values(
            ["failed_builds", "builds", "repository", "pipeline"],
            ascending=[False, False, True, True],
        ),
    ),
    "deployment_impact": (
        "deployment_cache_impact",
        lambda rows: rows.sort_values(["deployed_at", "event_id"]),
    ),
    "top_queries": ("top_queries", lambda rows: rows.sort_values("rank")),
    "languages": (
        "language_distribution",
        lambda rows: rows.sort_values(
            ["queries", "language"], ascending=[False, True], na_position="last"
        ),
    ),
    "query_length_classes": (
        "query_length_classes",
        lambda rows: rows.set_index("length_class").loc[list(LENGTH_CLASSES)].reset_index(),
    ),
    "slow_queries": (
        "slow_queries",
        lambda rows: rows.sort_values(["response_time", "event_id"], ascending=[False, True]),
    ),
    "miss_rate_periods": ("miss_rate_periods", lambda rows: rows.sort_values("started_at")),
    "hourly_demand": ("hourly_query_demand", lambda rows: rows.sort_values("hour")),
    "forecast_of_the_next_day": ("demand_forecast", lambda rows: rows.sort_values("hour")),
    "forecast_models": ("forecast_models", lambda rows: rows.sort_values("model")),
    "files": ("file_line_counts", lambda rows: rows.sort_values("path")),
    "recommendations": ("recommendations", lambda rows: rows.sort_values("rank")),
    "recommendation_basis": ("recommendations", lambda rows: rows.sort_values("rank")),
    "anomaly_causes": ("anomaly_causes", lambda rows: causes_of(rows, remainders=False)),
    "anomaly_remainders": ("anomaly_causes", lambda rows: causes_of(rows, remainders=True)),
}
REMAINDERS = ["other_slices", "unattributed"]
EMPTY = {"cache_by_framework", "cost_by_framework", "engagement_by_framework"}
# These are put together by the report itself, and have a test of their own.
COMPUTED = {
    "quarantine_reasons", "session_durations", "forecast_accuracy", "forecast_of_the_day",
    "freshness", "arrival", "expectations", "anomalies", "recommendation_evidence", "alerts",
}  # fmt: skip


def causes_of(rows: pd.DataFrame, *, remainders: bool) -> pd.DataFrame:
    return rows[rows.cause.isin(REMAINDERS) == remainders].sort_values(["metric", "rank"])


def plain(value: Any) -> Any:
    return None if pd.isna(value) else value


def assert_cells(columns: Sequence[str], cells: Sequence[Tag], row: dict[str, Any]) -> None:
    for column, cell in zip(columns, cells, strict=True):
        value = plain(row[column])
        if value is None:
            assert cell.get_text(strip=True) in {"no data", "not stated"}, column
        elif isinstance(value, bool):
            assert cell.get_text(strip=True) == ("yes" if value else "no")
        elif isinstance(value, int | float):
            assert numbers_in(cell) == [value], column
        else:
            assert not cell.find_all("data")


@pytest.mark.parametrize("mart", ONE_ROW_MARTS)
def test_the_page_has_every_number_of_a_mart_with_one_row_a_day(
    sample: Workspace, page: BeautifulSoup, mart: str
) -> None:
    frame = stored(sample, mart).drop(columns="event_date", errors="ignore")
    assert len(frame) == 1
    shown = shown_block(page, mart)
    for name, value in frame.iloc[0].items():
        number = named(shown, str(name))
        assert numbers_in(number) == ([] if pd.isna(value) else [value]), name
        if pd.isna(value):
            assert around(number, "p").get_text().startswith("No data.")


@pytest.mark.parametrize("id", LISTS)
def test_the_page_has_the_rows_of_every_list(
    sample: Workspace, page: BeautifulSoup, report: Report, id: str
) -> None:
    table, ordered = LISTS[id]
    frame = ordered(stored(sample, table))
    shown = shown_block(page, id)
    if id in EMPTY and len(frame) == 0:
        assert "No data." in shown.get_text()
        return
    assert len(frame), f"the sample has no rows of {id}"
    columns, rows = rows_of(shown)
    limit = block_of(report, id).limit or len(frame)
    assert len(rows) == min(limit, len(frame))
    for cells, row in zip(rows, frame.to_dict("records"), strict=False):
        assert_cells(columns, cells, {str(name): value for name, value in row.items()})


def test_every_table_of_the_page_is_held_against_the_lake(page: BeautifulSoup) -> None:
    shown = {str(table["data-listing"]) for table in page.find_all("table")}
    assert shown <= set(LISTS) | COMPUTED
    assert shown >= set(LISTS) - EMPTY


def test_headlines_and_their_change_follow_from_the_marts(
    sample: Workspace, page: BeautifulSoup
) -> None:
    for name, (mart, column) in CARDS.items():
        now, before = (
            stored(sample, mart, day)[column][0].item() for day in (DAY, WEEK_BEFORE)
        )  # fmt: skip
        card = one(page, f'[data-card="{name}"]')
        change = [] if now == before else [pytest.approx(now - before)]
        assert numbers_in(card) == [now, *change, before], name
        assert "Tue, 3 Nov" in card.get_text()
    share = one(page, '[data-card="quarantine_share"]')
    counts = stored(sample, "file_line_counts")[["quarantined", "lines"]].sum()
    expected = counts["quarantined"] / counts["lines"]
    assert numbers_in(share) == pytest.approx([expected, expected, 0])


def test_a_sparkline_has_a_stroke_for_each_stretch_of_days_with_data(page: BeautifulSoup) -> None:
    for card in page.select("[data-card]"):
        line = one(card, "svg")
        strokes = [str(each["points"]).split() for each in line.select("polyline")]
        assert [len(stroke) for stroke in strokes] == [1, 2]
        assert "25 of the days have no data." in line["aria-label"]
        end = one(line, "circle")
        assert [float(str(end["cx"])), float(str(end["cy"]))] == [
            float(number) for number in strokes[-1][-1].split(",")
        ]


def test_headlines_cover_four_weeks_and_are_null_where_nothing_is_stored(
    sample: Workspace, report: Report
) -> None:
    cards = {card.name: card for card in block_of(report, "headlines").cards}
    for name, (mart, column) in CARDS.items():
        expected = {
            day: plain(stored(sample, mart, day)[column][0])
            for day in (WEEK_BEFORE, DAY_BEFORE, DAY)
        }
        assert cards[name].days == tuple(DAY - timedelta(days=back) for back in range(27, -1, -1))
        assert list(cards[name].values) == [expected.get(day) for day in cards[name].days]


def test_conservation_adds_up_and_names_the_reasons(sample: Workspace, page: BeautifulSoup) -> None:
    files = stored(sample, "file_line_counts")
    shown = shown_block(page, "conservation")
    names = [*COUNTS, "opted_out"]
    totals = {name: numbers_in(named(shown, name)) for name in names}
    assert totals == {name: [files[name].sum()] for name in names}
    assert totals["lines"][0] == sum(totals[name][0] for name in names[1:])
    assert totals["duplicate"] == [5]
    assert totals["blank"] == [2]
    reasons = Counter(stored(sample, "quarantined_lines")["reason"])
    _, rows = rows_of(shown_block(page, "quarantine_reasons"))
    found = {row[0].get_text(strip=True): numbers_in(row[1]) for row in rows}
    assert found == {reason: [count] for reason, count in reasons.items()}
    assert reasons.total() == 3


def test_sessions_are_summed_up(sample: Workspace, page: BeautifulSoup) -> None:
    sessions = stored(sample, "sessions")
    duration = sessions["duration"]
    expected = {
        "sessions": len(sessions),
        "users": sessions["user_id"].nunique(),
        "average_duration": duration.mean(),
        "median_duration": duration.median(),
        "p90_duration": duration.quantile(0.9),
        "longest_duration": duration.max(),
        "average_events": sessions["events"].mean(),
        "average_queries": sessions["queries"].mean(),
    }
    shown = shown_block(page, "sessions")
    for name, value in expected.items():
        assert numbers_in(named(shown, name)) == [pytest.approx(value)], name
    edges = [0, 5e-7, 60, 300, 900, 1800, 3600, float("inf")]
    counts = pd.cut(duration, edges, right=False).value_counts(sort=False)
    _, rows = rows_of(shown_block(page, "session_durations"))
    assert [numbers_in(row[1]) for row in rows] == [[count] for count in counts]


def test_the_forecast_is_held_against_what_was_measured(
    sample: Workspace, page: BeautifulSoup
) -> None:
    forecast = stored(sample, "demand_forecast")
    peak = forecast.sort_values("forecast").iloc[-1]
    shown = shown_block(page, "forecast")
    assert numbers_in(shown) == pytest.approx(
        [forecast["forecast"].sum(), peak["forecast"], peak["lower"], peak["upper"]]
    )
    said = shown_block(page, "forecast_in_words").get_text()
    assert f"expects {round(forecast['forecast'].sum())} queries on 11 Nov" in said
    assert f"begins at {peak['hour']:%H:%M} with {round(peak['forecast'])}." in said
    assert f"from {round(peak['lower'])} to {round(peak['upper'])}." in said

    former = stored(sample, "demand_forecast", DAY_BEFORE)
    both = former.merge(stored(sample, "hourly_query_demand"), on="hour")
    expected = [
        24,
        both["forecast"].sum(),
        both["queries"].sum(),
        (both["forecast"] - both["queries"]).abs().mean(),
        both["queries"].between(both["lower"], both["upper"]).mean(),
    ]
    # The day is the only one of the last four weeks that has both.
    for id in ("demand", "past_accuracy", "forecast_accuracy"):
        assert numbers_in(shown_block(page, id)) == pytest.approx(expected), id
    _, rows = rows_of(shown_block(page, "forecast_of_the_day"))
    assert [numbers_in(row[1]) for row in rows] == [[each] for each in former["forecast"]]


def test_freshness_and_lateness_are_those_of_the_events_and_lines(
    sample: Workspace, page: BeautifulSoup
) -> None:
    root = sample.lake.root
    partition = f"event_date={DAY}/data.parquet"
    newest = duckdb.execute(
        "SELECT event_type, count(*), epoch(TIMESTAMP '2026-11-11' - max(timestamp)) "
        f"FROM '{root}/validated_events/{partition}' GROUP BY ALL ORDER BY 2 DESC, 1"
    ).fetchall()
    _, rows = rows_of(shown_block(page, "freshness"))
    assert len(newest) > 6
    assert [
        (row[0].get_text(strip=True), *numbers_in(row[1]), *numbers_in(row[3])) for row in rows
    ] == newest
    lines = duckdb.execute(
        f"SELECT taken_at::DATE - DATE '{DAY}' AS late, path FROM '{root}/raw_events/{partition}'"
    ).df()
    late = shown_block(page, "late_data")
    expected = [
        (lines["late"] == 1).sum(), (lines["late"] > 1).sum(), (lines["late"] > 1).mean(),
        lines["late"].clip(lower=0).median(), lines["late"].max(),
    ]  # fmt: skip
    assert numbers_in(late) == pytest.approx(expected)
    (row,) = rows_of(shown_block(page, "arrival"))[1]
    assert [numbers_in(cell) for cell in row[1:]] == [[lines["path"].nunique()], [len(lines)]]


def test_expectations_say_which_the_day_did_not_meet(page: BeautifulSoup) -> None:
    _, rows = rows_of(shown_block(page, "expectations"))
    met = {row[0].get_text(strip=True): row[1].get_text(strip=True) for row in rows}
    assert {name for name, said in met.items() if said == "no"} == {"usual_volume"}
    assert len(met) == 7


def test_recommendations_name_the_figures_they_follow_from(page: BeautifulSoup) -> None:
    _, rows = rows_of(shown_block(page, "recommendation_evidence"))
    assert [[*numbers_in(row[0]), *numbers_in(row[2])] for row in rows] == [
        [1, 61],
        [2, 61],
        [2, 61],
    ]
    assert one(rows[0][1], "a")["href"] == "#daily_cache_metrics.cache_misses"
    assert "It would be worth it. It would" in shown_block(page, "recommendations").get_text()


def test_an_anomaly_is_told_in_the_unit_of_its_metric(page: BeautifulSoup) -> None:
    (row,) = rows_of(shown_block(page, "anomalies"))[1]
    assert [cell.get_text(strip=True) for cell in row] == [
        "daily_cache_metrics.hit_rate", "70.0%", "80.0%", "−10.0 points", "-5.50",
    ]  # fmt: skip
    assert [value for cell in row for value in numbers_in(cell)] == [0.7, 0.8, -0.1, -5.5]


def test_the_page_says_every_finding_of_the_alerts(page: BeautifulSoup, report: Report) -> None:
    alerts: Alerts = block_of(report, "alerts")
    evaluations = alerts.evaluations[DAY]
    assert [evaluation.passed for evaluation in evaluations].count(False) >= 1
    shown = page.select("table[data-listing='alerts']")
    rows = [row for table in shown for row in rows_of(table)[1]]
    evaluations = sorted(evaluations, key=lambda evaluation: evaluation.passed is not False)
    words = {None: "not evaluated", True: "within its limit", False: "violated"}
    for cells, evaluation in zip(rows, evaluations, strict=True):
        assert cells[1].get_text(strip=True) == words[evaluation.passed]
        for cell, number in ((cells[3], evaluation.value), (cells[4], evaluation.limit)):
            assert numbers_in(cell) == ([] if number is None else [number])
        assert evaluation.message in cells[5].get_text()
    assert report.status.sentence in one(page, ".status").get_text()


def test_another_mart_needs_no_change_of_the_report(workspace: Workspace) -> None:
    savings = Table(
        "daily_savings", "What the cache saved.",
        (
            Column("saved_cost", "DOUBLE", "Cost of the answers that the cache gave.", unit="USD"),
            Column("saved_share", "DOUBLE", "Of the whole cost.", minimum=0, maximum=1),
        ),
        order_by=(),
    )  # fmt: skip
    by_city = Table(
        "savings_by_city", "What the cache saved in each city.",
        (
            Column("city", "VARCHAR", "City."),
            Column("saved_cost", "DOUBLE", "Cost of the answers.", unit="USD"),
        ),
        order_by=("city",), key=("city",),
    )  # fmt: skip
    store(workspace.lake, savings, DAY, [{"saved_cost": 12.5, "saved_share": None}])
    store(workspace.lake, by_city, DAY, [{"city": "Ulm", "saved_cost": 2.5}])
    marts = {table.name: table for table in (savings, by_city)}
    assert set(marts) < {
        dep.asset_key.to_user_string() for spec in report_asset(marts).specs for dep in spec.deps
    }
    report = reports_of(workspace, [DAY], alerts={DAY: []}, marts=marts)[DAY]["engineer"]
    page = page_of(report)
    shown = shown_block(page, "daily_savings")
    assert numbers_in(shown) == [12.5]
    assert "USD" in shown.get_text()
    assert block_of(report, "daily_savings").metrics["saved_share"].reason
    assert numbers_in(shown_block(page, "savings_by_city")) == [2.5]
    assert "Cost of the answers that the cache gave." in page.get_text()
