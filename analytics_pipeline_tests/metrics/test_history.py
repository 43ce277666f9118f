"""Models that read more than their day: what they see, and which later days a late one changes."""

from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.metrics.assets import metric_assets
from analytics_pipeline.metrics.building import build
from analytics_pipeline.metrics.errors import ProjectError
from analytics_pipeline.metrics.project import Project
from analytics_pipeline.metrics.reach import reach
from analytics_pipeline.metrics.reading import read_project
from analytics_pipeline.metrics.tables import SOURCE_TABLES
from analytics_pipeline_tests.metrics.events import store_events

FIRST = date(2026, 3, 1)
PROJECT_FILE = """
name: windows
models:
  windows:
    +materialized: incremental
    +incremental_strategy: microbatch
    +event_time: event_date
    +batch_size: day
    +lookback: 0
"""
MODELS = {
    "queries": """
        select event_date, count(*) as queries from {{ source('lake', 'validated_events') }}
        group by event_date""",
    "queries_3d": """
        {{ config(meta={'history_days': 2}) }}
        select d.event_date, sum(q.queries)::bigint as queries
        from {{ source('lake', 'event_dates') }} d
        left join {{ ref('queries').render() }} q
            on q.event_date between d.event_date - 2 and d.event_date
        group by d.event_date""",
    "change": """
        {{ config(meta={'history_days': 1}) }}
        select today.event_date, today.queries - before.queries as queries
        from {{ ref('queries_3d') }} today
        left join {{ ref('queries_3d').render() }} before
            on before.event_date = today.event_date - 1""",
}
YAML = """
sources:
  - name: lake
    config: {event_time: event_date}
    tables: [{name: validated_events}, {name: event_dates}]
models:
""" + "".join(
    f"  - name: {name}\n    columns: [{{name: event_date, data_type: date, data_tests: [unique]}}, "
    "{name: queries, data_type: bigint}]\n"
    for name in MODELS
)


def windows(folder: Path) -> Project:
    models = folder / "windows/models"
    models.mkdir(parents=True)
    (folder / "windows/dbt_project.yml").write_text(PROJECT_FILE)
    (models / "all.yml").write_text(YAML)
    for name, sql in MODELS.items():
        (models / f"{name}.sql").write_text(sql)
    return read_project(folder / "windows", SOURCE_TABLES)


def rows(lake: Lake, project: Project) -> dict[str, list[tuple[object, ...]]]:
    with lake.engine() as connection:
        return {
            name: connection.execute(f"FROM {lake.scan(mart.table)} ORDER BY event_date").fetchall()
            for name, mart in project.marts.items()
        }


def store(lake: Lake, counts: dict[date, int]) -> None:
    with lake.engine() as connection:
        for day, count in counts.items():
            store_events(lake, connection, day, [{"event_type": "build"}] * count)


def build_days(lake: Lake, project: Project, days: list[date]) -> dict[str, dict[date, int]]:
    with lake.engine() as connection:
        return build(lake, connection, project, days)


def test_reach_adds_up_along_the_way(tmp_path: Path) -> None:
    project = windows(tmp_path)
    assert {name: reach(project, name) for name in MODELS} == {
        "queries": 0, "queries_3d": 2, "change": 3,
    }  # fmt: skip


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.integers(0, 9), min_size=5, max_size=7),
    st.randoms(use_true_random=False),
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9)), max_size=3),
)
def test_days_in_any_order_and_late_events_end_as_one_run_over_all(
    tmp_path_factory: pytest.TempPathFactory, counts: list[int], order, late
) -> None:
    folder = tmp_path_factory.mktemp("history")
    project, lake, whole = windows(folder), Lake(folder / "lake"), Lake(folder / "whole")
    days = [FIRST + timedelta(days=number) for number in range(len(counts))]
    stored = dict(zip(days, counts, strict=True))
    store(lake, stored)
    for day in order.sample(days, len(days)):
        build_days(lake, project, [day])
    for number, count in late:
        stored[days[number]] = count
        store(lake, {days[number]: count})
        build_days(lake, project, [days[number]])
    store(whole, stored)
    build_days(whole, project, days)
    assert rows(lake, project) == rows(whole, project)
    for file in (lake.root / "change").rglob("*.parquet"):
        twin = whole.root / file.relative_to(lake.root)
        assert file.read_bytes() == twin.read_bytes()


def test_a_late_day_rewrites_only_the_later_days_that_differ(tmp_path: Path) -> None:
    project, lake = windows(tmp_path), Lake(tmp_path / "lake")
    days = [FIRST + timedelta(days=number) for number in range(8)]
    store(lake, dict.fromkeys(days, 2))
    build_days(lake, project, days)
    unchanged = build_days(lake, project, [days[2]])
    assert unchanged == {name: {days[2]: 1} for name in MODELS}
    store(lake, {days[2]: 5})
    assert build_days(lake, project, [days[2]]) == {
        "queries": {days[2]: 1},
        "queries_3d": dict.fromkeys(days[2:5], 1),
        "change": {days[2]: 1, days[5]: 1},
    }


def test_lookback_computes_the_days_before_anew(tmp_path: Path) -> None:
    windows(tmp_path)
    file = tmp_path / "windows/dbt_project.yml"
    file.write_text(file.read_text().replace("lookback: 0", "lookback: 2"))
    project, lake = read_project(tmp_path / "windows", SOURCE_TABLES), Lake(tmp_path / "lake")
    days = [FIRST + timedelta(days=number) for number in range(4)]
    store(lake, dict.fromkeys(days, 1))
    with lake.engine() as connection:
        built = build(lake, connection, project, [days[3]], ["queries"])
    assert built == {"queries": dict.fromkeys(days[1:], 1)}


def test_dagster_is_told_of_the_later_dates_that_are_rewritten(lake: Lake, tmp_path: Path) -> None:
    project = windows(tmp_path)
    assets = metric_assets(project)
    assert assets.specs_by_key[dg.AssetKey("queries_3d")].metadata["history_days"] == 2
    days = [FIRST + timedelta(days=number) for number in range(8)]
    store(lake, dict.fromkeys(days, 2))
    build_days(lake, project, days)
    store(lake, {days[2]: 5})
    with dg.DagsterInstance.ephemeral() as instance:
        dg.materialize([assets], partition_key=str(days[2]), instance=instance)
        told = {name: instance.get_materialized_partitions(dg.AssetKey(name)) for name in MODELS}
    assert told == {
        "queries": {str(days[2])},
        "queries_3d": {str(day) for day in days[2:5]},
        "change": {str(days[2]), str(days[5])},
    }


def test_a_build_that_was_cut_short_is_completed_on_all_later_days(tmp_path: Path) -> None:
    project, lake = windows(tmp_path), Lake(tmp_path / "lake")
    days = [FIRST + timedelta(days=number) for number in range(8)]
    store(lake, dict.fromkeys(days, 2))
    build_days(lake, project, days)
    store(lake, {days[2]: 5})
    file = project.models["change"].file
    good = file.read_text()
    file.write_text(good.replace("as queries", "+ 'x'::bigint as queries"))
    with pytest.raises(ProjectError, match="Could not convert"):
        build_days(lake, read_project(project.folder, SOURCE_TABLES), [days[2]])
    file.write_text(good)
    # The rows of queries_3d are as they should be by now: nothing tells that they changed.
    assert build_days(lake, project, [days[2]])["change"] == {days[2]: 1, days[5]: 1}
    assert not list((lake.state / "metric_builds").iterdir())
    assert build_days(lake, project, [days[2]])["change"] == {days[2]: 1}
