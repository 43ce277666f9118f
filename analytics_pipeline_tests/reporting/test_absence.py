"""Where there is no data, a report says so and why, and never shows a zero instead."""

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest

from analytics_pipeline.alerting.findings import Evaluation
from analytics_pipeline.ingestion.tables import FILE_LINE_COUNTS, QUARANTINED_LINES
from analytics_pipeline.metrics.tables import mart_tables, metric_tables
from analytics_pipeline.reporting.document import Cards, Figures, Report, Rows
from analytics_pipeline.reporting.formats.csv import as_csv
from analytics_pipeline.reporting.formats.html import as_html
from analytics_pipeline.reporting.formats.json import as_json
from analytics_pipeline.reporting.measure import Metric
from analytics_pipeline.tables import all_tables
from analytics_pipeline_tests.reporting.page_reading import list_of, one, page_of, shown_block
from analytics_pipeline_tests.reporting.report_lake import (
    DAY,
    block_of,
    build_tables,
    report_of,
    reports_of,
    store,
    stored,
)
from analytics_pipeline_tests.workspace import Workspace, query_event


def metrics_of(report: Report) -> Iterator[Metric]:
    for section in report.sections:
        for block in section.blocks:
            if isinstance(block, Figures):
                yield from block.metrics.values()
            elif isinstance(block, Cards):
                yield from (card.metric for card in block.cards)


def lists_of(report: Report) -> dict[str, Rows]:
    return {
        block.id: block
        for section in report.sections
        for block in section.blocks
        if isinstance(block, Rows)
    }


def test_a_day_of_which_nothing_was_built(empty: Report) -> None:
    metrics = list(metrics_of(empty))
    assert len(metrics) > 100
    page = page_of(empty)
    said = page.get_text()
    for metric in metrics:
        assert metric.value is None
        assert metric.reason
        assert metric.reason.endswith(".")
        assert metric.reason in said
    lists = lists_of(empty)
    assert len(lists) > 30
    for rows in lists.values():
        assert rows.listing.rows == ()
        assert rows.listing.reason
        assert rows.listing.reason.endswith(".")
        assert rows.listing.reason in said
    assert empty.status.level == "no_data"
    assert not page.find_all("img")
    assert not [number for number in page.select("data") if list_of(number) != "alerts"]
    for card in page.select("[data-card]"):
        assert one(card, ".value").get_text(strip=True) == "no data"
    rows_of_csv = list(csv.DictReader(StringIO(as_csv(empty), newline="")))
    assert {row["value"] for row in rows_of_csv if row["section"] != "alerts"} == {""}
    # Of each table that is read, the report says that it is missing.
    intermediate = set(metric_tables()) - set(mart_tables())
    unread = {"event_profiles", "source_fields", "quarantine_reasons", "incident_events",
              *intermediate}  # fmt: skip
    for table in all_tables().values():
        if table.name not in unread:
            assert f"{table.name} has not been built for {DAY}." in as_json(empty), table.name


def test_a_day_without_any_line(workspace: Workspace) -> None:
    workspace.drop("other.jsonl", [query_event(timestamp="2026-11-01T00:00:00Z")])
    workspace.ingest()
    for table in (FILE_LINE_COUNTS, QUARANTINED_LINES):
        store(workspace.lake, table, DAY, [])
    build_tables(workspace.lake, workspace.settings, [DAY])
    report = report_of(workspace)
    assert report.status.level == "no_data"
    assert "No line of any file stands under this date." in report.status.reasons
    cards = {card.name: card.metric for card in block_of(report, "headlines").cards}
    assert cards["total_queries"].reason == "The day has no cache_query events."
    assert cards["log_error_rate"].reason == "The day has no log_entry events."
    assert block_of(report, "conservation").metrics["lines"].value is None
    # That no file stands under the day is known, that no query was slow is not.
    assert block_of(report, "files").listing.total == 0
    assert block_of(report, "slow_queries").listing.total is None


def test_a_day_with_events_of_one_kind_only(workspace: Workspace) -> None:
    event = {"event_type": "log_entry", "timestamp": f"{DAY}T12:00:00Z", "level": "INFO",
             "message": "up"}  # fmt: skip
    workspace.drop("log.jsonl", [event])
    workspace.ingest()
    build_tables(workspace.lake, workspace.settings, [DAY])
    report = report_of(workspace)
    system = block_of(report, "daily_system_metrics").metrics
    assert system["error_log_entries"].value == 0
    assert system["error_rate"].value == 0
    assert system["cpu_usage_max"].value is None
    assert "cpu_usage" in system["cpu_usage_max"].reason
    cache = block_of(report, "daily_cache_metrics").metrics
    assert {metric.value for metric in cache.values()} == {None}
    sessions = block_of(report, "sessions").metrics
    assert sessions["sessions"].value is None
    assert "names a user or a session" in sessions["sessions"].reason
    reasons = block_of(report, "quarantine_reasons").listing
    assert (reasons.total, reasons.reason) == (0, "No line was quarantined.")


def test_queries_without_response_time_have_no_slow_queries_rather_than_none(
    workspace: Workspace,
) -> None:
    workspace.drop("queries.jsonl", [query_event(query="q", user_id=None) for _ in range(12)])
    workspace.ingest()
    build_tables(workspace.lake, workspace.settings, [DAY])
    report = report_of(workspace)
    slow = block_of(report, "slow_queries").listing
    assert slow.total is None
    assert "states a response time" in slow.reason
    periods = block_of(report, "miss_rate_periods").listing
    assert periods.total == 0
    assert "had a miss rate above 50%" in periods.reason
    top = shown_block(page_of(report), "top_queries")
    assert top.select(".no-data")
    assert one(top, "p.note").get_text() == (
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
    found = reports_of(workspace, [week_before, DAY])
    said = "The day was not over when it was computed: 12 of its 24 hours are known in full."
    report = found[DAY]["engineer"]
    assert said in report.status.reasons
    comparison = block_of(report, "headlines").cards[0].comparison
    assert (comparison.first, comparison.last) == (week_before, week_before)
    assert (comparison.previous, comparison.change, comparison.reason) == (10, None, said)
    assert said not in found[week_before]["engineer"].status.reasons
    hours = block_of(report, "hourly_demand").listing
    assert sum(row["queries"] is None for row in hours.rows) == 12
    assert "the hour was not over" in page_of(report).get_text()


def test_without_a_forecast_its_reason_is_given(sample: Workspace) -> None:
    week_before = DAY - timedelta(days=7)
    report = report_of(sample, week_before)
    expected = block_of(report, "forecast").metrics["expected_queries"]
    assert expected.reason == f"demand_forecast has not been built for {week_before}."


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
    report = report_of(workspace)
    assert block_of(report, "forecast_of_the_next_day").listing.reason == reason
    assert block_of(report, "forecast").metrics["expected_queries"].reason == reason
    assert reason in page_of(report).get_text()


def test_lines_that_are_not_accounted_for_need_action(workspace: Workspace) -> None:
    workspace.drop("a.jsonl", [query_event()])
    workspace.ingest()
    counts = stored(workspace, "file_line_counts").assign(lines=lambda frame: frame["lines"] + 4)
    rows = [{str(name): value for name, value in row.items()} for row in counts.to_dict("records")]
    store(workspace.lake, FILE_LINE_COUNTS, DAY, rows)
    views = reports_of(workspace, [DAY])[DAY]
    report, executive = views["engineer"], views["executive"]
    assert report.status.level == executive.status.level == "action"
    assert "a.jsonl has 5 lines, of which 1 are accounted for." in report.status.reasons
    assert "does not add up" in as_html(report)
    assert "a.jsonl" not in as_html(executive)
    assert "Lines are not accounted for" in as_html(executive)


def test_a_quarantine_that_holds_other_lines_than_were_counted_is_noticed(
    workspace: Workspace,
) -> None:
    workspace.drop("a.jsonl", [query_event(), query_event(cache_hit="perhaps")])
    workspace.ingest()
    assert report_of(workspace).status.sentence != "The account of the lines does not add up."
    store(workspace.lake, QUARANTINED_LINES, DAY, [])
    status = report_of(workspace).status
    assert status.reasons[0] == "The account has 1 quarantined lines, but the quarantine holds 0."


def test_marts_that_the_folder_of_sql_lacks_are_named(sample: Workspace) -> None:
    marts = mart_tables()
    del marts["daily_engagement_metrics"], marts["daily_metric_values"], marts["daily_funnels"]
    report = reports_of(sample, [DAY], alerts={DAY: []}, marts=marts)[DAY]["engineer"]
    missing = "There is no mart daily_engagement_metrics with one row a day."
    cards = {card.name: card.metric for card in block_of(report, "headlines").cards}
    assert cards["active_users"].reason == missing
    said = "There is no mart {} with several rows a day."
    assert block_of(report, "metric_values").listing.reason == said.format("daily_metric_values")
    assert block_of(report, "funnels").listing.reason == said.format("daily_funnels")
    assert block_of(report, "daily_system_metrics").metrics["cpu_usage_max"].unit is None
    assert report.status.level == "unknown"
    assert missing in page_of(report).get_text()


def test_of_few_users_none_is_told_apart(sample: Workspace, report: Report) -> None:
    assert len(block_of(report, "cost_by_user").listing.rows) == 6
    assert "user_id" in block_of(report, "slow_queries").listing.rows[0]
    reporting = sample.settings.reporting.model_copy(update={"min_group_size": 6})
    discreet = Workspace(sample.settings.model_copy(update={"reporting": reporting}))
    other = report_of(discreet)
    by_user = block_of(other, "cost_by_user").listing
    assert by_user.rows == ()
    assert by_user.reason == "The day has fewer than 6 known users; nothing is shown per user then."
    assert "user_id" not in block_of(other, "slow_queries").listing.rows[0]
    users = {str(user) for user in stored(sample, "sessions")["user_id"].dropna()}
    assert len(users) == 5
    assert not [user for user in users if json.dumps(user) in as_json(other)]


@pytest.mark.parametrize(
    ("outcomes", "level", "sentence"),
    [
        ([("WARN", True), ("ERROR", True)], "good", "None of 2 alert rules is violated."),
        ([("WARN", False), ("ERROR", True)], "attention", "1 of 2 alert rules is violated."),
        ([("WARN", False), ("ERROR", False)], "action", "2 of 2 alert rules are violated."),
        ([("WARN", None), ("ERROR", True)], "good",
         "No alert rule is violated; 1 of 2 had nothing to judge."),
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
    views = reports_of(sample, [DAY], alerts={DAY: alerts})[DAY]
    for report in views.values():
        assert (report.status.level, report.status.sentence) == (level, sentence)
    for number, (_, passed) in enumerate(outcomes):
        told = any(f"Finding {number}." in reason for reason in views["engineer"].status.reasons)
        assert told == (passed is False)
