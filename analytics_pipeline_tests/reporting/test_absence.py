"""Where there is no data, a report says so and why, and never shows a zero instead."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup

from analytics_pipeline.alerting.findings import Evaluation
from analytics_pipeline.ingestion.tables import FILE_LINE_COUNTS, QUARANTINED_LINES
from analytics_pipeline.lake.table import Table
from analytics_pipeline.metrics.tables import mart_tables, metric_tables
from analytics_pipeline.reporting.content import ReportContent, read_contents
from analytics_pipeline.reporting.exports import as_csv, as_json
from analytics_pipeline.reporting.render import as_html
from analytics_pipeline.tables import all_tables
from analytics_pipeline_tests.reporting.report_lake import (
    DAY,
    build_tables,
    content_of,
    contents_of,
    store,
    stored,
)
from analytics_pipeline_tests.workspace import Workspace, query_event

LISTS = {"rows", "total", "reason", "units"}


def nodes_of(node: Any) -> Iterator[dict[str, Any]]:
    """Every object of a JSON document."""
    if isinstance(node, dict):
        yield node
        for child in node.values():
            yield from nodes_of(child)
    elif isinstance(node, list):
        for child in node:
            yield from nodes_of(child)


def document_of(content: ReportContent) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(as_json(content))
    return document


def assert_nothing_is_known(content: ReportContent) -> None:
    """No metric has a value, no list has rows, each says why; and so do the page and the table."""
    document = document_of(content)
    metrics = [node for node in nodes_of(document) if {"value", "unit", "reason"} <= set(node)]
    assert len(metrics) > 30
    for metric in metrics:
        assert metric["value"] is None
        assert metric["reason"].endswith(".")
    listings = [node for node in nodes_of(document) if set(node) == LISTS]
    assert len(listings) > 10
    for listing in listings:
        assert listing["rows"] == []
        assert listing["reason"].endswith(".")
    assert document["status"]["level"] == "no_data"
    page = BeautifulSoup(as_html(content), "html.parser")
    assert not page.find_all(["data", "img"])
    for metric in metrics:
        if metric["reason"] not in page.get_text():
            assert metric in document["demand"]["figures"].values(), metric
    for card in page.find_all(attrs={"data-kpi": True}):
        assert card.get_text(strip=True) == "no data"
    lines = [line.split(",") for line in as_csv(content).splitlines()[1:]]
    assert {line[3] for line in lines if line[0] != "alerts"} == {""}


def test_a_day_of_which_nothing_was_built(workspace: Workspace) -> None:
    content = content_of(workspace)
    assert_nothing_is_known(content)
    # Of the marts with several rows a day a report has one.
    marts = mart_tables()
    several_rows = {name for name, table in marts.items() if table.key}
    intermediate = set(metric_tables()) - set(marts)
    for table in all_tables().values():
        if table.name not in {
            "raw_events", "validated_events", "event_profiles", "source_fields",
            "quarantine_reasons", "incident_events", *(several_rows - {"daily_metric_values"}), *intermediate,
        }:  # fmt: skip
            said = f"{table.name} has not been built for {DAY}."
            assert said in as_json(content), table.name


def test_a_day_without_any_line(workspace: Workspace) -> None:
    workspace.drop("other.jsonl", [query_event(timestamp="2026-11-01T00:00:00Z")])
    workspace.ingest()
    for table in (FILE_LINE_COUNTS, QUARANTINED_LINES):
        store(workspace.lake, table, DAY, [])
    build_tables(workspace.lake, workspace.settings, [DAY])
    content = content_of(workspace)
    document = document_of(content)
    assert content.status.level == "no_data"
    assert "No line of any file stands under this date." in content.status.reasons
    assert document["kpis"]["total_queries"]["reason"] == "The day has no cache_query events."
    assert document["kpis"]["error_rate"]["reason"] == "The day has no log_entry events."
    assert document["conservation"]["totals"]["lines"]["value"] is None
    # That no file stands under the day is known, that no query was slow is not.
    assert document["conservation"]["files"]["total"] == 0
    assert document["insights"]["slow_queries"]["total"] is None


def test_a_day_with_events_of_one_kind_only(workspace: Workspace) -> None:
    event = {"event_type": "log_entry", "timestamp": f"{DAY}T12:00:00Z", "level": "INFO",
             "message": "up"}  # fmt: skip
    workspace.drop("log.jsonl", [event])
    workspace.ingest()
    build_tables(workspace.lake, workspace.settings, [DAY])
    document = document_of(content_of(workspace))
    system = document["metrics"]["daily_system_metrics"]
    assert system["error_log_entries"]["value"] == 0
    assert system["error_rate"]["value"] == 0
    assert system["cpu_usage_max"]["value"] is None
    assert "cpu_usage" in system["cpu_usage_max"]["reason"]
    cache = document["metrics"]["daily_cache_metrics"]
    assert {metric["value"] for metric in cache.values()} == {None}
    figures = document["insights"]["sessions"]["figures"]
    assert figures["sessions"]["value"] is None
    assert "names a user or a session" in figures["sessions"]["reason"]
    assert document["conservation"]["quarantine_reasons"]["total"] == 0
    assert document["conservation"]["quarantine_reasons"]["reason"] == "No line was quarantined."


def test_queries_without_response_time_have_no_slow_queries_rather_than_none(
    workspace: Workspace,
) -> None:
    workspace.drop("queries.jsonl", [query_event(query="q", user_id=None) for _ in range(12)])
    workspace.ingest()
    build_tables(workspace.lake, workspace.settings, [DAY])
    content = content_of(workspace)
    insights = document_of(content)["insights"]
    assert insights["slow_queries"]["total"] is None
    assert "states a response time" in insights["slow_queries"]["reason"]
    assert insights["miss_rate_periods"]["total"] == 0
    assert "had a miss rate above 50%" in insights["miss_rate_periods"]["reason"]
    page = BeautifulSoup(as_html(content), "html.parser")
    table = page.find("table", attrs={"data-listing": "top_queries"})
    assert table is not None
    assert table.find(class_="no-data") is not None
    note = table.find_next_sibling("p")
    assert note is not None
    assert note.get_text() == (
        "No data in “Average response time”: none of these queries states a response time."
    )


def test_a_day_that_is_not_over_is_not_compared(workspace: Workspace) -> None:
    week_before = DAY - timedelta(days=7)
    for day in (week_before, DAY):
        times = [f"{day}T{hour:02}:30:00Z" for hour in range(10)]
        workspace.drop(f"{day}.jsonl", [query_event(timestamp=time) for time in times])
    workspace.ingest()
    noon = datetime(DAY.year, DAY.month, DAY.day, 12, 5, tzinfo=UTC)
    build_tables(workspace.lake, workspace.settings, [week_before, DAY], now=noon)
    contents = contents_of(workspace, [week_before, DAY])
    said = "The day was not over when it was computed: 12 of its 24 hours are known in full."
    assert said in contents[DAY].status.reasons
    comparison = document_of(contents[DAY])["kpis"]["total_queries"]["comparison"]
    assert comparison == {
        "date": str(week_before), "previous": 10, "change": None, "relative_change": None,
        "reason": said,
    }  # fmt: skip
    assert said not in contents[week_before].status.reasons
    unknown = [row for row in contents[DAY].demand.hours.rows if row["queries"] is None]
    assert len(unknown) == 12
    page = BeautifulSoup(as_html(contents[DAY]), "html.parser")
    assert "the hour was not over" in page.get_text()


def test_without_a_forecast_its_reason_is_given(sample: Workspace) -> None:
    week_before = DAY - timedelta(days=7)
    content = contents_of(sample, [week_before])[week_before]
    assert content.forecast.model is None
    assert content.forecast.reason == f"demand_forecast has not been built for {week_before}."


def test_the_reason_of_the_forecast_itself_is_passed_on(workspace: Workspace) -> None:
    from analytics_pipeline.forecasting.tables import DEMAND_FORECAST

    reason = "The 56 days up to then hold 1 with cache queries; a forecast needs 14."
    midnight = datetime.combine(DAY + timedelta(days=1), datetime.min.time())
    rows = [
        {"hour": midnight + timedelta(hours=hour), "model": None, "forecast": None,
         "lower": None, "upper": None, "reason": reason}
        for hour in range(24)
    ]  # fmt: skip
    store(workspace.lake, DEMAND_FORECAST, DAY, rows)
    content = content_of(workspace)
    assert content.forecast.reason == reason
    assert content.forecast.expected.reason == reason
    assert reason in BeautifulSoup(as_html(content), "html.parser").get_text()


def test_lines_that_are_not_accounted_for_need_action(workspace: Workspace) -> None:
    workspace.drop("a.jsonl", [query_event()])
    workspace.ingest()
    counts = stored(workspace, "file_line_counts").assign(lines=lambda frame: frame["lines"] + 4)
    store(workspace.lake, FILE_LINE_COUNTS, DAY, counts.to_dict("records"))
    content = content_of(workspace)
    assert content.status.level == "action"
    assert "a.jsonl has 5 lines, of which 1 are accounted for." in content.status.reasons
    assert "does not add up" in as_html(content)


def test_a_quarantine_that_holds_other_lines_than_were_counted_is_noticed(
    workspace: Workspace,
) -> None:
    workspace.drop("a.jsonl", [query_event(), query_event(cache_hit="perhaps")])
    workspace.ingest()
    assert content_of(workspace).conservation.problems == ()
    store(workspace.lake, QUARANTINED_LINES, DAY, [])
    (problem,) = content_of(workspace).conservation.problems
    assert problem == "The account has 1 quarantined lines, but the quarantine holds 0."


def other_marts() -> dict[str, Table]:
    marts = mart_tables()
    del marts["daily_engagement_metrics"], marts["daily_metric_values"]
    return marts


def test_marts_that_the_folder_of_sql_lacks_are_named(sample: Workspace) -> None:
    with sample.lake.engine() as connection:
        content = read_contents(sample.lake, connection, other_marts(), {DAY: []}, sample.settings)[
            DAY
        ]
    assert content.kpis["active_users"].reason == (
        "There is no mart daily_engagement_metrics with one row a day."
    )
    assert content.metric_values.reason
    assert content.metrics["daily_system_metrics"]["cpu_usage_max"].unit is None
    assert content.status.level == "unknown"
    assert "There is no mart daily_engagement_metrics" in as_html(content)


@pytest.mark.parametrize(
    ("outcomes", "level", "sentence"),
    [
        ([("WARN", True), ("ERROR", True)], "good", "None of 2 alert rules is violated."),
        ([("WARN", False), ("ERROR", True)], "attention", "1 of 2 alert rules is violated."),
        ([("WARN", False), ("ERROR", False)], "action", "2 of 2 alert rules are violated."),
        ([("WARN", None), ("ERROR", True)], "good",
         "No alert rule is violated; 1 of 2 had no data."),
        ([("WARN", None)], "unknown", "No alert rule was evaluated."),
    ],
)  # fmt: skip
def test_the_status_follows_from_the_alerts(
    sample: Workspace, outcomes: list[tuple[Any, bool | None]], level: str, sentence: str
) -> None:
    alerts = [
        Evaluation(f"rule_{number}", severity, passed, None, None, f"Finding {number}.")
        for number, (severity, passed) in enumerate(outcomes)
    ]
    with sample.lake.engine() as connection:
        content = read_contents(
            sample.lake, connection, mart_tables(), {DAY: alerts}, sample.settings
        )[DAY]
    assert (content.status.level, content.status.sentence) == (level, sentence)
    for number, (_, passed) in enumerate(outcomes):
        told = any(f"Finding {number}." in reason for reason in content.status.reasons)
        assert told == (passed is not True)
