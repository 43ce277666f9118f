"""Computing the marts: one query a model for all requested days, written to the lake."""

from collections.abc import Collection, Iterable, Sequence
from contextlib import ExitStack
from datetime import date

import duckdb

from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import literal
from analytics_pipeline.metrics.compiling import compiled
from analytics_pipeline.metrics.declared_columns import EVENT_DATE
from analytics_pipeline.metrics.errors import ProjectError, suggestion
from analytics_pipeline.metrics.project import (
    EVENT_DATES,
    LAKE_SCHEMA,
    Model,
    Project,
    relation_of,
)
from analytics_pipeline.metrics.query_errors import readable_errors


def build(
    lake: Lake,
    connection: duckdb.DuckDBPyConnection,
    project: Project,
    days: Sequence[date],
    models: Iterable[str] | None = None,
) -> dict[str, dict[date, int]]:
    """Compute marts for the days and replace their partitions; returns the rows by model and day.

    ``models`` are the marts wanted, all where None; each is built after those it is made from.
    Raises ProjectError, which names the file, where a query fails, gives other columns or types
    than the YAML declares, or gives a row of a day that was not asked for.
    """
    marts = _wanted(project, models)
    with ExitStack() as locks:
        for mart in sorted(marts, key=lambda mart: mart.name):
            locks.enter_context(lake.locked(mart.table, days))
        bind(lake, connection, project, [mart.name for mart in marts], days)
        return {mart.name: _build_one(lake, connection, project, days, mart) for mart in marts}


def bind(
    lake: Lake,
    connection: duckdb.DuckDBPyConnection,
    project: Project,
    marts: Iterable[str],
    days: Sequence[date],
) -> None:
    """Give every relation that the queries of the marts name the rows that the lake has now.

    Compiled queries can be run on the connection afterwards.
    """
    tables = {**project.source_tables, **{n: mart.table for n, mart in project.marts.items()}}
    queries = [compiled(project, name) for name in marts]
    read = dict.fromkeys(name for query in queries for name in (*query.marts, *query.tables))
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {LAKE_SCHEMA}")
    for name in read:
        rows = _calendar(days) if name == EVENT_DATES else lake.scan(tables[name], days)
        connection.execute(f"CREATE OR REPLACE VIEW {relation_of(name)} AS FROM {rows}")


def _wanted(project: Project, models: Iterable[str] | None) -> list[Model]:
    names = set(project.marts if models is None else models)
    for name in names - set(project.marts):
        raise ProjectError(f"No model '{name}' is written; {suggestion(name, project.marts)}")
    return [mart for mart in project.marts.values() if mart.name in names]


def _build_one(
    lake: Lake,
    connection: duckdb.DuckDBPyConnection,
    project: Project,
    days: Sequence[date],
    mart: Model,
) -> dict[date, int]:
    query = compiled(project, mart.name)
    with readable_errors(query, lines_before=1):
        connection.execute(f"CREATE OR REPLACE TEMP TABLE mart_rows AS\n{query.sql}")
    described = connection.execute("DESCRIBE mart_rows").fetchall()
    check_columns(mart, {str(name): str(type_) for name, type_, *_ in described})
    _check_days(connection, mart, days)
    rows = lake.replace_days(connection, mart.table, days, "FROM mart_rows")
    # Models that are made from this one read what was written, not what was there before.
    connection.execute(
        f"CREATE OR REPLACE VIEW {relation_of(mart.name)} AS FROM {lake.scan(mart.table, days)}"
    )
    return rows


def check_columns(mart: Model, given: dict[str, str]) -> None:
    """Compare the columns that a query gives, as name and type, with those the YAML declares.

    Raises ProjectError where a column is in the one and not in the other, or its types differ.
    """
    declared = {EVENT_DATE: "DATE", **{c.name: c.type for c in mart.declared.columns}}
    for name, where in mart.declared.where.items():
        if name not in given:
            raise ProjectError(
                f"{where}: column '{name}' is declared, but {mart.shown} does not give it; "
                f"{suggestion(name, given)}"
            )
        if given[name] != declared[name]:
            raise ProjectError(
                f"{where}: column '{name}' is declared as {declared[name]}, but {mart.shown} "
                f"gives {given[name]}; cast it there, or declare what it gives."
            )
    for name, type_ in given.items():
        if name not in declared:
            raise ProjectError(
                f"{mart.shown}: column '{name}' is not declared in {mart.declared.file}; "
                f"declare it there with data_type {type_.lower()}."
            )


def _check_days(connection: duckdb.DuckDBPyConnection, mart: Model, days: Collection[date]) -> None:
    given = connection.execute(f"SELECT DISTINCT {EVENT_DATE} FROM mart_rows").fetchall()
    stray = {str(day) for (day,) in given if day not in set(days)}
    if stray:
        raise ProjectError(
            f"{mart.shown}: the query gives rows of {EVENT_DATE} {', '.join(sorted(stray))}, "
            "which was not asked for; a model gives rows of the days in event_dates only."
        )


def _calendar(days: Collection[date]) -> str:
    dates = ", ".join(f"DATE {literal(day.isoformat())}" for day in sorted(set(days)))
    return f"(SELECT unnest([{dates}]::DATE[]) AS {EVENT_DATE})"
