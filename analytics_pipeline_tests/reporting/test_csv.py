"""The CSV of a report: one tidy table with every number of the JSON."""

import csv
from io import StringIO
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_pipeline.reporting.content import ReportContent
from analytics_pipeline.reporting.exports import DAILY_REPORT, as_csv, csv_text
from analytics_pipeline_tests.reporting.report_lake import DAY


@pytest.fixture(scope="module")
def table(content: ReportContent) -> pd.DataFrame:
    return pd.read_csv(StringIO(as_csv(content)), keep_default_na=False, na_values={"value": [""]})


def values_of(table: pd.DataFrame, section: str, name: str) -> dict[str, float | None]:
    rows = table[(table["section"] == section) & (table["name"] == name)]
    return {
        part: None if pd.isna(value) else value
        for part, value in zip(rows["slice"], rows["value"], strict=True)
    }


def test_it_is_tidy(table: pd.DataFrame) -> None:
    assert list(table.columns) == DAILY_REPORT.column_names
    assert not table.duplicated(list(DAILY_REPORT.key)).any()
    assert table["value"].dtype == float
    assert (table[["section", "name"]] != "").all(axis=None)


def test_it_has_the_headlines_and_their_change(
    table: pd.DataFrame, document: dict[str, Any]
) -> None:
    for name, kpi in document["kpis"].items():
        assert values_of(table, "kpis", name) == {"": kpi["value"]}
        assert values_of(table, "kpis", f"{name}_change") == {"": kpi["comparison"]["change"]}
        assert values_of(table, "kpis", f"{name}_relative_change") == {
            "": kpi["comparison"]["relative_change"]
        }
        dates, series = document["trends"]["dates"], document["trends"]["values"][name]
        assert values_of(table, "trends", name) == dict(zip(dates, series, strict=True))


def test_it_has_every_figure(table: pd.DataFrame, document: dict[str, Any]) -> None:
    groups = {
        **document["metrics"],
        "sessions": document["insights"]["sessions"]["figures"],
        "demand": document["demand"]["figures"],
        "conservation": document["conservation"]["totals"],
    }
    for section, metrics in groups.items():
        for name, metric in metrics.items():
            assert values_of(table, section, name) == {"": metric["value"]}, (section, name)
    usage = table[(table["section"] == "daily_system_metrics") & (table["name"] == "cpu_usage_max")]
    assert usage["unit"].to_list() == ["percent"]
    expected = document["forecast"]["expected"]["value"]
    assert values_of(table, "forecast", "expected_queries") == {"": expected}


def test_it_has_every_number_of_the_lists(table: pd.DataFrame, document: dict[str, Any]) -> None:
    insights = document["insights"]
    listings = {
        "metric_values": (document["metric_values"], "metric_name"),
        "languages": (insights["languages"], "language"),
        "query_length_classes": (insights["query_length_classes"], "length_class"),
        "session_durations": (insights["sessions"]["durations"], "duration_class"),
        "slow_queries": (insights["slow_queries"], "event_id"),
        "miss_rate_periods": (insights["miss_rate_periods"], "started_at"),
        "hourly_demand": (document["demand"]["hours"], "hour"),
        "forecast_of_the_day": (document["demand"]["forecast"], "hour"),
        "forecast_of_the_next_day": (document["forecast"]["hours"], "hour"),
        "forecast_models": (document["forecast"]["models"], "model"),
        "files": (document["conservation"]["files"], "path"),
        "quarantine_reasons": (document["conservation"]["quarantine_reasons"], "reason"),
    }
    for section, (listing, key) in listings.items():
        numeric = {
            name for row in listing["rows"] for name, value in row.items()
            if isinstance(value, int | float)
        }  # fmt: skip
        assert numeric, section
        for name in numeric - {key}:
            expected = {row[key] or "(none stated)": row[name] for row in listing["rows"]}
            assert values_of(table, section, name) == expected, (section, name)
    top = {f"{row['rank']}. {row['query']}": row["hits"] for row in insights["top_queries"]["rows"]}
    assert values_of(table, "top_queries", "hits") == top


def test_alerts_stand_in_it_with_value_limit_and_outcome(
    table: pd.DataFrame, document: dict[str, Any]
) -> None:
    for name in ("value", "limit", "passed"):
        expected = {alert["name"]: alert[name] for alert in document["alerts"]}
        assert values_of(table, "alerts", name) == expected


@given(text=st.text() | st.text(alphabet="=+-@\t\r\n'\",1A()", max_size=8))
def test_no_cell_of_text_begins_a_formula_and_none_is_lost(text: str) -> None:
    written = csv_text([(text, text, text, -1.5, text)])
    header, row = csv.reader(StringIO(written, newline=""))
    assert header == DAILY_REPORT.column_names
    assert row[3] == "-1.5"
    for cell in (*row[:3], row[4]):
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
        assert cell in {text, f"'{text}"}


def test_negative_numbers_stay_numbers(content: ReportContent, document: dict[str, Any]) -> None:
    negative = [
        kpi["comparison"]["change"]
        for kpi in document["kpis"].values()
        if (kpi["comparison"]["change"] or 0) < 0
    ]
    assert negative, f"the sample of {DAY} has a headline that fell"
    written = {row["value"] for row in csv.DictReader(StringIO(as_csv(content)))}
    assert {repr(number) for number in negative} <= written
