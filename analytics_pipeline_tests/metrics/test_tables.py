"""Which folder of SQL a process works with."""

from pathlib import Path

import pytest

from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.metrics.errors import ProjectError
from analytics_pipeline.metrics.tables import current_project, metric_tables, sql_folder
from analytics_pipeline.settings import current_settings, read_settings


def test_later_stages_find_the_marts_as_tables(lake: Lake) -> None:
    tables = metric_tables()
    assert set(tables) >= {
        "daily_cache_metrics",
        "daily_engagement_metrics",
        "daily_metric_values",
        "daily_system_metrics",
    }
    cache = {column.name: column for column in tables["daily_cache_metrics"].columns}
    assert set(cache) >= {
        "total_queries", "cache_hits", "hit_rate", "average_response_time",
        "p50_response_time", "p95_response_time", "p99_response_time",
    }  # fmt: skip
    assert (cache["hit_rate"].minimum, cache["hit_rate"].maximum) == (0, 1)
    assert cache["average_response_time"].unit == "s"
    assert tables["daily_metric_values"].key == ("metric_name",)
    assert tables["daily_metric_values"].order_by == ("metric_name",)
    # A test of severity warn is no property of the table.
    assert all(column.nullable for column in tables["daily_metric_values"].columns)
    with lake.engine() as connection:
        assert lake.frame(connection, tables["daily_cache_metrics"]).empty


def test_the_folder_is_the_one_the_setting_names(
    lake: Lake, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "models/marts/daily_stores.sql").write_text("select null::date as event_date")
    (folder / "models/marts/daily_stores.yml").write_text(
        "models: [{name: daily_stores, columns: [{name: event_date, data_type: date}]}]"
    )
    monkeypatch.setenv("AICACHE_SQL_DIR", str(folder))
    current_settings.cache_clear()
    assert current_project().folder == folder
    assert "daily_stores" in metric_tables()


def test_a_folder_that_is_not_there_is_named(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AICACHE_SQL_DIR", str(tmp_path / "nowhere"))
    current_settings.cache_clear()
    with pytest.raises(ProjectError, match=r"nowhere/dbt_project\.yml: No such file"):
        current_project()


def test_without_a_setting_it_is_the_one_of_this_project() -> None:
    assert (sql_folder(read_settings(sql_dir=None)) / "dbt_project.yml").is_file()
