"""Each data test finds exactly the rows that break its promise."""

from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics_pipeline.metrics.data_tests import DataTest, read_test
from analytics_pipeline.metrics.errors import ProjectError
from analytics_pipeline.metrics.evaluating import evaluate
from analytics_pipeline.metrics.render import read_macros
from analytics_pipeline.metrics.tables import sql_folder
from analytics_pipeline.metrics.yaml_file import read_yaml
from analytics_pipeline.settings import read_settings

UNIQUE_TOGETHER = "unique_combination_of_columns"
TESTS = sql_folder(read_settings(sql_dir=None)) / "tests/generic"
MACROS = read_macros((file, file.name) for file in TESTS.glob("*.sql"))
ROWS = "(VALUES (1, 'a'), (2, 'b'), (2, 'c'), (4, NULL), (NULL, NULL)) rows(n, t)"


PARENTS = "(VALUES (1), (4), (NULL)) parents(id)"


def declared(text: str, column: str, folder: Path) -> DataTest:
    file = folder / "test.yml"
    file.write_text(text)
    parsed = read_yaml(file, "test.yml")
    return read_test(parsed.data, column, parsed, (), MACROS, ["parents"])


CASES = [
    ("not_null", "n", 1),
    ("not_null", "t", 2),
    ("unique", "n", 1),
    ("unique", "t", 0),
    ("accepted_values: {arguments: {values: [a, b]}}", "t", 1),
    ("accepted_values: {arguments: {values: [1, 2], quote: false}}", "n", 1),
    ("accepted_range: {arguments: {min_value: 2}}", "n", 1),
    ("accepted_range: {arguments: {max_value: 2}}", "n", 1),
    ("accepted_range: {arguments: {min_value: 2, max_value: 3.5}}", "n", 2),
    ("accepted_range: {arguments: {min_value: 1, inclusive: false}}", "n", 1),
    ("accepted_range: {arguments: {}}", "n", 0),
    ("expression_is_true: {arguments: {expression: '>= 2'}}", "n", 1),
    ("expression_is_true: {arguments: {expression: n < 4 or t = 'x'}}", "", 0),
    ("expression_is_true: {arguments: {expression: n < 4}}", "", 1),
    ("relationships: {arguments: {to: ref('parents'), field: id}}", "n", 2),
    ("not_null: {config: {where: n > 2}}", "t", 1),
    ("not_null: {config: {where: n < 2}}", "t", 0),
    (f"{UNIQUE_TOGETHER}: {{arguments: {{combination_of_columns: [n]}}}}", "", 1),
    (f"{UNIQUE_TOGETHER}: {{arguments: {{combination_of_columns: [n, t]}}}}", "", 0),
]  # fmt: skip


@pytest.mark.parametrize(("text", "column", "failing"), CASES)
def test_the_number_of_failing_rows(text: str, column: str, failing: int, tmp_path: Path) -> None:
    test = declared(text, column, tmp_path)
    with duckdb.connect() as connection:
        [result] = evaluate(connection, ROWS, [test], related_to={"parents": PARENTS})
    assert result.failing == failing
    assert len(result.examples) == failing


def test_only_a_few_of_many_failing_rows_are_kept(tmp_path: Path) -> None:
    test = declared("not_null", "n", tmp_path)
    with duckdb.connect() as connection:
        [result] = evaluate(connection, "(SELECT NULL AS n FROM range(1000))", [test], examples=3)
    assert result.failing == 1000
    assert list(result.examples) == [{"n": None}] * 3


def test_name_severity_and_description_are_as_declared(tmp_path: Path) -> None:
    plain = declared("accepted_range: {arguments: {min_value: 0}}", "n", tmp_path)
    assert (plain.name, plain.severity) == ("accepted_range_n", "error")
    assert plain.description == "Promise: n accepted_range (min_value = 0)."
    named = declared(
        "not_null: {name: always_n, description: Always., config: {severity: warn}}", "n", tmp_path
    )
    assert (named.name, named.severity, named.description) == ("always_n", "warn", "Always.")


@settings(max_examples=30)
@given(values=st.lists(st.none() | st.integers(-5, 5)), low=st.integers(-5, 5))
def test_a_range_and_uniqueness_equal_their_definition(
    tmp_path_factory: pytest.TempPathFactory, values: list[int | None], low: int
) -> None:
    folder = tmp_path_factory.mktemp("declared")
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE given_rows (n BIGINT)")
        if values:
            connection.executemany("INSERT INTO given_rows VALUES (?)", [[n] for n in values])
        tests = [
            declared(f"accepted_range: {{arguments: {{min_value: {low}}}}}", "n", folder),
            declared("unique", "n", folder),
        ]
        in_range, unique = evaluate(connection, "given_rows", tests, examples=100)
    known = [n for n in values if n is not None]
    assert in_range.failing == sum(n < low for n in known)
    assert {row["n"]: row["row_count"] for row in unique.examples} == {
        n: known.count(n) for n in known if known.count(n) > 1
    }


def test_failing_rows_are_stored_where_that_is_asked(tmp_path: Path) -> None:
    stored = declared("not_null: {config: {store_failures: true}}", "t", tmp_path)
    left = declared("not_null: {name: left}", "t", tmp_path)
    with duckdb.connect() as connection:
        results = evaluate(connection, ROWS, [stored, left], failures=tmp_path / "failures")
        rows = connection.execute(f"FROM '{results[0].failures_file}' ORDER BY n").fetchall()
    assert rows == [(4, None), (None, None)]
    assert results[1].failures_file is None
    assert [file.name for file in (tmp_path / "failures").iterdir()] == ["not_null_t.parquet"]


def test_a_test_that_cannot_be_evaluated_names_its_place(tmp_path: Path) -> None:
    wrong = declared("expression_is_true: {arguments: {expression: m < 4}}", "", tmp_path)
    with duckdb.connect() as connection, pytest.raises(ProjectError) as raised:
        evaluate(connection, ROWS, [wrong])
    assert str(raised.value).startswith(
        'test.yml:1: test expression_is_true: Binder Error: Referenced column "m" not found'
    )
