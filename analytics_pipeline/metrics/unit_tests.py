"""Unit tests of models, in dbt's form: the rows that a model gives for the rows it is given."""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from analytics_pipeline.lake.table import quoted
from analytics_pipeline.metrics.compiling import GIVEN_SCHEMA, compiled
from analytics_pipeline.metrics.declared_columns import EVENT_DATE
from analytics_pipeline.metrics.errors import ProjectError
from analytics_pipeline.metrics.project import (
    EVENT_DATES,
    HISTORY_SCHEMA,
    LAKE_SCHEMA,
    SEED_SCHEMA,
    Project,
    Reference,
    UnitTest,
    relation_of,
    seed_relation,
)
from analytics_pipeline.metrics.properties import GivenRows, Rows
from analytics_pipeline.metrics.query_errors import readable_errors
from analytics_pipeline.metrics.reading import read_project

INPUT = re.compile(r"^(ref|source)\(\s*(?:(['\"])lake\2\s*,\s*)?(['\"])(\w+)\3\s*\)$")


@dataclass(frozen=True)
class UnitTestResult:
    """The expected rows that the model does not give, and those that it gives beside them."""

    missing: tuple[Mapping[str, Any], ...]
    unexpected: tuple[Mapping[str, Any], ...]

    @property
    def passed(self) -> bool:
        """Whether the model gives just the expected rows."""
        return not (self.missing or self.unexpected)

    def __str__(self) -> str:
        lines = [f"missing:    {dict(row)}" for row in self.missing]
        return "\n".join(lines + [f"unexpected: {dict(row)}" for row in self.unexpected])


def run_unit_test(project: Project, test: UnitTest) -> UnitTestResult:
    """Run a unit test in a database of its own; compares the columns that the test expects.

    Columns of an input that its rows do not name are null. Raises ProjectError where an input of
    the model is not given, or a value is not of its column's type.
    """
    if test.properties.overrides.vars:
        tables = project.source_tables.values()
        project = read_project(project.folder, tables, test.properties.overrides.vars)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for schema in (LAKE_SCHEMA, HISTORY_SCHEMA, SEED_SCHEMA, GIVEN_SCHEMA):
            connection.execute(f"CREATE SCHEMA {schema}")
        _create_inputs(connection, project)
        given = {_input_name(test, rows): rows for rows in test.properties.given}
        views = [name for name in given if name in project.models and name not in project.marts]
        for view in views:
            rows_of_view = compiled(project, view).sql
            connection.execute(
                f"CREATE TABLE {GIVEN_SCHEMA}.{quoted(view)} AS FROM ({rows_of_view}) LIMIT 0"
            )
        query = compiled(project, test.properties.model, given=views)
        read = {ref.name for ref in query.reads} | set(query.seeds)
        absent = sorted(read - set(given))
        if absent:
            raise ProjectError(f"{test.where}: no rows are given for {', '.join(absent)}.")
        for name, rows in given.items():
            _insert(connection, test, _relation(project, name), rows)
        with readable_errors(query, lines_before=1):
            connection.execute(f"CREATE TABLE actual_rows AS\n{query.sql}")
        return _compared(connection, test)


def _input_name(test: UnitTest, rows: GivenRows) -> str:
    found = INPUT.match(rows.input.strip())
    if not found:
        raise ProjectError(
            f"{test.where}: input must be ref('…') or source('lake', '…'), not {rows.input}."
        )
    return found.group(4)


def _relation(project: Project, name: str) -> str:
    if name in project.seeds:
        return seed_relation(name)
    if name in project.models and name not in project.marts:
        return f"{GIVEN_SCHEMA}.{quoted(name)}"
    return relation_of(Reference(name))


def _create_inputs(connection: duckdb.DuckDBPyConnection, project: Project) -> None:
    """An empty table for everything that a model may read, besides views."""
    columns = {
        relation_of(Reference(name)): {
            **{column.name: column.type for column in table.columns},
            EVENT_DATE: "DATE",
        }
        for name, table in project.tables.items()
    }
    columns[relation_of(Reference(EVENT_DATES))] = {EVENT_DATE: "DATE"}
    columns.update((seed_relation(name), seed.columns) for name, seed in project.seeds.items())
    for relation, types in columns.items():
        declared = ", ".join(f"{quoted(name)} {type_}" for name, type_ in types.items())
        connection.execute(f"CREATE TABLE {relation} ({declared})")
        if relation.startswith(LAKE_SCHEMA):
            history = relation.replace(LAKE_SCHEMA, HISTORY_SCHEMA, 1)
            connection.execute(f"CREATE VIEW {history} AS FROM {relation}")


def _insert(
    connection: duckdb.DuckDBPyConnection,
    test: UnitTest,
    relation: str,
    rows: Rows,
) -> None:
    try:
        if rows.format == "sql":
            connection.execute(f"INSERT INTO {relation} BY NAME {rows.rows}")
            return
        for row in _as_mappings(rows):
            names = ", ".join(map(quoted, row))
            values = ", ".join("?" for _ in row)
            connection.execute(
                f"INSERT INTO {relation} ({names}) VALUES ({values})", list(row.values())
            )
    except duckdb.Error as error:
        raise ProjectError(f"{test.where}: {relation}: {str(error).splitlines()[0]}") from error


def _as_mappings(rows: Rows) -> list[dict[str, Any]]:
    if isinstance(rows.rows, list):
        return rows.rows
    return [
        {name: value if value != "" else None for name, value in row.items()}
        for row in csv.DictReader(rows.rows.strip().splitlines(), skipinitialspace=True)
    ]


def _compared(connection: duckdb.DuckDBPyConnection, test: UnitTest) -> UnitTestResult:
    expected = test.properties.expect
    connection.execute("CREATE TABLE expected_rows AS FROM actual_rows LIMIT 0")
    _insert(connection, test, "expected_rows", expected)
    if expected.format == "sql":
        described = connection.execute(f"DESCRIBE {expected.rows}").fetchall()
        names = [str(name) for name, *_ in described]
    else:
        names = list(dict.fromkeys(name for row in _as_mappings(expected) for name in row))
    columns = ", ".join(map(quoted, names)) or "*"
    both = {name: f"(SELECT {columns} FROM {name})" for name in ("expected_rows", "actual_rows")}

    def without(first: str, second: str) -> tuple[Mapping[str, Any], ...]:
        found = connection.execute(
            f"FROM {both[first]} EXCEPT ALL FROM {both[second]} ORDER BY ALL"
        )
        shown = [column[0] for column in found.description or []]
        return tuple(dict(zip(shown, row, strict=True)) for row in found.fetchall())

    return UnitTestResult(
        without("expected_rows", "actual_rows"), without("actual_rows", "expected_rows")
    )
