"""From which columns the columns of a query are made, and where that is kept and shown."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from xml.etree import ElementTree

import dagster as dg
import duckdb
import pytest

from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.metrics.assets import metric_assets
from analytics_pipeline.metrics.lineage import stored
from analytics_pipeline.metrics.lineage.drawing import lineage_svg
from analytics_pipeline.metrics.lineage.lineage import ColumnLineage, column_lineage
from analytics_pipeline.metrics.lineage.stored import mart_lineage
from analytics_pipeline.metrics.project import Project
from analytics_pipeline.metrics.reading import read_project
from analytics_pipeline.metrics.tables import SOURCE_TABLES
from analytics_pipeline_tests.metrics.column_lineage import (
    REVIEWED,
    lineage_of_all,
    reviewed_lineage,
)
from analytics_pipeline_tests.metrics.lineage_cases import (
    CASES,
    NOT_FOLLOWED,
    SCHEMA,
    TABLES,
    WRAPPED,
)

DAYS = [date(2026, 3, 1) + timedelta(days=number) for number in range(3)]
RANGE = {
    "dagster/asset_partition_range_start": DAYS[0].isoformat(),
    "dagster/asset_partition_range_end": DAYS[-1].isoformat(),
}
# Types of counts and of dates of the calendar, which no stored column goes into.
TYPES_WITHOUT_SOURCES = {"DATE", "INTEGER", "BIGINT", "HUGEINT"}
# Columns that the SQL itself gives: names of columns that became rows, what a date is.
LABELS = {"dimension", "metric", "good_direction", "is_complete_week"}
# Columns that are made from numbers of rows alone.
RATIOS_OF_COUNTS = {
    ("daily_cache_metrics", "error_rate"),
    ("daily_cache_metrics_by_hour", "error_rate"),
}


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(SCHEMA)
        yield connection


@pytest.fixture
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """The memory of the process, empty."""
    known: dict[str, object] = {}
    monkeypatch.setattr(stored, "_known", known)
    return known


def columns_of(database: duckdb.DuckDBPyConnection, sql: str) -> list[str]:
    return [name for name, *_ in database.execute(f"DESCRIBE {sql}").fetchall()]


def followed(sql: str, columns: list[str]) -> dict[str, str]:
    lineage = column_lineage(sql, columns, TABLES, not_followed=["event_dates"])
    assert lineage.problem is None
    return {
        column: " ".join(f"{table}.{name}" for table, name in sources)
        for column, sources in lineage.columns.items()
    }


@pytest.mark.parametrize("name", CASES)
def test_a_column_is_made_from_the_columns_whose_values_flow_into_it(
    database: duckdb.DuckDBPyConnection, name: str
) -> None:
    sql, expected = CASES[name]
    columns = columns_of(database, f"SELECT * FROM ({sql})")
    assert columns == list(expected)
    assert followed(sql, columns) == expected
    for wrapping, wrapped in WRAPPED.items():
        around = wrapped.format(sql=sql)
        if wrapping == "aggregate" and name in ("struct_fields", "unnest_recursive"):
            continue  # The names of their columns are DuckDB's to find.
        assert followed(around, columns_of(database, around)) == expected, wrapping


@pytest.mark.parametrize("sql", NOT_FOLLOWED, ids=lambda sql: sql[:40])
def test_a_query_that_cannot_be_followed_has_no_lineage_but_a_problem(sql: str) -> None:
    lineage = column_lineage(sql, ["x"], TABLES)
    assert lineage.columns == {}
    assert NOT_FOLLOWED[sql] in str(lineage.problem)


def test_the_lineage_of_all_marts_is_the_reviewed_one(project: Project) -> None:
    assert lineage_of_all(project) == reviewed_lineage(), (
        f"Write {REVIEWED.name} anew as its module says, and review what changed."
    )


def test_every_column_has_an_entry_and_only_counts_dates_and_labels_are_made_from_nothing(
    project: Project,
) -> None:
    for name, lineage in lineage_of_all(project).items():
        mart = project.marts[name]
        types = {"event_date": "DATE"} | {c.name: c.type for c in mart.declared.columns}
        assert list(lineage) == list(mart.declared.where)
        assert {c for c, made_from in lineage.items() if not made_from} <= {
            column
            for column, type_ in types.items()
            if type_ in TYPES_WITHOUT_SOURCES
            or column in LABELS
            or (name, column) in RATIOS_OF_COUNTS
        }, name


def test_seeds_earlier_days_and_views_are_followed_to_their_assets(folder: Path) -> None:
    marts = folder / "models/marts"
    (marts / "daily_prices.sql").write_text(
        """{{ config(meta={'history_days': 1}) }}
        select
            event_dates.event_date,
            sum(prices.price) as price,
            max(earlier.hit_rate) filter (where earlier.total_queries > 1) as best_hit_rate
        from {{ source('lake', 'event_dates') }}
        left join {{ ref('stg_cache_queries') }} as queries
            on queries.event_date = event_dates.event_date
        left join {{ ref('prices') }} on prices.model = queries.model
        left join {{ ref('daily_cache_metrics').render() }} as earlier
            on earlier.event_date = event_dates.event_date - 1
        group by event_dates.event_date
        """
    )
    (marts / "daily_prices.yml").write_text(
        """
models:
  - name: daily_prices
    columns:
      - {name: event_date, data_type: date}
      - {name: price, data_type: double}
      - {name: best_hit_rate, data_type: double}
"""
    )
    project = read_project(folder, SOURCE_TABLES)
    lineage = mart_lineage(project, "daily_prices")
    assert lineage.problem is None
    assert lineage.columns == {
        "event_date": [],
        "price": [("prices", "price")],
        "best_hit_rate": [
            ("daily_cache_metrics", "hit_rate"),
            ("daily_cache_metrics", "total_queries"),
        ],
    }


def test_lineage_is_computed_once_for_a_query_and_the_columns_it_reads(
    folder: Path, tmp_path: Path, nothing_known: dict[str, object]
) -> None:
    project = read_project(folder, SOURCE_TABLES)
    first = mart_lineage(project, "daily_cache_metrics", tmp_path)
    assert mart_lineage(project, "daily_cache_metrics", tmp_path) is first
    [file] = tmp_path.glob("*.json")

    # Another process finds what this one has stored.
    nothing_known.clear()
    file.write_text(file.read_text().replace('"response_time"', '"as stored"'))
    again = mart_lineage(project, "daily_cache_metrics", tmp_path)
    assert again.columns["p50_response_time"] == [("validated_events", "as stored")]

    # A file that does not hold what it should is written anew.
    for spoilt in ("{", "", file.read_text().replace('"key":"', '"key":"0')):
        nothing_known.clear()
        file.write_text(spoilt)
        assert mart_lineage(project, "daily_cache_metrics", tmp_path) == first
        assert "as stored" not in file.read_text()

    # So it is for another query, in the same file.
    sql = folder / "models/marts/daily_cache_metrics.sql"
    sql.write_text(sql.read_text().replace("where cache_hit", "where model is null"))
    changed = mart_lineage(read_project(folder, SOURCE_TABLES), "daily_cache_metrics", tmp_path)
    assert changed.columns["cache_hits"] == [("validated_events", "model")]
    assert list(tmp_path.glob("*.json")) == [file]


def test_definitions_load_without_the_parser() -> None:
    program = (
        "import sys\n"
        "from analytics_pipeline.metrics.assets import metric_assets\n"
        "from analytics_pipeline.metrics.tables import current_project\n"
        "metric_assets(current_project())\n"
        "sys.exit('sqlglot' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_run_tells_the_lineage_with_its_last_date(
    lake: Lake, small_project: Project, nothing_known: dict[str, object]
) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([metric_assets(small_project)], tags=RANGE, instance=instance)
        latest = {
            name: instance.get_latest_materialization_event(dg.AssetKey(name))
            for name in small_project.marts
        }
    told = {
        (event.asset_key.to_user_string(), event.partition)
        for event in result.asset_materializations_for_node("metrics")
        if "dagster/column_lineage" in event.metadata
    }
    assert told == {(name, DAYS[-1].isoformat()) for name in small_project.marts}
    expected_lineage = lineage_of_all(small_project)
    assert expected_lineage["daily_cache_metrics"]["hit_rate"] == ["validated_events.cache_hit"]
    for name, expected in expected_lineage.items():
        metadata = latest[name].asset_materialization.metadata
        lineage = metadata["dagster/column_lineage"].value
        assert {
            column: [f"{dep.asset_key.to_user_string()}.{dep.column_name}" for dep in deps]
            for column, deps in lineage.deps_by_column.items()
        } == expected
        # Its upstream assets are those that the graph has.
        assert {dep.asset_key for deps in lineage.deps_by_column.values() for dep in deps} <= {
            dep.asset_key
            for dep in metric_assets(small_project).specs_by_key[dg.AssetKey(name)].deps
        }
        shown = {record.data["column"]: record.data["made from"] for record in
                 metadata["columns made from"].records}  # fmt: skip
        assert shown == {
            column: ", ".join(made_from) or "no column" for column, made_from in expected.items()
        }
        assert metadata["column lineage"].value.startswith(
            f"![Columns that those of {name} are made from](data:image/svg+xml;base64,"
        )
    assert {file.stem for file in (lake.state / "column_lineage").glob("*")} == set(
        small_project.marts
    )


def test_a_mart_that_cannot_be_followed_is_built_and_says_so(
    lake: Lake, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    sql = folder / "models/marts/daily_cache_metrics.sql"
    sql.write_text(
        sql.read_text().replace("count(*) as total", "count(*) + (3! * 0)::bigint as total")
    )
    project = read_project(folder, SOURCE_TABLES)
    result = dg.materialize(
        [metric_assets(project)], selection=["daily_cache_metrics"], partition_key="2026-03-01"
    )
    [event] = result.asset_materializations_for_node("metrics")
    warning = event.metadata["column lineage"].value
    assert warning.startswith(
        "dbt_like_sql/models/marts/daily_cache_metrics.sql: the column lineage is not known, "
        "as sqlglot does not parse it: "
    )
    assert "dagster/column_lineage" not in event.metadata
    assert warning in capfd.readouterr().err


def test_a_drawing_has_a_line_for_each_column_that_another_is_made_from() -> None:
    lineage = ColumnLineage(
        columns={"a": [("t<1>", "x"), ("u", "x")], "b": [("t<1>", "x")], "n & m": []}
    )
    drawing = ElementTree.fromstring(lineage_svg("mart", lineage))
    svg = "{http://www.w3.org/2000/svg}"
    assert len(drawing.findall(f"{svg}path")) == 3
    texts = [text.text for text in drawing.iter(f"{svg}text")]
    assert texts == ["t<1>", "x", "u", "x", "mart", "a", "b", "n & m"]
    assert drawing.attrib["aria-label"] == "Column lineage of mart"
