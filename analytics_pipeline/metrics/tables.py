"""The metrics of this process: the folder that defines them, and their tables for later stages."""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import analytics_pipeline
from analytics_pipeline.events.tables import VALIDATED_EVENTS
from analytics_pipeline.ingestion.tables import FILE_LINE_COUNTS, QUARANTINED_LINES, RAW_EVENTS
from analytics_pipeline.lake.table import Table
from analytics_pipeline.metrics.project import Project
from analytics_pipeline.metrics.reach import reach
from analytics_pipeline.metrics.reading import read_project
from analytics_pipeline.settings import Settings, current_settings

SOURCE_TABLES = (VALIDATED_EVENTS, RAW_EVENTS, QUARANTINED_LINES, FILE_LINE_COUNTS)

FOLDER = "dbt_like_sql"


def sql_folder(settings: Settings) -> Path:
    """The folder of SQL: the one that sql_dir names, or else the one that came with the project."""
    return settings.sql_dir or own_folder()


def own_folder() -> Path:
    """The folder of SQL of this project: beside the package, or in an installation inside of it."""
    package = Path(analytics_pipeline.__file__).parent
    bundled = package / "_bundled" / FOLDER
    return bundled if bundled.is_dir() else package.parent / FOLDER


def current_project() -> Project:
    """The project in the folder of this process; raises ProjectError where it is wrong."""
    return _read(sql_folder(current_settings()))


def own_project() -> Project:
    """The metrics of this project, whichever folder the settings name."""
    return _read(own_folder())


@cache
def _read(folder: Path) -> Project:
    return read_project(folder, SOURCE_TABLES)


def metric_tables() -> dict[str, Table]:
    """The tables of all written models by name, intermediate ones such as int_user_days too."""
    return {name: model.table for name, model in current_project().marts.items()}


def mart_tables() -> dict[str, Table]:
    """The tables of metrics for people by name, such as daily_cache_metrics."""
    models = current_project().marts.items()
    return {name: model.table for name, model in models if not model.is_intermediate}


def reach_days(names: Iterable[str]) -> int:
    """How many days after a day the rows of these tables of metrics may still be made from it."""
    return max((reach(current_project(), name) for name in names), default=0)


def metric_variables() -> Mapping[str, Any]:
    """The variables of the project of this process, such as never_hit_days.

    One that a folder of SQL of one's own does not set has the value of this project's.
    """
    return {**own_project().variables, **current_project().variables}
