"""The file of views: what it shows, when it is written anew, and who has it open meanwhile."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import Table, literal
from analytics_pipeline.publishing.query import QueryError, ask
from analytics_pipeline.publishing.views import refresh_views, views_file
from analytics_pipeline.tables import all_tables
from analytics_pipeline_tests.alerting.rows import rows_query
from analytics_pipeline_tests.publishing.site import DAYS, MODELS, QUERIES, USERS, without


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def write(lake: Lake, table: Table, day: date, **values: object) -> None:
    with lake.engine() as connection:
        lake.replace(connection, table, day, rows_query(table, [values]))


@contextmanager
def reading(lake: Lake) -> Iterator[duckdb.DuckDBPyConnection]:
    """A reader of the file as it is now; a new connection would be given one of before."""
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH {literal(str(views_file(lake)))} AS views (READ_ONLY)")
        connection.execute("USE views")
        yield connection


def rows(lake: Lake, sql: str) -> list[tuple[Any, ...]]:
    with reading(lake) as connection:
        return connection.execute(sql).fetchall()


def test_each_table_of_the_lake_is_a_commented_view_though_nothing_is_stored(lake: Lake) -> None:
    tables = all_tables()
    assert refresh_views(lake, tables.values())
    with reading(lake) as connection:
        views = connection.execute(
            "SELECT view_name, comment FROM duckdb_views() WHERE database_name = 'views'"
        ).fetchall()
        assert dict(views) == {name: table.description for name, table in tables.items()}
        for name, table in tables.items():
            described = connection.execute(f"DESCRIBE {name}").fetchall()
            assert [(column, type_) for column, type_, *_ in described] == [
                ("event_date", "DATE"),
                *((column.name, column.type) for column in table.columns),
            ]
            assert connection.execute(f"FROM {name}").fetchall() == []
        comments = connection.execute(
            "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = "
            "'daily_cache_metrics'"
        ).fetchall()
        assert dict(comments)["cache_hits"] == (
            "Number of cache_query events that the cache answered (cache_hit is true). "
            "Unit: queries."
        )
        with pytest.raises(duckdb.InvalidInputException, match="read-only"):
            connection.execute("CREATE TABLE mine (a INTEGER)")


def test_new_days_are_seen_without_a_refresh_and_old_ones_lack_a_column(lake: Lake) -> None:
    write(lake, without(QUERIES, "hit_rate"), DAYS[0], queries=1)
    refresh_views(lake, [QUERIES])
    before = views_file(lake).stat()
    assert rows(lake, "FROM daily_queries") == [(DAYS[0], 1, None)]
    write(lake, QUERIES, DAYS[1], queries=2, hit_rate=0.5)
    found = rows(lake, "FROM daily_queries ORDER BY event_date")
    assert found == [(DAYS[0], 1, None), (DAYS[1], 2, 0.5)]
    assert not refresh_views(lake, [QUERIES])
    after = views_file(lake).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_day_is_read_from_its_partition_alone(lake: Lake) -> None:
    for day in DAYS:
        write(lake, QUERIES, day, queries=1)
    refresh_views(lake, [QUERIES])
    plan = rows(lake, f"EXPLAIN ANALYZE FROM daily_queries WHERE event_date = DATE '{DAYS[1]}'")
    assert "Total Files Read: 1" in plan[0][1]


def test_it_is_written_anew_where_it_would_say_anything_else(lake: Lake) -> None:
    write(lake, QUERIES, DAYS[0], queries=1)
    assert refresh_views(lake, [QUERIES, MODELS])
    assert not refresh_views(lake, [QUERIES, MODELS])
    # The first partition of a table.
    write(lake, MODELS, DAYS[0], model="small")
    assert refresh_views(lake, [QUERIES, MODELS])
    assert rows(lake, "FROM daily_models") == [(DAYS[0], "small", None)]
    # Other declarations.
    assert refresh_views(lake, [replace(QUERIES, description="Told anew."), MODELS])
    assert refresh_views(lake, [QUERIES])
    with reading(lake) as connection, pytest.raises(duckdb.CatalogException):
        connection.execute("FROM daily_models")
    # A file that is broken, or none.
    views_file(lake).write_bytes(b"broken")
    assert refresh_views(lake, [QUERIES])
    views_file(lake).unlink()
    assert refresh_views(lake, [QUERIES])
    assert not refresh_views(lake, [QUERIES])
    # Nothing is left beside it.
    assert {path.name for path in lake.root.iterdir()} == {
        "views.duckdb", "_state", "daily_queries", "daily_models",
    }  # fmt: skip
    assert not any(path.suffix == ".duckdb" for path in lake.state.rglob("*"))


def test_a_reader_who_has_it_open_is_not_disturbed(lake: Lake) -> None:
    write(lake, QUERIES, DAYS[0], queries=1)
    refresh_views(lake, [QUERIES])
    with duckdb.connect(str(views_file(lake)), read_only=True) as reader:
        assert reader.execute("SELECT queries FROM daily_queries").fetchall() == [(1,)]
        write(lake, MODELS, DAYS[0], model="small")
        assert refresh_views(lake, [QUERIES, MODELS])
        assert rows(lake, "SELECT model FROM daily_models") == [("small",)]
        # It goes on reading the lake as it is, through the views that it opened.
        write(lake, QUERIES, DAYS[1], queries=2)
        assert reader.execute("SELECT sum(queries) FROM daily_queries").fetchall() == [(3,)]
        with pytest.raises(duckdb.CatalogException):
            reader.execute("FROM daily_models")
        assert not refresh_views(lake, [QUERIES, MODELS])


def test_refreshes_at_once_end_with_the_newest(lake: Lake) -> None:
    tables = [replace(QUERIES, name=f"daily_{number}") for number in range(8)]

    def begin(table: Table) -> None:
        write(lake, table, DAYS[0], queries=1)
        refresh_views(lake, tables)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(begin, tables))
    for table in tables:
        assert rows(lake, f"SELECT queries FROM {table.name}") == [(1,)]
    assert not refresh_views(lake, tables)


def test_a_lake_that_is_mounted_elsewhere_is_named_by_a_variable(
    lake: Lake, tmp_path: Path
) -> None:
    write(lake, QUERIES, DAYS[0], queries=1)
    refresh_views(lake, [QUERIES])
    moved = Lake(tmp_path / "it's elsewhere")
    shutil.move(lake.root, moved.root)
    with reading(moved) as connection:
        with pytest.raises(duckdb.IOException, match="No files found"):
            connection.execute("FROM daily_queries")
        connection.execute("SET VARIABLE lake = $1", [str(moved.root)])
        assert connection.execute("SELECT queries FROM daily_queries").fetchall() == [(1,)]
    # The pipeline itself, at the new place, writes the file anew.
    assert refresh_views(moved, [QUERIES])
    assert rows(moved, "SELECT queries FROM daily_queries") == [(1,)]


def test_a_question_is_answered_through_the_views(lake: Lake) -> None:
    write(lake, QUERIES, DAYS[0], queries=1)
    answer = ask(lake, [QUERIES, USERS], "select event_date, queries from daily_queries")
    assert answer.columns == ["event_date", "queries"]
    assert answer.rows == [(DAYS[0], 1)]
    assert ask(lake, [QUERIES, USERS], "from daily_users").rows == []
    with pytest.raises(QueryError, match="daily_querys"):
        ask(lake, [QUERIES, USERS], "from daily_querys")
    with pytest.raises(QueryError, match="read-only"):
        ask(lake, [QUERIES, USERS], "create table mine (a integer)")
