"""Data tests: what the YAML promises of a model's rows, as SQL that returns the rows that fail."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Protocol

from pydantic import Field

from analytics_pipeline.lake.table import literal, quoted
from analytics_pipeline.metrics.errors import Location, ProjectError, suggestion
from analytics_pipeline.metrics.render import TEST_PREFIX, Macros, call_macro
from analytics_pipeline.metrics.yaml_file import Entry, Place, YamlFile, validated

Value = str | int | float | bool
Severity = Literal["warn", "error"]


class Promise(Protocol):
    """What a test promises of a column, or of a model where the column is empty."""

    def failing(self, column: str, relation: str) -> str:
        """SQL of the failing rows of a relation."""

    def promise(self, column: str) -> str:
        """The promise, for people."""


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


class Relationships(Entry):
    """Every value of the column stands in a column of another model or seed; null is accepted."""

    to: Annotated[str, Field(pattern=r"^ref\(\s*['\"]\w+['\"]\s*\)$")]
    field: str

    @property
    def parent(self) -> str:
        """Name of the other model or seed."""
        return re.sub(r"^ref\(\s*.|.\s*\)$", "", self.to)

    def failing(self, column: str, relation: str) -> str:
        """SQL of the failing rows."""
        child, parent = quoted(column), quoted(self.field)
        return (
            f"SELECT * FROM {relation} WHERE {child} IS NOT NULL AND {child} NOT IN (SELECT "
            f"{parent} FROM {related(self.parent)} WHERE {parent} IS NOT NULL)"
        )

    def promise(self, column: str) -> str:
        """The promise, for people."""
        return f"every {column} is a {self.field} of {self.parent}"


@dataclass(frozen=True)
class GenericTest:
    """A test that an SQL file of the folder defines, with its arguments."""

    name: str
    arguments: Mapping[str, Any]
    macros: Macros

    def failing(self, column: str, relation: str) -> str:
        """SQL of the failing rows."""
        given = {"column_name": column} if column else {}
        name = TEST_PREFIX + self.name
        return call_macro(self.macros, name, {}, model=relation, **given, **self.arguments)

    def promise(self, column: str) -> str:
        """The promise, for people."""
        arguments = ", ".join(f"{key} = {value}" for key, value in self.arguments.items())
        return " ".join(part for part in (column, self.name, f"({arguments})") if part)


BUILT_IN: dict[str, type[NotNull | Unique | AcceptedValues | Relationships]] = {
    "not_null": NotNull,
    "unique": Unique,
    "accepted_values": AcceptedValues,
    "relationships": Relationships,
}


class DataTestConfig(Entry):
    """``config`` of a data test."""

    severity: Severity = "error"
    where: str | None = None
    store_failures: bool = False


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
    description: str
    declared_at: Location
    config: DataTestConfig

    @property
    def severity(self) -> Severity:
        """Whether a failing row is a warning or an error."""
        return self.config.severity

    @property
    def holds_always(self) -> bool:
        """Whether the promise is a property of the table: of all rows, and an error if broken."""
        return self.severity == "error" and self.config.where is None

    def failing_rows(self, relation: str) -> str:
        """SQL of the rows of a relation that break the promise."""
        if self.config.where:
            relation = f"(SELECT * FROM {relation} WHERE {self.config.where})"
        return self.promise.failing(self.column, relation)


def related(name: str) -> str:
    """The relation that holds the model or seed that a test of another one names."""
    return quoted(f"related_{name}")


def read_test(
    entry: str | dict[str, Any],
    column: str,
    file: YamlFile,
    place: Place,
    macros: Macros,
    refs: Collection[str],
) -> DataTest:
    """Read an item of ``data_tests``; ``column`` is empty for a test of a whole model.

    ``macros`` has the tests that the folder defines, ``refs`` the models and seeds that a test may
    name. Raises ProjectError, with its line, where it is not a known test in its form.
    """
    name, body = _named(entry, file, place)
    parameters = _parameters(macros, column)
    if name not in parameters:
        raise ProjectError(
            f"{file.where(*place)}: unknown test '{name}'; {suggestion(name, parameters)}"
        )
    for key in body if isinstance(body, dict) else ():
        if key in parameters[name]:
            raise ProjectError(
                f"{file.where(*place, name, key)}: {key} is an argument of {name}; "
                "write it below 'arguments:'."
            )
    form = validated(DataTestForm, body, file, (*place, name))
    at = (*place, name, "arguments")
    promise: Promise
    if name in BUILT_IN:
        promise = validated(BUILT_IN[name], form.arguments, file, at)
        if isinstance(promise, Relationships) and promise.parent not in refs:
            raise ProjectError(
                f"{file.where(*at, 'to')}: unknown model '{promise.parent}'; "
                f"{suggestion(promise.parent, refs)}"
            )
    else:
        _require_arguments(name, form.arguments, column, macros, file, at)
        promise = GenericTest(name, form.arguments, macros)
    return DataTest(
        name=form.name or "_".join(part for part in (name, column) if part),
        column=column,
        promise=promise,
        description=form.description or f"Promise: {promise.promise(column)}.",
        declared_at=file.where(*place),
        config=form.config,
    )


def _parameters(macros: Macros, column: str) -> dict[str, tuple[str, ...]]:
    """The tests that may stand at a column, or at a model, each with its arguments."""
    found = {name: tuple(form.model_fields) for name, form in BUILT_IN.items()} if column else {}
    for name, macro in macros.macros.items():
        required = set(macro.parameters) - set(macro.optional)
        if name.startswith(TEST_PREFIX) and (column or "column_name" not in required):
            own = (p for p in macro.parameters if p not in ("model", "column_name"))
            found[name.removeprefix(TEST_PREFIX)] = tuple(own)
    return found


def _require_arguments(
    name: str,
    given: Mapping[str, Any],
    column: str,
    macros: Macros,
    file: YamlFile,
    place: Place,
) -> None:
    known = _parameters(macros, column)[name]
    for key in given:
        if key not in known:
            raise ProjectError(
                f"{file.where(*place, key)}: unknown key '{key}'; {suggestion(key, known)}"
            )
    for key in known:
        if key not in given and key not in macros.macros[TEST_PREFIX + name].optional:
            raise ProjectError(f"{file.where(*place)}: the key '{key}' is missing.")


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
