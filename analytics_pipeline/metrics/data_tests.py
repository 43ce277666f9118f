"""Data tests: what the YAML promises of a model's rows, as SQL that returns the rows that fail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import duckdb
from pydantic import Field

from analytics_pipeline.lake.table import literal, quoted
from analytics_pipeline.metrics.errors import ProjectError, suggestion
from analytics_pipeline.metrics.yaml_file import Entry, Place, YamlFile, validated

Value = str | int | float | bool
Severity = Literal["warn", "error"]


class NotNull(Entry):
    """No value of the column is null."""

    def failing(self, column: str, relation: str) -> str:
        """SQL of the failing rows."""
        return f"SELECT * FROM {relation} WHERE {quoted(column)} IS NULL"

    def promise(self, column: str) -> str:
        """The promise, for people."""
        return f"{column} is never null"


class Unique(Entry):
    """No value of the column stands twice; null is no value."""

    def failing(self, column: str, relation: str) -> str:
        """SQL of the values that stand more than once, with the number of their rows."""
        name = quoted(column)
        return (
            f"SELECT {name}, count(*) AS row_count FROM {relation} WHERE {name} IS NOT NULL "
            f"GROUP BY {name} HAVING count(*) > 1"
        )

    def promise(self, column: str) -> str:
        """The promise, for people."""
        return f"no {column} stands twice"


class AcceptedValues(Entry):
    """Every value of the column is one of a list; null is accepted."""

    values: Annotated[list[Value], Field(min_length=1)]
    quote: bool = True

    def failing(self, column: str, relation: str) -> str:
        """SQL of the failing rows."""
        values = ", ".join(
            literal(str(value)) if self.quote else str(value) for value in self.values
        )
        return f"SELECT * FROM {relation} WHERE {quoted(column)} NOT IN ({values})"

    def promise(self, column: str) -> str:
        """The promise, for people."""
        return f"{column} is one of {', '.join(map(str, self.values))}"


class AcceptedRange(Entry):
    """Every value of the column lies between two limits; null is accepted."""

    min_value: int | float | None = None
    max_value: int | float | None = None
    inclusive: bool = True

    def failing(self, column: str, relation: str) -> str:
        """SQL of the failing rows."""
        name, equal = quoted(column), "" if self.inclusive else "="
        outside = [
            f"{name} {sign}{equal} {limit}"
            for sign, limit in (("<", self.min_value), (">", self.max_value))
            if limit is not None
        ]
        return f"SELECT * FROM {relation} WHERE {' OR '.join(outside) or 'false'}"

    def promise(self, column: str) -> str:
        """The promise, for people."""
        at_least, at_most = ("at least", "at most") if self.inclusive else ("over", "under")
        limits = [
            f"{word} {limit}"
            for word, limit in ((at_least, self.min_value), (at_most, self.max_value))
            if limit is not None
        ]
        return f"{column} is {' and '.join(limits) or 'any number'}"


class UniqueCombinationOfColumns(Entry):
    """No two rows agree in all of the columns."""

    combination_of_columns: Annotated[list[str], Field(min_length=1)]

    def failing(self, column: str, relation: str) -> str:
        """SQL of the combinations that stand more than once, with the number of their rows."""
        names = ", ".join(quoted(name) for name in self.combination_of_columns)
        return (
            f"SELECT {names}, count(*) AS row_count FROM {relation} GROUP BY {names} "
            "HAVING count(*) > 1"
        )

    def promise(self, column: str) -> str:
        """The promise, for people."""
        return f"no two rows agree in {', '.join(self.combination_of_columns)}"


Promise = NotNull | Unique | AcceptedValues | AcceptedRange | UniqueCombinationOfColumns

COLUMN_TESTS: dict[str, type[Promise]] = {
    "not_null": NotNull,
    "unique": Unique,
    "accepted_values": AcceptedValues,
    "dbt_utils.accepted_range": AcceptedRange,
}
MODEL_TESTS: dict[str, type[Promise]] = {
    "dbt_utils.unique_combination_of_columns": UniqueCombinationOfColumns,
}


class DataTestConfig(Entry):
    """``config`` of a data test."""

    severity: Severity = "error"


class DataTestForm(Entry):
    """A data test with arguments or configuration, as it stands under its name in the YAML."""

    name: str | None = None
    description: str = ""
    arguments: dict[str, Any] = Field(default_factory=dict)
    config: DataTestConfig = DataTestConfig()


@dataclass(frozen=True)
class DataTest:
    """One promise about one column of a model, or about the model where ``column`` is empty."""

    name: str
    column: str
    promise: Promise
    severity: Severity
    description: str

    def failing_rows(self, relation: str) -> str:
        """SQL of the rows of a relation that break the promise."""
        return self.promise.failing(self.column, relation)


def read_test(entry: str | dict[str, Any], column: str, file: YamlFile, place: Place) -> DataTest:
    """Read an item of ``data_tests``; ``column`` is empty for a test of a whole model.

    Raises ProjectError, with its line, where it is not one of the known tests in the known form.
    """
    known = COLUMN_TESTS if column else MODEL_TESTS
    name, body = _named(entry, file, place)
    if name not in known:
        raise ProjectError(
            f"{file.where(*place)}: unknown test '{name}'; {suggestion(name, known)}"
        )
    for key in body if isinstance(body, dict) else ():
        if key in known[name].model_fields:
            raise ProjectError(
                f"{file.where(*place, name, key)}: {key} is an argument of {name}; "
                "write it below 'arguments:'."
            )
    form = validated(DataTestForm, body, file, (*place, name))
    promise = validated(known[name], form.arguments, file, (*place, name, "arguments"))
    short = name.rpartition(".")[2]
    return DataTest(
        name=form.name or "_".join(part for part in (short, column) if part),
        column=column,
        promise=promise,
        severity=form.config.severity,
        description=form.description or f"Promise: {promise.promise(column)}.",
    )


def _named(entry: str | dict[str, Any], file: YamlFile, place: Place) -> tuple[str, Any]:
    if isinstance(entry, str):
        return entry, {}
    if len(entry) != 1:
        raise ProjectError(
            f"{file.where(*place)}: a test is its name, or its name and below it (indented) "
            f"arguments and config; got the keys {', '.join(map(str, entry))}."
        )
    name, body = next(iter(entry.items()))
    return str(name), body or {}


@dataclass(frozen=True)
class DataTestResult:
    """How many rows fail a test, and a few of them."""

    test: DataTest
    failing: int
    examples: Sequence[Mapping[str, Any]]


def evaluate(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    tests: Sequence[DataTest],
    examples: int = 5,
) -> list[DataTestResult]:
    """Evaluate tests on a relation, given as SQL; keeps a few failing rows of each as examples."""
    results = []
    connection.execute(f"CREATE OR REPLACE TEMP TABLE tested_rows AS FROM {relation}")
    for test in tests:
        found = connection.execute(
            f"SELECT *, count(*) OVER () FROM ({test.failing_rows('tested_rows')}) LIMIT {examples}"
        )
        names = [column[0] for column in found.description or []][:-1]
        rows = found.fetchall()
        failing = int(rows[0][-1]) if rows else 0
        results.append(
            DataTestResult(test, failing, [dict(zip(names, row[:-1], strict=True)) for row in rows])
        )
    connection.execute("DROP TABLE tested_rows")
    return results
