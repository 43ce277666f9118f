"""Models that are made from models become one query."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.metrics.binding import Bindings
from analytics_pipeline.metrics.building import build
from analytics_pipeline.metrics.compiling import compiled
from analytics_pipeline.metrics.project import Project, Reference
from analytics_pipeline.metrics.reading import read_project
from analytics_pipeline.metrics.tables import SOURCE_TABLES
from analytics_pipeline_tests.metrics.events import store_events

DAY = date(2026, 3, 1)


PROJECT = """
name: small
models:
  small:
    +materialized: incremental
    +incremental_strategy: microbatch
    +event_time: event_date
    +batch_size: day
    +lookback: 0
"""


def small_project(folder: Path, **models: str) -> Project:
    models_folder = folder / "small/models"
    models_folder.mkdir(parents=True)
    (folder / "small/dbt_project.yml").write_text(PROJECT)
    for name, sql in models.items():
        (models_folder / f"{name}.sql").write_text(sql)
    (models_folder / "all.yml").write_text(
        """
sources:
  - name: lake
    config: {event_time: event_date}
    tables: [{name: validated_events}, {name: event_dates}]
models:
  - name: mart
    columns: [{name: event_date, data_type: date}, {name: n, data_type: integer}]
  - name: upper
    columns: [{name: event_date, data_type: date}, {name: n, data_type: integer}]
"""
    )
    return read_project(folder / "small", SOURCE_TABLES)


EPHEMERAL = "{{ config(materialized='ephemeral') }}\n"


def test_ephemeral_models_are_inlined_once_each_after_what_they_are_made_from(
    tmp_path: Path,
) -> None:
    project = small_project(
        tmp_path,
        mart="select l.event_date, l.n + r.n as n from {{ ref('left_side') }} l, "
        "{{ ref('right_side') }} r;\n",
        left_side=EPHEMERAL + "select *, 1 as n from {{ ref('z_base') }} -- ends in a comment",
        right_side=EPHEMERAL + "select *, 2 as n from {{ ref('z_base') }};",
        z_base=EPHEMERAL + "select event_date from {{ source('lake', 'event_dates') }}",
        upper="with mart as (select * from {{ ref('mart') }}) select * from mart",
    )
    query = compiled(project, "mart")
    assert [part.name for _, part in query.parts] == ["z_base", "left_side", "right_side", "mart"]
    lines = query.sql.split("\n")
    for line, part in query.parts:
        written = part.sql.split("\n")
        assert lines[line - 1 : line - 1 + len(written)] == written
    assert (query.marts, query.tables) == ((), (Reference("event_dates"),))
    assert compiled(project, "upper").marts == (Reference("mart"),)
    assert list(project.marts) == ["mart", "upper"]

    lake = Lake(tmp_path / "lake")
    with lake.engine() as connection:
        assert build(lake, connection, project, [DAY]) == {"mart": {DAY: 1}, "upper": {DAY: 1}}
        upper = lake.frame(connection, project.marts["upper"].table)
        Bindings(lake, connection, project).bind("mart", [DAY])
        assert connection.execute(query.sql).fetchall() == [(DAY, 3)]
    assert upper["n"].tolist() == [3]


def test_models_and_macros_may_call_what_jinja_knows(tmp_path: Path) -> None:
    macros = tmp_path / "small/macros"
    macros.mkdir(parents=True)
    (macros / "sums.sql").write_text(
        "{% macro sum_to(n) %}{{ range(1, n + 1) | join(' + ') }}{% endmacro %}"
    )
    project = small_project(
        tmp_path,
        mart="select null::date as event_date, {{ sum_to(3) }} + {{ range(4) | max }} as n",
        upper="select * from {{ ref('mart') }}",
    )
    assert "1 + 2 + 3 + 3 as n" in project.models["mart"].sql


NEEDED = {
    "daily_cache_entry_metrics": ["cache_key", "timestamp"],
    "daily_cache_metrics": ["cache_hit", "match_type", "model", "response_time"],
    "daily_cache_metrics_by_slice": [
        "cache_hit", "framework", "language", "match_type", "model", "response_time", "team",
    ],
    "int_cache_key_days": ["cache_key", "timestamp"],
    "daily_engagement_metrics": ["timestamp", "user_id"],
    "daily_engagement_metrics_by_slice": ["user_id", "team", "language", "framework"],
    "daily_feature_usage": ["user_id", "page", "element", "action"],
    "daily_funnels": ["timestamp", "user_id", "element", "action"],
    "int_user_days": ["user_id", "team"],
    "daily_metric_values": ["metric_name", "value", "unit"],
    "daily_system_metrics": ["level"],
    "int_query_costs": [
        "cache_hit", "user_id", "team", "language", "framework", "model", "prompt_tokens",
        "completion_tokens", "provider_cache_read_tokens", "provider_cache_write_tokens", "cost",
        "cost_saved", "tokens_saved",
    ],
    "int_daily_costs": [],
    "daily_cost_metrics": [],
    "daily_cost_metrics_by_slice": [],
    "daily_cost_reconciliation": [],
    "daily_host_metrics": ["timestamp", "metric_name", "value", "unit", "host"],
    "daily_log_levels": ["component", "level"],
    "daily_log_metrics": ["component", "level"],
    "int_builds": [
        "event_id", "timestamp", "repository", "pipeline", "commit", "status", "started_at",
        "finished_at", "extra",
    ],
    "int_deployments": [
        "event_id", "timestamp", "repository", "pipeline", "commit", "status", "started_at",
        "finished_at", "environment", "extra",
    ],
}  # fmt: skip


def test_a_mart_scans_only_the_columns_it_needs(lake: Lake, project: Project) -> None:
    with lake.engine() as connection:
        store_events(lake, connection, DAY, [{"event_type": "build"}])
        bindings = Bindings(lake, connection, project)
        for name, needed in NEEDED.items():
            bindings.bind(name, [DAY])
            query = compiled(project, name).sql
            [[_, plan]] = connection.execute(f"EXPLAIN (FORMAT json) {query}").fetchall()
            read = columns_read(json.loads(plan))
            assert read <= {"event_date", "event_type", *needed}, name
            assert set(needed) <= read, name


def columns_read(plan: Any) -> set[str]:
    """The columns that the scans of Parquet files in a plan hand on."""
    if isinstance(plan, list):
        return {column for part in plan for column in columns_read(part)}
    found = columns_read(plan.get("children", []))
    info = plan.get("extra_info", {})
    if "PARQUET" in plan["name"]:
        given = info.get("Projections", [])
        found |= {given} if isinstance(given, str) else set(given)
    return found
