"""Computing the marts: one query a model for all requested days, written to the lake."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date

import duckdb

from analytics_pipeline.lake.daily_writing import Writing
from analytics_pipeline.lake.differences import differing_days
from analytics_pipeline.lake.lake import Lake, LakeError
from analytics_pipeline.metrics.binding import Bindings
from analytics_pipeline.metrics.compiling import compiled
from analytics_pipeline.metrics.declared_columns import EVENT_DATE
from analytics_pipeline.metrics.errors import ProjectError, suggestion
from analytics_pipeline.metrics.project import Model, Project
from analytics_pipeline.metrics.query_errors import readable_errors
from analytics_pipeline.metrics.reach import affected_days, later_days, looked_back, reach
from analytics_pipeline.metrics.unfinished import noted_build


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
    or types than the YAML declares, or gives a row of a day that was not asked for, and LakeError
    where a single day takes more than the engine's memory.
    """
    marts = _wanted(project, models)
    wanted = {mart.name: looked_back(mart, days) for mart in marts}
    bindings = Bindings(lake, connection, project)
    built: dict[str, Writing] = {}
    with ExitStack() as held:
        held.enter_context(_locked(lake, project, marts, wanted))
        stored = _stored_later_days(lake, project, marts, wanted)
        cut_short = any(stored.values()) and held.enter_context(noted_build(lake, wanted, days))
        changed: dict[str, Collection[date]] = {}
        unread: set[str] = set()
        writer = held.enter_context(lake.daily_writer())
        for mart in marts:
            asked, later = wanted[mart.name], stored[mart.name]
            query = compiled(project, mart.name)
            if not cut_short:
                later = affected_days(query, later, changed, days)
            # It reads what is written now, not what was there before.
            for name in {ref.name for ref in query.marts} & unread:
                built[name].rows()
                bindings.forget(name)
                unread.remove(name)
            _compute(bindings, mart, sorted({*asked, *later}))
            written = [*asked, *differing_days(lake, connection, mart.table, later, "mart_rows")]
            built[mart.name] = lake.replacing_days(
                writer, connection, mart.table, written, "FROM mart_rows"
            )
            unread.add(mart.name)
            changed[mart.name] = written
        connection.execute("DROP TABLE IF EXISTS mart_rows")
        return {name: writing.rows() for name, writing in built.items()}


@contextmanager
def _locked(
    lake: Lake, project: Project, marts: Iterable[Model], days: Mapping[str, Sequence[date]]
) -> Iterator[None]:
    """Hold what is going to be written; always in the same order, lest two runs wait in a ring."""
    with ExitStack() as locks:
        for mart in sorted(marts, key=lambda mart: mart.name):
            if reach(project, mart.name):
                # A run for an earlier day must see the days that this one is about to add.
                locks.enter_context(lake.locked_whole(mart.table))
            else:
                locks.enter_context(lake.locked(mart.table, days[mart.name]))
        yield


def _stored_later_days(
    lake: Lake, project: Project, marts: Iterable[Model], days: Mapping[str, Sequence[date]]
) -> dict[str, list[date]]:
    """For each mart, its stored days that may be made from one of the days."""
    found: dict[str, list[date]] = {}
    for mart in marts:
        within = reach(project, mart.name)
        existing = lake.dates(mart.table) if within else []
        found[mart.name] = later_days(days[mart.name], existing, within)
    return found


def _wanted(project: Project, models: Iterable[str] | None) -> list[Model]:
    names = set(project.marts if models is None else models)
    for name in names - set(project.marts):
        raise ProjectError(f"No model '{name}' is written; {suggestion(name, project.marts)}")
    return [mart for mart in project.marts.values() if mart.name in names]


def _compute(bindings: Bindings, mart: Model, days: Sequence[date]) -> None:
    """Compute the rows of a mart, all of these days, into the table mart_rows."""
    _compute_into("CREATE OR REPLACE TEMP TABLE mart_rows AS", bindings, mart, days)
    described = bindings.connection.execute("DESCRIBE mart_rows").fetchall()
    check_columns(mart, {str(name): str(type_) for name, type_, *_ in described})
    _check_days(bindings.connection, mart, days)


def _compute_into(target: str, bindings: Bindings, mart: Model, days: Sequence[date]) -> None:
    """Compute the days at once; where that exceeds the engine's memory, each half of them."""
    bindings.bind(mart.name, days)
    query = compiled(bindings.project, mart.name)
    try:
        with readable_errors(query, lines_before=1):
            bindings.connection.execute(f"{target}\n{query.sql}")
    except duckdb.OutOfMemoryException as error:
        if len(days) == 1:
            raise LakeError(
                f"To compute {mart.name} of {days[0]} takes more memory than engine.memory_limit, "
                f"which is {bindings.lake.engine_settings.memory_limit}. Raise it and run again."
            ) from error
        middle = len(days) // 2
        _compute_into(target, bindings, mart, days[:middle])
        _compute_into("INSERT INTO mart_rows", bindings, mart, days[middle:])


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
