"""Evaluating data tests: how many rows fail, and which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from analytics_pipeline.lake.table import literal
from analytics_pipeline.metrics.data_tests import DataTest, related
from analytics_pipeline.metrics.errors import ProjectError, problem_of


@dataclass(frozen=True)
class DataTestResult:
    """How many rows fail a test, a few of them, and the file that holds all where it was asked."""

    test: DataTest
    failing: int
    examples: Sequence[Mapping[str, Any]]
    failures_file: Path | None = None


def evaluate(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    tests: Sequence[DataTest],
    *,
    related_to: Mapping[str, str] | None = None,
    failures: Path | None = None,
    examples: int = 5,
) -> list[DataTestResult]:
    """Evaluate tests on a relation, given as SQL; keeps a few failing rows of each as examples.

    ``related_to`` gives the relations of other models and seeds that the tests name. The failing
    rows of a test with ``store_failures`` are written below the folder ``failures`` as Parquet.
    Raises ProjectError where a test cannot be evaluated.
    """
    for name, other in (related_to or {}).items():
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {related(name)} AS FROM {other}")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE tested_rows AS FROM {relation}")
    try:
        return [_evaluate(connection, test, failures, examples) for test in tests]
    finally:
        connection.execute("DROP TABLE tested_rows")


def _evaluate(
    connection: duckdb.DuckDBPyConnection, test: DataTest, failures: Path | None, examples: int
) -> DataTestResult:
    query = test.failing_rows("tested_rows")
    try:
        found = connection.execute(f"SELECT *, count(*) OVER () FROM ({query}) LIMIT {examples}")
        names = [column[0] for column in found.description or []][:-1]
        rows = found.fetchall()
        stored = None
        if failures and test.config.store_failures:
            failures.mkdir(parents=True, exist_ok=True)
            stored = failures / f"{test.name}.parquet"
            connection.execute(f"COPY ({query}) TO {literal(str(stored))} (FORMAT parquet)")
    except (duckdb.ProgrammingError, duckdb.DataError) as error:
        where = f"{test.declared_at}: test {test.name}"
        raise ProjectError(f"{where}: {problem_of(error)}") from error
    failing = int(rows[0][-1]) if rows else 0
    shown = [dict(zip(names, row[:-1], strict=True)) for row in rows]
    return DataTestResult(test, failing, shown, stored)
