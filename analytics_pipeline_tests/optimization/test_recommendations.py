"""Every kind of recommendation, computed from marts, against one computed from the events."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import duckdb
import pandas as pd
import pytest

from analytics_pipeline.ingestion.quality_tables import QUARANTINE_REASONS
from analytics_pipeline.ingestion.tables import FILE_LINE_COUNTS
from analytics_pipeline.lake.contracts import checked
from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.metrics.building import build
from analytics_pipeline.metrics.catalog import metric_catalog
from analytics_pipeline.metrics.tables import metric_tables, metric_variables, own_project
from analytics_pipeline.optimization.catalog import RECOMMENDED
from analytics_pipeline.optimization.recommendation import Context
from analytics_pipeline.optimization.recommending import recommendations
from analytics_pipeline.optimization.tables import KINDS, RECOMMENDATIONS
from analytics_pipeline.settings import read_settings
from analytics_pipeline_tests.alerting.rows import file_counts, rows_query
from analytics_pipeline_tests.insights.event_lake import event_frame, event_lake
from analytics_pipeline_tests.optimization import oracle
from analytics_pipeline_tests.optimization.traffic import DAYS, FIRST, traffic

LAST = FIRST.date() + timedelta(days=DAYS - 1)
EMPTY = LAST + timedelta(days=400)
JUDGED = [LAST - timedelta(days=1), LAST]
EVENTS = traffic()
SETTINGS = read_settings(optimization={"subjects_per_kind": 50})
CONTEXT = Context(SETTINGS, metric_variables())


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    days = [FIRST.date() + timedelta(days=number) for number in range(DAYS)]
    lake = event_lake(tmp_path_factory.mktemp("lake"), event_frame(EVENTS), [*days, EMPTY])
    with lake.engine() as connection:
        build(lake, connection, own_project(), [*days, EMPTY])
        for day in days:
            _write(lake, connection, FILE_LINE_COUNTS, day, [file_counts(1, 90, 10)])
            refused = [
                {"source": "app", "reason": "not_json", "lines": 9, "is_new": False},
                {"source": "app", "reason": "bad_type", "lines": 1, "is_new": False},
            ]
            _write(lake, connection, QUARANTINE_REASONS, day, refused)
    return lake


def _write(
    lake: Lake, connection: duckdb.DuckDBPyConnection, table: Any, day: date, rows: Any
) -> None:
    lake.replace(connection, table, day, rows_query(table, rows))


@pytest.fixture(scope="module")
def frame(lake: Lake) -> Iterator[pd.DataFrame]:
    with lake.engine() as connection:
        found = recommendations(lake, connection, metric_tables(), [*JUDGED, EMPTY], CONTEXT)
        yield checked(RECOMMENDATIONS, found)


def values(frame: pd.DataFrame, day: date, *kinds: str) -> dict[Any, Any]:
    of_day = frame[(frame["event_date"].dt.date == day) & frame["kind"].isin(kinds)]
    return {
        (row.kind, row.subject): (_number(row.usd_per_day), _number(row.seconds_per_day))
        for row in of_day.itertuples()
    }


def _number(value: Any) -> Any:
    return None if pd.isna(value) else pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize("day", JUDGED)
def test_values_are_those_of_the_events(frame: pd.DataFrame, day: date) -> None:
    window = oracle.Window(EVENTS, day)
    expected = {
        ("unstored_answers", "lost_entries", "repeated_misses", "reworded_questions"):
            oracle.repeated_misses(window),
        ("slow_model",): oracle.slow_models(window, 1.0),
        ("provider_cache",): oracle.provider_cache(window),
        ("cheaper_model",): oracle.cheaper_models(window, 20),
        ("failing_model",): oracle.failing_models(window, 0.01),
        ("failing_pipeline",): oracle.failing_pipelines(window, 0.1, 3),
        ("failing_component",): oracle.failing_components(window, 0.01),
        ("unpriced_model",): oracle.unpriced_models(window),
        ("outdated_price",): oracle.outdated_prices(window, 0.1),
        ("saturated_host",): oracle.subjects("saturated_host", ["hot · cpu_usage"]),
        ("quarantined_lines",): oracle.subjects(
            "quarantined_lines", ["app · not_json", "app · bad_type"]
        ),
    }  # fmt: skip
    for kinds, of_kind in expected.items():
        assert of_kind, f"the events give no reason for {kinds}"
        assert values(frame, day, *kinds) == of_kind


def test_never_hit_entries_are_those_of_the_cohorts(frame: pd.DataFrame) -> None:
    share = oracle.never_hit_share(EVENTS, oracle.Window(EVENTS, LAST))
    row = frame[(frame["event_date"].dt.date == LAST) & (frame["kind"] == "never_hit_entries")]
    figures = {each["metric"]: each["value"] for each in json.loads(row["evidence"].iloc[0])}
    never = figures["daily_cache_entry_metrics.never_hit_entries"]
    assert never / figures["daily_cache_entry_metrics.cohort_entries"] == pytest.approx(share)
    assert share > SETTINGS.optimization.never_hit_share


def test_every_kind_is_declared_and_occurs(frame: pd.DataFrame) -> None:
    assert set(RECOMMENDED) == set(KINDS)
    assert set(frame["kind"]) == set(KINDS)


def test_ranks_follow_money_then_time(frame: pd.DataFrame) -> None:
    for _, of_day in frame.groupby("event_date"):
        ordered = of_day.sort_values("rank")
        assert ordered["rank"].tolist() == list(range(1, len(ordered) + 1))
        places = list(
            zip(
                -ordered["usd_per_day"].fillna(0),
                -ordered["seconds_per_day"].fillna(0),
                [KINDS.index(kind) for kind in ordered["kind"]],
                strict=True,
            )
        )
        assert places == sorted(places)


def test_a_null_value_has_a_reason(frame: pd.DataFrame) -> None:
    missing = frame["usd_per_day"].isna() | frame["seconds_per_day"].isna()
    assert (frame["reason"].notna() == missing).all()


def test_evidence_names_columns_of_the_lake(frame: pd.DataFrame) -> None:
    tables = {**metric_tables(), **{t.name: t for t in (FILE_LINE_COUNTS, QUARANTINE_REASONS)}}
    units = {each.id: each.unit for each in metric_catalog(own_project(), "team:x")}
    for evidence in frame["evidence"]:
        for each in json.loads(evidence):
            table, _, column = each["metric"].partition(".")
            assert column in tables[table].column_names
            if each["metric"] in units and each["aggregate"] == "sum":
                assert each["unit"] == units[each["metric"]], each["metric"]


def test_texts_of_few_people_are_not_shown(lake: Lake, frame: pd.DataFrame) -> None:
    texts = frame["recommendation"].str.cat(sep=" ").lower()
    assert "in version" not in texts
    shown = read_settings(reporting={"min_group_size": 1})
    with lake.engine() as connection:
        found = recommendations(
            lake, connection, metric_tables(), [LAST], Context(shown, metric_variables())
        )
    assert "in version" in found["recommendation"].str.cat(sep=" ").lower()


def test_a_day_without_data_has_no_recommendations(frame: pd.DataFrame) -> None:
    assert EMPTY not in set(frame["event_date"].dt.date)


def test_days_are_the_same_alone_and_together(lake: Lake, frame: pd.DataFrame) -> None:
    with lake.engine() as connection:
        alone = recommendations(lake, connection, metric_tables(), [LAST], CONTEXT)
    together = frame[frame["event_date"].dt.date == LAST].reset_index(drop=True)
    pd.testing.assert_frame_equal(checked(RECOMMENDATIONS, alone), together)


def test_no_more_subjects_of_a_kind_than_are_wanted(lake: Lake) -> None:
    few = Context(read_settings(optimization={"subjects_per_kind": 1}), metric_variables())
    with lake.engine() as connection:
        found = recommendations(lake, connection, metric_tables(), [LAST], few)
    assert found["kind"].is_unique
    assert set(found["kind"]) == set(KINDS)


def test_kinds_without_their_marts_are_left_out(lake: Lake) -> None:
    tables = {name: t for name, t in metric_tables().items() if name != "daily_repeated_misses"}
    with lake.engine() as connection:
        found = recommendations(lake, connection, tables, [LAST], CONTEXT)
    assert "slow_model" in set(found["kind"])
    assert "lost_entries" not in set(found["kind"])
