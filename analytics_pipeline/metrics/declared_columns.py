"""The columns and data tests that the YAML declares of a model, as a table of the lake has them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from analytics_pipeline.lake.table import Column
from analytics_pipeline.metrics.data_tests import (
    AcceptedRange,
    AcceptedValues,
    DataTest,
    NotNull,
    Unique,
    UniqueCombinationOfColumns,
    read_test,
)
from analytics_pipeline.metrics.described import Described
from analytics_pipeline.metrics.errors import Location, ProjectError, suggestion
from analytics_pipeline.metrics.properties import ColumnProperties

EVENT_DATE = "event_date"


@dataclass(frozen=True)
class DeclaredColumns:
    """What the YAML file ``file`` declares of a model.

    ``columns`` and ``key`` leave out event_date, the partition; ``where``, the place of each
    column, has it too.
    """

    file: str = ""
    columns: tuple[Column, ...] = ()
    key: tuple[str, ...] = ()
    tests: tuple[DataTest, ...] = ()
    where: Mapping[str, Location] = field(default_factory=dict)

    @property
    def one_row_a_day(self) -> bool:
        """Whether a test promises that no event date stands twice."""
        return any(
            isinstance(test.promise, Unique) and test.column == EVENT_DATE for test in self.tests
        )


def read_columns(described: Described) -> DeclaredColumns:
    """Read the columns and tests of a model that is written to the lake.

    A test of severity error makes a property of the table: not_null, accepted values, an inclusive
    range, and uniqueness, which gives its key. Raises ProjectError where a column has no type or
    stands twice, event_date is missing, or a test is wrong.
    """
    properties, file, place = described.properties, described.file, described.place
    model_tests = [
        read_test(entry, "", file, (*place, "data_tests", number))
        for number, entry in enumerate(properties.data_tests)
    ]
    where: dict[str, Location] = {}
    tests: dict[str, list[DataTest]] = {}
    for number, column in enumerate(properties.columns):
        at = (*place, "columns", number)
        if column.name in where:
            raise ProjectError(f"{file.where(*at, 'name')}: column {column.name} stands twice.")
        if column.data_type is None:
            raise ProjectError(f"{file.where(*at)}: column {column.name} has no data_type.")
        where[column.name] = file.where(*at, "name")
        tests[column.name] = [
            read_test(entry, column.name, file, (*at, "data_tests", index))
            for index, entry in enumerate(column.data_tests)
        ]
    _require_event_date(described)
    all_tests = (*model_tests, *chain.from_iterable(tests.values()))
    _require_names(described, all_tests, where)
    return DeclaredColumns(
        file.shown,
        tuple(
            _column(column, tests[column.name])
            for column in properties.columns
            if column.name != EVENT_DATE
        ),
        _key(all_tests),
        all_tests,
        where,
    )


def _require_event_date(described: Described) -> None:
    types = {column.name: column.data_type for column in described.properties.columns}
    if (types.get(EVENT_DATE) or "").upper() != "DATE":
        raise ProjectError(
            f"{described.file.where(*described.place, 'columns')}: model "
            f"{described.properties.name} must have a column {EVENT_DATE} of data_type date, "
            "the day that a row belongs to."
        )


def _require_names(
    described: Described, tests: Sequence[DataTest], columns: Mapping[str, Location]
) -> None:
    here = described.file.where(*described.place, "data_tests")
    for test in tests:
        if isinstance(test.promise, UniqueCombinationOfColumns):
            for name in test.promise.combination_of_columns:
                if name not in columns:
                    raise ProjectError(
                        f"{here}: no column '{name}' to be unique; {suggestion(name, columns)}"
                    )
    for name, times in Counter(test.name for test in tests).items():
        if times > 1:
            raise ProjectError(
                f"{described.file.where(*described.place)}: {times} tests of "
                f"{described.properties.name} are named {name}; give one another 'name:'."
            )


def _column(properties: ColumnProperties, tests: Sequence[DataTest]) -> Column:
    strict = [test.promise for test in tests if test.severity == "error"]
    ranges = [promise for promise in strict if isinstance(promise, AcceptedRange)]
    limits = next((promise for promise in ranges if promise.inclusive), AcceptedRange())
    accepted = next((promise for promise in strict if isinstance(promise, AcceptedValues)), None)
    return Column(
        properties.name,
        (properties.data_type or "").upper(),
        properties.description,
        nullable=not any(isinstance(promise, NotNull) for promise in strict),
        unit=properties.config.meta.unit,
        minimum=limits.min_value,
        maximum=limits.max_value,
        accepted=tuple(str(value) for value in accepted.values) if accepted else (),
    )


def _key(tests: Sequence[DataTest]) -> tuple[str, ...]:
    for test in tests:
        if test.severity == "error" and isinstance(test.promise, UniqueCombinationOfColumns):
            columns = test.promise.combination_of_columns
            return tuple(name for name in columns if name != EVENT_DATE)
    for test in tests:
        if test.severity == "error" and isinstance(test.promise, Unique):
            return tuple(name for name in [test.column] if name != EVENT_DATE)
    return ()
