"""Each data test finds exactly the rows that break its promise."""

from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics_pipeline.metrics.data_tests import (
    AcceptedRange,
    DataTest,
    Unique,
    evaluate,
    read_test,
)
from analytics_pipeline.metrics.yaml_file import read_yaml

UNIQUE_TOGETHER = "dbt_utils.unique_combination_of_columns"
ROWS = "(VALUES (1, 'a'), (2, 'b'), (2, 'c'), (4, NULL), (NULL, NULL)) rows(n, t)"


def declared(text: str, column: str, folder: Path) -> DataTest:
    file = folder / "test.yml"
    file.write_text(text)
    parsed = read_yaml(file, "test.yml")
    return read_test(parsed.data, column, parsed, ())


CASES = [
    ("not_null", "n", 1),
    ("not_null", "t", 2),
    ("unique", "n", 1),
    ("unique", "t", 0),
    ("accepted_values: {arguments: {values: [a, b]}}", "t", 1),
    ("accepted_values: {arguments: {values: [1, 2], quote: false}}", "n", 1),
    ("dbt_utils.accepted_range: {arguments: {min_value: 2}}", "n", 1),
    ("dbt_utils.accepted_range: {arguments: {max_value: 2}}", "n", 1),
    ("dbt_utils.accepted_range: {arguments: {min_value: 2, max_value: 3.5}}", "n", 2),
    ("dbt_utils.accepted_range: {arguments: {min_value: 1, inclusive: false}}", "n", 1),
    ("dbt_utils.accepted_range: {arguments: {}}", "n", 0),
    (f"{UNIQUE_TOGETHER}: {{arguments: {{combination_of_columns: [n]}}}}", "", 1),
    (f"{UNIQUE_TOGETHER}: {{arguments: {{combination_of_columns: [n, t]}}}}", "", 0),
]  # fmt: skip


@pytest.mark.parametrize(("text", "column", "failing"), CASES)
def test_the_number_of_failing_rows(text: str, column: str, failing: int, tmp_path: Path) -> None:
    test = declared(text, column, tmp_path)
    with duckdb.connect() as connection:
        [result] = evaluate(connection, ROWS, [test])
    assert result.failing == failing
    assert len(result.examples) == failing


def test_only_a_few_of_many_failing_rows_are_kept(tmp_path: Path) -> None:
    test = declared("not_null", "n", tmp_path)
    with duckdb.connect() as connection:
        [result] = evaluate(connection, "(SELECT NULL AS n FROM range(1000))", [test], examples=3)
    assert result.failing == 1000
    assert list(result.examples) == [{"n": None}] * 3


def test_name_severity_and_description_are_as_declared(tmp_path: Path) -> None:
    plain = declared("dbt_utils.accepted_range: {arguments: {min_value: 0}}", "n", tmp_path)
    assert (plain.name, plain.severity) == ("accepted_range_n", "error")
    assert plain.description == "Promise: n is at least 0."
    named = declared(
        "not_null: {name: always_n, description: Always., config: {severity: warn}}", "n", tmp_path
    )
    assert (named.name, named.severity, named.description) == ("always_n", "warn", "Always.")


@settings(max_examples=30)
@given(values=st.lists(st.none() | st.integers(-5, 5)), low=st.integers(-5, 5))
def test_a_range_and_uniqueness_equal_their_definition(values: list[int | None], low: int) -> None:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE given_rows (n BIGINT)")
        if values:
            connection.executemany("INSERT INTO given_rows VALUES (?)", [[n] for n in values])
        tests = [
            DataTest("range", "n", AcceptedRange(min_value=low), "error", ""),
            DataTest("unique", "n", Unique(), "error", ""),
        ]
        in_range, unique = evaluate(connection, "given_rows", tests, examples=100)
    known = [n for n in values if n is not None]
    assert in_range.failing == sum(n < low for n in known)
    assert {row["n"]: row["row_count"] for row in unique.examples} == {
        n: known.count(n) for n in known if known.count(n) > 1
    }
