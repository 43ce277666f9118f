"""Computing the marts: one query a model for all requested days, written to the lake."""

from collections.abc import Collection, Iterable, Sequence
from contextlib import ExitStack
from datetime import date

import duckdb

from analytics_pipeline.lake.lake import Lake
from analytics_pipeline.lake.table import literal, quoted
from analytics_pipeline.metrics.binding import Bindings
from analytics_pipeline.metrics.compiling import compiled
from analytics_pipeline.metrics.declared_columns import EVENT_DATE
from analytics_pipeline.metrics.errors import ProjectError, suggestion
from analytics_pipeline.metrics.project import Model, Project
from analytics_pipeline.metrics.query_errors import readable_errors
from analytics_pipeline.metrics.reach import later_days, looked_back, reach


def build(
    lake: Lake,
    connection: duckdb.DuckDBPyConnection,
    project: Project,
    days: Sequence[date],
    models: Iterable[str] | None = None,
) -> dict[str, dict[date, int]]:
    """Compute marts for the days and replace their partitions; returns the rows by model and day.

    ``models`` are the marts wanted, all where None; each is built after those it is made from.
    Beside the days asked for these are written: the days before them that a model's ``lookback``
    names, and stored later days whose rows are made from a day that was asked for, where they
    differ now. Raises ProjectError, which names the file, where a query fails, gives other columns
    or types than the YAML declares, or gives a row of a day that was not asked for.
    """
    marts = _wanted(project, models)
    reaches = {mart.name: reach(project, mart.name) for mart in marts}
    bindings = Bindings(lake, connection, project)
    built = {}
    with ExitStack() as locks:
        for mart in sorted(marts, key=lambda mart: mart.name):
            if reaches[mart.name]:
                # A run for an earlier day must see the days that this one is about to add.
                locks.enter_context(lake.locked_whole(mart.table))
            else:
                locks.enter_context(lake.locked(mart.table, looked_back(mart, days)))
        for mart in marts:
            wanted = looked_back(mart, days)
            within = reaches[mart.name]
            later = later_days(wanted, lake.dates(mart.table), within) if within else []
            bindings.bind(mart.name, [*wanted, *later])
            _compute(connection, project, mart, [*wanted, *later])
            differing = _differing(lake, connection, mart, later)
            written = [*wanted, *differing]
            rows = lake.replace_days(connection, mart.table, written, "FROM mart_rows")
            # Models that are made from this one read what was written, not what was there before.
            bindings.forget(mart.name)
            built[mart.name] = rows
        connection.execute("DROP TABLE IF EXISTS mart_rows")
    return built


def _wanted(project: Project, models: Iterable[str] | None) -> list[Model]:
    names = set(project.marts if models is None else models)
    for name in names - set(project.marts):
        raise ProjectError(f"No model '{name}' is written; {suggestion(name, project.marts)}")
    return [mart for mart in project.marts.values() if mart.name in names]


def _compute(
    connection: duckdb.DuckDBPyConnection, project: Project, mart: Model, days: Collection[date]
) -> None:
    query = compiled(project, mart.name)
    with readable_errors(query, lines_before=1):
        connection.execute(f"CREATE OR REPLACE TEMP TABLE mart_rows AS\n{query.sql}")
    described = connection.execute("DESCRIBE mart_rows").fetchall()
    check_columns(mart, {str(name): str(type_) for name, type_, *_ in described})
    _check_days(connection, mart, days)


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


def _differing(
    lake: Lake, connection: duckdb.DuckDBPyConnection, mart: Model, days: Sequence[date]
) -> list[date]:
    """Those of the days whose computed rows are not the stored ones."""
    if not days:
        return []
    names = ", ".join(map(quoted, (*mart.table.column_names, EVENT_DATE)))
    wanted = ", ".join(f"DATE {literal(day.isoformat())}" for day in days)
    computed = f"(SELECT {names} FROM mart_rows WHERE {EVENT_DATE} IN ({wanted}))"
    stored = f"(SELECT {names} FROM {lake.scan(mart.table, days)})"
    found = connection.execute(
        f"SELECT DISTINCT {EVENT_DATE} FROM ((FROM {computed} EXCEPT ALL FROM {stored}) "
        f"UNION ALL (FROM {stored} EXCEPT ALL FROM {computed})) ORDER BY ALL"
    ).fetchall()
    return [day for (day,) in found]
