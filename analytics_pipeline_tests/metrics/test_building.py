"""Ranges of days that take more memory than the engine may use."""

from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from analytics_pipeline.lake.lake import Lake, LakeError
from analytics_pipeline.metrics.binding import Bindings
from analytics_pipeline.metrics.building import build
from analytics_pipeline.metrics.compiling import compiled
from analytics_pipeline.metrics.project import Project
from analytics_pipeline.metrics.reading import read_project
from analytics_pipeline.metrics.tables import SOURCE_TABLES
from analytics_pipeline.settings import EngineSettings

DAYS = [date(2026, 3, 1) + timedelta(days=number) for number in range(7)]
# A median holds all values of a day until the last one is read.
MODELS = {
    "medians": """
        select event_date, median(value::double) as median
        from {{ source('lake', 'event_dates') }}, range(1_000_001) numbers (value)
        group by event_date""",
    "two_days": """
        {{ config(meta={'history_days': 1}) }}
        select days.event_date, sum(medians.median) as median
        from {{ source('lake', 'event_dates') }} as days
        left join {{ ref('medians').render() }} as medians
            on medians.event_date between days.event_date - 1 and days.event_date
        group by days.event_date""",
}
PROPERTIES = """
sources:
  - name: lake
    config: {event_time: event_date}
    tables: [{name: event_dates}]
models:
""" + "".join(
    f"  - name: {name}\n    columns: [{{name: event_date, data_type: date, data_tests: [unique]}}, "
    "{name: median, data_type: double}]\n"
    for name in MODELS
)


@pytest.fixture
def medians(tmp_path: Path, folder: Path) -> Project:
    models = tmp_path / "medians/models/marts"
    models.mkdir(parents=True)
    options = (folder / "dbt_project.yml").read_text()
    (tmp_path / "medians/dbt_project.yml").write_text(options)
    (models / "marts.yml").write_text(PROPERTIES)
    for name, sql in MODELS.items():
        (models / f"{name}.sql").write_text(sql)
    return read_project(tmp_path / "medians", SOURCE_TABLES)


def test_a_range_that_exceeds_the_memory_is_computed_in_parts(
    tmp_path: Path, medians: Project
) -> None:
    lake = Lake(tmp_path / "lake", EngineSettings(memory_limit="64MB", threads=2))
    with lake.engine() as connection:
        Bindings(lake, connection, medians).bind("medians", DAYS)
        with pytest.raises(duckdb.OutOfMemoryException):
            connection.execute(compiled(medians, "medians").sql)
        built = build(lake, connection, medians, DAYS)
        rows = {
            name: connection.execute(
                f"SELECT event_date, median FROM {lake.scan(mart.table)} ORDER BY event_date"
            ).fetchall()
            for name, mart in medians.marts.items()
        }
    assert built == dict.fromkeys(MODELS, dict.fromkeys(DAYS, 1))
    assert rows["medians"] == [(day, 500_000.0) for day in DAYS]
    assert [median for _, median in rows["two_days"]] == [500_000.0] + [1_000_000.0] * 6


def test_a_day_that_exceeds_the_memory_says_what_to_do(tmp_path: Path, medians: Project) -> None:
    lake = Lake(tmp_path / "lake", EngineSettings(memory_limit="8MB", threads=2))
    told = (
        r"^To compute medians of 2026-03-01 takes more memory than engine\.memory_limit, which is "
        r"8MB\. Raise it and run again\.$"
    )
    with lake.engine() as connection, pytest.raises(LakeError, match=told):
        build(lake, connection, medians, DAYS)
    assert not lake.dates(medians.marts["medians"].table)
